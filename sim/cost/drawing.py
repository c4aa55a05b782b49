# SPDX-License-Identifier: MIT
"""Drawing or reading the past, over technologies, clock gating, M, and time.

`sim.cost.replay` compares both by their actions. A consumer that waits for every exemplar also pays
for the flip-flops that keep their bit meanwhile, unless their clocks are gated. The trainer does
not wait: neither source adds a cycle to a task (`sim.cost.learning`), so that a task has no such
clocks of its own. Between tasks the memory of the past leaks. What draws takes more for an exemplar
may so be paid back by a smaller memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from golden.params import SamplerParams
from sim.cost import past_exemplar
from sim.cost.configuration import CostConfig
from sim.cost.learning import replays
from sim.cost.replay import MOST_DRAWS, Point, sized
from sim.cost.technology.loading import load_technology
from sim.cost.technology.technology import Technology
from sim.cost.totals import Total, total

__all__ = ["COMPARED", "Drawing", "Keeping", "drawings", "equal_points", "keepings", "lacking"]

#: Technologies that are compared: those that come with the install and have both SRAM and gates.
COMPARED = ("open130", "horowitz45", "cmos28", "cmos22", "cmos7")


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """Energy of an exemplar that is drawn, for every M, and of one that is read.

    Attributes
    ----------
    technology : Technology
    gated : bool
        Whether the clocks of flip-flops that keep their bit are stopped. Otherwise they run until
        the exemplar is there, as for a consumer that waits for it.
    draws : tuple of (int, Total)
        M, each integer from 1 on, and the energy (J) of a pseudo-exemplar.
    latent : Total
        Energy (J) of an exemplar from the latent buffer.
    exemplars : int
        E of that buffer.
    """

    technology: Technology
    gated: bool
    draws: tuple[tuple[int, Total], ...]
    latent: Total
    exemplars: int

    @property
    def least_draws(self) -> int | None:
        """Least M at which drawing takes no more than reading; None if no M up to 64 does."""
        bound = self.latent.nominal
        return next((m for m, energy in self.draws if energy.nominal <= bound), None)


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """Two memories of one accuracy: what a task's exemplars take, and what keeping them takes.

    Attributes
    ----------
    technology : Technology
    prototypes, exemplars : Point
        GBM, drawn from once a read (M = 1), and latent replay.
    drawn, read : Total
        Energy (J) of the exemplars of a task, without idle clocks: neither adds a cycle to it.
    prototype_leakage, exemplar_leakage : Total
        Leakage (W) of the memory.
    """

    technology: Technology
    prototypes: Point
    exemplars: Point
    drawn: Total
    read: Total
    prototype_leakage: Total
    exemplar_leakage: Total

    @property
    def states_leakage(self) -> bool:
        """Whether the technology states what both memories leak."""
        return not (self.exemplar_leakage + self.prototype_leakage).missing

    @property
    def seconds(self) -> float | None:
        """Time (s) between tasks from which on prototypes take less; None: never, or unknown."""
        more = self.drawn.nominal - self.read.nominal
        saved = self.exemplar_leakage.nominal - self.prototype_leakage.nominal
        if not self.states_leakage or saved < 0 or (more > 0 and not saved):
            return None
        return more / saved if more > 0 else 0.0


def drawings(config: CostConfig, technology: Technology, flipflops: Total) -> tuple[Drawing, ...]:
    """Return the comparison at equal bits, in each technology with clocks that run and gated ones.

    Parameters
    ----------
    config : CostConfig
    technology : Technology
        The chip's. Those of `COMPARED` follow. One that lacks a value of an exemplar is left out.
    flipflops : Total
        Flip-flops of the chip that are clocked in every cycle if none is gated.
    """
    exemplars = config.memory.components * config.chip.sampler.prototypes.code_width
    kept = past_exemplar.kept(replace(config.chip.latent, exemplars=exemplars))
    watch = config.chip.watch
    drawn = [past_exemplar.drawn(_with_draws(config, m), watch) for m in range(1, MOST_DRAWS + 1)]
    found = []
    for each, gated in _circumstances(technology):
        clocked = Total() if gated else flipflops
        energies = tuple((m, one.energy(each, clocked)) for m, one in enumerate(drawn, 1))
        latent = kept.energy(each, clocked)
        if not total((latent, *(energy for _, energy in energies))).missing:
            found.append(
                Drawing(
                    technology=each, gated=gated, draws=energies, latent=latent,
                    exemplars=exemplars,
                )
            )  # fmt: skip
    return tuple(found)


def lacking(technology: Technology, found: Iterable[Drawing]) -> tuple[str, ...]:
    """Return the names of the technologies that a comparison leaves out.

    Parameters
    ----------
    technology : Technology
        The chip's.
    found : iterable of Drawing
        What `drawings` returned for it.
    """
    present = {drawing.technology.name for drawing in found}
    return tuple(each.name for each in _technologies(technology) if each.name not in present)


def equal_points(config: CostConfig, points: Sequence[Point]) -> tuple[Point, Point] | None:
    """Return the configuration's prototypes among points, and the fewest exemplars as accurate.

    Parameters
    ----------
    config : CostConfig
    points : sequence of Point
        Methods of a study.

    Returns
    -------
    tuple of Point, or None
        None if the study lacks GBM with the chip's K and q, or exemplars of that accuracy.
    """
    wanted = {
        "components": config.memory.components,
        "width": config.chip.sampler.prototypes.code_width,
    }
    ours = [p for p in points if p.method == "gbm" and dict(p.numbers) == wanted]
    if not ours:
        return None
    rivals = [p for p in points if p.method == "latent" and p.accuracy >= ours[0].accuracy]
    least = min(rivals, key=lambda p: p.bits, default=None)
    return None if least is None else (ours[0], least)


def keepings(
    config: CostConfig, technology: Technology, points: tuple[Point, Point]
) -> tuple[Keeping, ...]:
    """Return the comparison at equal accuracy, once for each technology.

    Parameters
    ----------
    config : CostConfig
    technology : Technology
        As for `drawings`.
    points : tuple of Point
        What `equal_points` found.
    """
    prototypes, exemplars = points
    ours, theirs = (sized(config, **point.numbers) for point in points)
    drawn, read = (
        past_exemplar.drawn(ours.chip.sampler, ours.chip.watch),
        past_exemplar.kept(theirs.chip.latent),
    )
    number = replays(config)
    found = []
    for each in _technologies(technology):
        keeping = Keeping(
            technology=each,
            prototypes=prototypes,
            exemplars=exemplars,
            drawn=drawn.energy(each, Total()) * number,
            read=read.energy(each, Total()) * number,
            prototype_leakage=drawn.leakage(each),
            exemplar_leakage=read.leakage(each),
        )
        if not (keeping.drawn + keeping.read).missing:
            found.append(keeping)
    return tuple(found)


def _circumstances(technology: Technology) -> Iterator[tuple[Technology, bool]]:
    """Yield each technology with clocks that run, and with gated ones."""
    for each in _technologies(technology):
        yield each, False
        yield each, True


def _technologies(technology: Technology) -> Iterator[Technology]:
    """Yield the chip's technology, and the others that it is compared with."""
    yield technology
    for name in COMPARED:
        if name != technology.name:
            yield _built_in(name)


@cache
def _built_in(name: str) -> Technology:
    # To read one takes longer than all that is asked of it here.
    return load_technology(name)


def _with_draws(config: CostConfig, draws: int) -> SamplerParams:
    return replace(config.chip.sampler, mode="parallel", draws_per_read=draws)
