# SPDX-License-Identifier: MIT
"""Memories of the past in hardware: their contents, and the costs to keep and to replay it.

The chip has a sampler and a latent buffer (`sim.cost.counts`). Other methods are priced by the
memory of the same kind that they need, and by the arithmetic that serves it. Where no hardware
exists yet, the time given here is a lower bound: the memory gives one row a cycle. A class of one
prototype is learned by the class counter, with its cycles, and one of several that compete for
exemplars (``mixture.fit: online``) by the block of these. Prototypes name classes by the
classifier of a table of costs: likelihoods of the default width, square distances of codes, or
bits that differ, which need one. The fit of several prototypes by expectation maximisation is
priced with the largest number of iterations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from golden.params import LowRankParams, PrototypeClassifierParams
from sim.cost.configuration import CostConfig
from sim.cost.counting import count, count_cycles, counting_memories
from sim.cost.counts import (
    chip,
    draws,
    herding,
    latent_buffer,
    low_rank,
    mixture,
    prototype_classifier,
    prototypes,
    translation,
)
from sim.cost.counts.tally import Action, Memory, Tally
from sim.cost.learning import remember, working_memories
from sim.cost.phases import exemplars

__all__ = ["PARTS", "Past"]


@dataclass(frozen=True, kw_only=True)
class Past:
    """A memory of the past and the operations on it.

    Attributes
    ----------
    memories : tuple of Memory
        Memories of the past itself and of the logic that draws from it or classifies by it.
    working : tuple of Memory
        Further memories that learning needs.
    remembered : Tally
        Actions to keep the classes of a task.
    remembered_cycles : Fraction or None
        Cycles of these. None where no hardware defines them.
    exemplar : Tally or None
        Actions to draw or read an exemplar of the past. None if there are no exemplars because
        the memory classifies by itself.
    exemplar_cycles : Fraction
        Cycles of an exemplar.
    answer : Tally or None
        Actions to classify an embedding; None if the head classifies.
    answer_cycles : Fraction
        Cycles of a classification.
    """

    memories: tuple[Memory, ...]
    working: tuple[Memory, ...]
    remembered: Tally
    remembered_cycles: Fraction | None = None
    exemplar: Tally | None = None
    exemplar_cycles: Fraction = Fraction(0)
    answer: Tally | None = None
    answer_cycles: Fraction = Fraction(0)


def _gbm(config: CostConfig, params: Any) -> Past:
    if not params.on_chip:
        raise ValueError(
            "this gbm is not that of the chip: code_width, level_map and generator must be its own"
        )
    own = config.chip.sampler
    more = draws.draw_cycles(own, 2) - draws.draw_cycles(own, 1)
    return Past(
        memories=_within("sampler", draws.memories(own)),
        working=(*_training(config), *_fit_memories(config)),
        remembered=remember(config, "GBM") + config.task.classes * _mixture(config, params),
        remembered_cycles=_counted(config),
        exemplar=exemplars(own, 1).within("sampler"),
        exemplar_cycles=more / own.draws_per_read,
    )


def _latent(config: CostConfig, params: Any) -> Past:
    buffer, samples = config.chip.latent, config.task.samples
    more = latent_buffer.answer_cycles(buffer, 2) - latent_buffer.answer_cycles(buffer, 1)
    filled = min(buffer.exemplars, samples)
    # An exemplar that finds the slots full takes as long whether it replaces another or not.
    each = latent_buffer.learn_cycles(buffer, filled=filled, replaced=0, dropped=samples - filled)
    return Past(
        memories=_within("latent_buffer", latent_buffer.memories(buffer)),
        working=_training(config),
        remembered=remember(config, "latent replay"),
        remembered_cycles=Fraction(config.task.classes * each),
        exemplar=latent_buffer.answer(buffer, 1).within("latent_buffer"),
        exemplar_cycles=Fraction(more),
    )


def _herded(config: CostConfig, params: Any) -> Past:
    buffer, task = config.chip.latent, config.task
    if task.embeddings != "buffer":
        raise ValueError(
            "herded needs the embeddings in a buffer: hardware.embeddings must be buffer"
        )
    rows = herding.embedding_rows(buffer, task.samples)
    chosen = herding.choose(buffer, task.samples).within("herding") + Tally({
        Action("task.embeddings", "read", buffer.lanes): rows
    })  # fmt: skip
    kept = latent_buffer.learn(buffer, filled=min(buffer.exemplars, task.samples), replaced=0,
                               dropped=0)  # fmt: skip
    working = _within("herding", herding.memories(buffer, task.samples))
    latent = _latent(config, params)
    return Past(
        memories=latent.memories,
        working=(*latent.working, *working),
        remembered=task.classes * (chosen + kept.within("latent_buffer")),
        exemplar=latent.exemplar,
        exemplar_cycles=latent.exemplar_cycles,
    )


def _fetril(config: CostConfig, params: Any) -> Past:
    own, task = config.chip.sampler.prototypes, config.task
    if params.code_width == "float" or params.translation != "flip":
        raise ValueError("fetril has a price only with codes and flips: code_width must be of 1..16"
                         " bits and translation must be flip")  # fmt: skip
    if task.embeddings != "buffer":
        raise ValueError(
            "fetril needs the embeddings in a buffer: hardware.embeddings must be buffer"
        )
    present = translation.working_memories(own, task.classes, task.samples)
    moved = translation.move(own, task.samples).within("translation")
    read = Tally({Action("task.embeddings", "read", own.lanes): own.beats})
    each = count(config)
    each += translation.append(own, task.samples).within("translation")
    return Past(
        memories=_within("translation", translation.memories(own)),
        working=(*working_memories(config), *_within("translation", present)),
        remembered=task.classes * each,
        exemplar=moved + read,
        exemplar_cycles=Fraction(own.beats),
    )


def _likelihood(config: CostConfig, params: Any) -> Past:
    return _classifier(config, params, PrototypeClassifierParams.table_width)


def _nearest(config: CostConfig, params: Any) -> Past:
    return _classifier(config, params, 2 * config.chip.sampler.prototypes.code_width + 1)


def _hamming(config: CostConfig, params: Any) -> Past:
    return _classifier(config, params, 1)


def _low_rank(config: CostConfig, params: Any) -> Past:
    own, task, stored = config.chip.sampler.prototypes, config.task, config.memory.classes
    if not params.rank:
        return _nearest(config, params)
    metric = LowRankParams(
        prototypes=own,
        rank=params.rank,
        basis_width=params.basis_width,
        factor_width=params.factor_width,
    )
    # The memory of the prototypes, which it shares with the classifier, is the sampler's.
    answered = low_rank.classify(metric, 1, classes=stored, components=stored)
    each = prototypes.append(own, 1, editable=True).within("sampler.prototypes") + count(config)
    each += chip.beside_sampler(low_rank.project(metric, classes=1, components=1), "low_rank")
    return Past(
        memories=(
            *_within("sampler.prototypes", prototypes.memories(own, editable=True)),
            *_within("low_rank", low_rank.memories(metric)),
        ),
        working=_fit_memories(config),
        remembered=task.classes * each,
        remembered_cycles=task.classes
        * (count_cycles(config) + low_rank.project_cycles(metric, 1)),
        answer=chip.beside_sampler(answered, "low_rank"),
        answer_cycles=Fraction(low_rank.classify_cycles(metric, 1, components=stored)),
    )


def _classifier(config: CostConfig, params: Any, table_width: int) -> Past:
    """Return prototypes that classify by a table of costs: their memory, their fit, the block."""
    own, task, memory = config.chip.sampler.prototypes, config.task, config.memory
    table = PrototypeClassifierParams(prototypes=own, table_width=table_width)
    stored = memory.classes * memory.components
    answered = prototype_classifier.classify(table, 1, classes=memory.classes, components=stored)
    each = prototypes.append(own, memory.components, editable=True).within("sampler.prototypes")
    each += _mixture(config, params)
    if task.fit == "chip":
        each += count(config)
    return Past(
        memories=(
            *_within("sampler.prototypes", prototypes.memories(own, editable=True)),
            *_within("prototype_classifier", prototype_classifier.memories(table)),
        ),
        working=_fit_memories(config),
        remembered=task.classes * each,
        remembered_cycles=_counted(config),
        answer=chip.beside_sampler(answered, "prototype_classifier"),
        answer_cycles=Fraction(prototype_classifier.classify_cycles(table, 1, components=stored)),
    )


def _fit_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories that fitting prototypes needs."""
    if config.task.fit == "chip":
        return counting_memories(config)
    own, samples = config.chip.sampler.prototypes, config.task.samples
    return _within("fit", mixture.memories(own, samples))


