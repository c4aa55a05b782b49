# SPDX-License-Identifier: MIT
"""Comparison of two memories of the past: prototypes to draw from, and stored exemplars.

K prototypes of q bits a class take as many bits as E = K q exemplars. But a pseudo-exemplar reads
q D bits, and a stored exemplar reads D bits. Drawing can be cheaper only if M pseudo-exemplars are
drawn from each row that is read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from golden.params import LatentBufferParams, PrototypesParams, SamplerParams
from sim.cost.bills import Prices
from sim.cost.configuration import CostConfig
from sim.cost.counts.prototype_rows import watched
from sim.cost.counts.tally import Action, Memory, Tally
from sim.cost.learning import Source, learn, replay
from sim.cost.life import chip_memories, memories_beside, watched_phase
from sim.cost.past_exemplar import drawn, kept
from sim.cost.phases import Classifier, answer
from sim.cost.pricing import price, price_memories
from sim.cost.study_results import LABEL, TITLES, read_accuracies
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total, total

__all__ = ["MOST_DRAWS", "BreakEven", "Point", "break_even", "read_points", "sized"]

#: Largest M that the search for the break-even tries.
MOST_DRAWS = 64

# For each method, the source of its exemplars and its classifier.
_ROLES: dict[str, tuple[Source, Classifier]] = {
    "latent": ("latent replay", "head"),
    "gbm": ("GBM", "head"),
    "likelihood": ("likelihood", "likelihood"),
}


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """Energy of an exemplar for several M, and that of latent replay with as many bits.

    Attributes
    ----------
    draws : tuple of (int, Total)
        M, each integer from 1 to `MOST_DRAWS`, and the energy (J) of a pseudo-exemplar whose beats
        are used as they come.
    buffered : tuple of (int, Total)
        The same if every exemplar is first written to a buffer of M exemplars and then read.
    latent : Total
        Energy (J) of an exemplar of latent replay with E = K q.
    exemplars : int
        E, stored exemplars a class.
    """

    draws: tuple[tuple[int, Total], ...]
    buffered: tuple[tuple[int, Total], ...]
    latent: Total
    exemplars: int

    @property
    def compared(self) -> Total:
        """Sum of all energies compared. It shows whether a value is missing."""
        return total((self.latent, *(energy for _, energy in (*self.draws, *self.buffered))))

    @property
    def least_draws(self) -> int | None:
        """Least M from which on drawing takes no more energy than reading; None if there is none.

        Values that the technology does not state are left out on both sides.
        """
        return _first_below(self.draws, self.latent)

    @property
    def least_buffered(self) -> int | None:
        """The same as `least_draws`, but with the buffer."""
        return _first_below(self.buffered, self.latent)


@dataclass(frozen=True, kw_only=True)
class Point:
    """A method with its memory, its accuracy and its energies on this chip.

    Attributes
    ----------
    method : {"latent", "gbm", "likelihood"}
    label : str
        Its name in the study.
    numbers : mapping of str to int
        "exemplars", or "components" and "width": E, or K and q.
    bits : int
        Bits of the memory of the past.
    accuracy, spread : float
        Average incremental accuracy: mean and standard deviation over seeds.
    learn, replay : Total
        Energy (J) of learning a task, and the part of it for the exemplars of the past, without
        what the chip takes in the meantime.
    answer : Total
        Energy (J) of classifying an embedding.
    """

    method: str
    label: str
    numbers: Mapping[str, int]
    bits: int
    accuracy: float
    spread: float
    learn: Total
    replay: Total
    answer: Total


def break_even(config: CostConfig, technology: Technology) -> BreakEven:
    """Return the energies of drawing and reading an exemplar, with equal bits of memory."""
    own, latent, watch = config.chip.sampler, config.chip.latent, config.chip.watch
    exemplars = config.memory.components * own.prototypes.code_width
    sizes = [replace(own, draws_per_read=m) for m in range(1, MOST_DRAWS + 1)]
    draws = [(p, drawn(p, watch).energy(technology)) for p in sizes]
    return BreakEven(
        draws=tuple((p.draws_per_read, energy) for p, energy in draws),
        buffered=tuple(
            (p.draws_per_read, energy + _buffered(p, technology)) for p, energy in draws
        ),
        latent=kept(replace(latent, exemplars=exemplars)).energy(technology),
        exemplars=exemplars,
    )


def read_points(config: CostConfig, technology: Technology, study: Path) -> Iterator[Point]:
    """Yield the methods of a study that this chip supports, with their energies on it.

    With one component a class, prototypes are fitted where the configuration says. With more, they
    are fitted on the host.

    Parameters
    ----------
    config : CostConfig
    technology : Technology
    study : Path
        ``results.json`` that ``engram run`` wrote.

    Raises
    ------
    UserError
        If the file is not such a result, has embeddings of another size, or has no such method.
    """
    features = config.chip.sampler.prototypes.features
    for label, accuracies in read_accuracies(study, features).items():
        method, numbers = _parse(label)
        fitting = sized(config, **numbers)
        source, classifier = _ROLES[method]
        prices = Prices(
            config=fitting,
            technology=technology,
            memories=price_memories(chip_memories(fitting), technology),
            working=price_memories(memories_beside(fitting), technology),
        )
        memories = (*prices.memories, *prices.working)
        learned, answered = (
            watched_phase(phase, fitting)
            for phase in (learn(fitting, source), answer(fitting, classifier))
        )
        replayed = watched(
            replay(fitting, source), fitting.chip.sampler.prototypes, fitting.chip.watch
        )
        past = fitting.chip.latent if method == "latent" else fitting.chip.sampler.prototypes
        yield Point(
            method=method,
            label=label,
            numbers=numbers,
            bits=_past_bits(past),
            accuracy=float(np.mean(accuracies)),
            spread=float(np.std(accuracies)),
            learn=prices.bill(learned).total,
            replay=price(replayed, memories, technology).total,
            answer=prices.bill(answered).total,
        )


def _parse(label: str) -> tuple[str, dict[str, int]]:
    """Return the method and the numbers in a label that matches `LABEL`."""
    match = LABEL.fullmatch(label)
    assert match is not None
    method = next(key for key, title in TITLES.items() if label.startswith(title))
    return method, {key: int(value) for key, value in match.groupdict().items() if value}


def sized(
    config: CostConfig, exemplars: int | None = None, components: int = 1, width: int | None = None
) -> CostConfig:
    """Return the configuration with memories just large enough for the classes.

    Where codes have fewer planes than the chip protects, all of theirs are protected.

    Parameters
    ----------
    config : CostConfig
    exemplars : int, optional
        E of the latent buffer; by default the chip's.
    components : int
        K. Several are fitted on the host.
    width : int, optional
        q of the prototypes; by default the chip's.
    """
    own, latent, classes = config.chip.sampler, config.chip.latent, config.memory.classes
    watch = config.chip.watch
    prototypes = replace(
        own.prototypes, code_width=width or own.prototypes.code_width, classes=classes,
        components=components * classes, class_components=components,
    )  # fmt: skip
    chip = replace(
        config.chip,
        accelerator=replace(config.chip.accelerator, classes=classes),
        sampler=replace(own, prototypes=prototypes),
        latent=replace(latent, classes=classes, exemplars=exemplars or latent.exemplars),
        watch=replace(watch, secded=min(watch.secded, prototypes.code_width)),
    )
    fit = {} if components == 1 else {"fit": "host"}
    return replace(
        config,
        chip=chip,
        memory=config.memory.model_copy(update={"components": components}),
        task=config.task.model_copy(update=fit),
    )


def _past_bits(params: PrototypesParams | LatentBufferParams) -> int:
    """Return the bits of the memory as the papers count them: ``K q D n_c`` or ``E D n_c``."""
    if isinstance(params, LatentBufferParams):
        return params.exemplars * params.features * params.classes
    return params.components * params.features * params.code_width


def _buffered(params: SamplerParams, technology: Technology) -> Total:
    """Return the energy (J) of writing a pseudo-exemplar to a buffer of M and reading it."""
    p = params.prototypes
    memory = Memory("buffer", max(1, params.draws_per_read * p.beats), p.lanes)
    tally = Tally({
        Action("buffer", "write", p.lanes): p.beats, Action("buffer", "read", p.lanes): p.beats,
    })  # fmt: skip
    return price(tally, price_memories((memory,), technology), technology).total


def _first_below(draws: tuple[tuple[int, Total], ...], bound: Total) -> int | None:
    if not bound.nominal:
        return None
    # Macros come in sizes, so that a buffer of more exemplars may take more again.
    more = [m for m, energy in draws if energy.nominal > bound.nominal]
    return next((m for m, _ in draws if not more or m > more[-1]), None)
