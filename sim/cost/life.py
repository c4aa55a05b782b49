# SPDX-License-Identifier: MIT
"""The phases of a chip's life, and the memories that they need."""

from dataclasses import replace

from sim.cost.configuration import CostConfig, HeadKind
from sim.cost.consolidation import beginning, consolidation, row_memories
from sim.cost.counting import counting
from sim.cost.counts import chip
from sim.cost.counts.prototype_rows import watched
from sim.cost.counts.tally import Memory
from sim.cost.heads import head_of, load_hidden, with_head
from sim.cost.learning import learn, working_memories
from sim.cost.phases import (
    Phase,
    answer,
    append,
    classifier_memories,
    draws,
    inference,
    load,
    load_basis,
)
from sim.cost.scrubbing import busy_scrubbing, scrubbing

__all__ = ["chip_memories", "life", "memories_beside", "naming_phases", "watched_phase"]

#: Heads that are priced beside the binary one, for which the configuration gives hidden neurons.
_FURTHER_HEADS: tuple[HeadKind, ...] = ("integer", "ternary")


def life(config: CostConfig) -> tuple[Phase, ...]:
    """Return all phases: inference, draws, appending, learning, classifying, and loading.

    Rows of the trainer begin from means, unless it has a hidden layer, and are consolidated, as
    two phases of their own. A class is learned by counting only where its prototypes are fitted on
    the chip. A basis is loaded where the sampler has factors, a hidden layer where there is one.
    """
    basis = load_basis(config)
    found = (head_of(with_head(config, kind)).answer for kind in _FURTHER_HEADS)
    answers = [phase for phase in found if phase is not None]
    phases = (
        inference(config),
        *draws(config),
        append(config),
        *([counting(config)] if config.task.fit == "chip" else []),
        learn(config, "GBM"),
        learn(config, "latent replay"),
        learn(config, "likelihood"),
        *(learn(with_head(config, kind), "GBM") for kind in _FURTHER_HEADS),
        learn(with_head(config, "integer"), "latent replay"),
        *([] if config.task.trainer_hidden else [beginning(config)]),
        consolidation(config),
        answer(config, "head"),
        *answers,
        answer(config, "likelihood"),
        load(config),
        *(phase for phase in (load_hidden(config), basis) if phase is not None),
        *([scrubbing(config)] if config.chip.watch.scrub else []),
    )
    return tuple(watched_phase(phase, config) for phase in phases)


def naming_phases(config: CostConfig) -> tuple[Phase, ...]:
    """Return the phases whose actions name the registers of every chip.

    They are inference, and drawing from the sampler and from the latent buffer. A scrubber has a
    register that no draw names, so a chip with one also scrubs, without a pause.

    Parameters
    ----------
    config : CostConfig
    """
    phases = (
        inference(config),
        *draws(config),
        *([busy_scrubbing(config)] if config.chip.watch.scrub else []),
    )
    return tuple(watched_phase(phase, config) for phase in phases)


def watched_phase(phase: Phase, config: CostConfig) -> Phase:
    """Return a phase of a chip whose prototypes are watched over as the configuration says.

    Parameters
    ----------
    phase : Phase
        With the actions of a plain memory of rows.
    config : CostConfig
    """
    params, watch = config.chip.sampler.prototypes, config.chip.watch
    return replace(phase, tally=watched(phase.tally, params, watch))


def chip_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories of the emitted chip."""
    return chip.memories(config.chip)


def memories_beside(config: CostConfig) -> tuple[Memory, ...]:
    """Return the additional memories that learning with any head and classifying need."""
    heads = [head_of(with_head(config, kind)) for kind in _FURTHER_HEADS]
    further = [memory for head in heads for memory in (*head.kept, *head.working)]
    return (
        *working_memories(config),
        *further,
        *row_memories(config),
        *classifier_memories(config),
    )