def _counted(config: CostConfig) -> Fraction | None:
    """Return the cycles in which classes of a task are counted; None if the host fits."""
    return config.task.classes * count_cycles(config) if config.task.fit == "chip" else None


def _mixture(config: CostConfig, params: Any) -> Tally:
    """Return the actions to fit prototypes of a class by EM; none if the chip counts them."""
    if config.task.fit == "chip":
        return Tally()
    settings = params.mixture
    iterations = settings.n_init * settings.warmup_iter + settings.max_iter
    own = config.chip.sampler.prototypes
    return mixture.fit(own, config.task.samples, iterations).within("fit")


def _training(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories that the training of the head needs, without those of counting."""
    counting = counting_memories(config)
    return tuple(m for m in working_memories(config) if m not in counting)


def _within(block: str, memories: tuple[Memory, ...]) -> tuple[Memory, ...]:
    return tuple(memory.within(block) for memory in memories)


#: Functions that return the memory of a method, by the name of its source. Others have no price.
PARTS: dict[str, Callable[[CostConfig, Any], Past]] = {
    "gbm": _gbm,
    "correlated": _gbm,  # its basis is loaded once, with the first task
    "latent": _latent,
    "herded": _herded,
    "fetril": _fetril,
    "likelihood": _likelihood,
    "ncm": _nearest,
    "hamming": _hamming,
    "low_rank": _low_rank,
}
