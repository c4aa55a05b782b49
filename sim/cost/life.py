# SPDX-License-Identifier: MIT
"""The phases of a chip's life, and the memories that they need."""

from sim.cost.configuration import CostConfig
from sim.cost.counting import counting
from sim.cost.counts import chip
from sim.cost.counts.tally import Memory
from sim.cost.learning import learn, working_memories
from sim.cost.phases import Phase, answer, append, classifier_memories, draws, inference, load

__all__ = ["chip_memories", "life", "memories_beside"]


def life(config: CostConfig) -> tuple[Phase, ...]:
    """Return all phases: inference, draws, appending, learning, classifying, and loading.

    A class is learned by counting only where its prototypes are fitted on the chip.
    """
    return (
        inference(config),
        *draws(config),
        append(config),
        *([counting(config)] if config.task.fit == "chip" else []),
        learn(config, "GBM"),
        learn(config, "latent replay"),
        learn(config, "likelihood"),
        answer(config, "head"),
        answer(config, "likelihood"),
        load(config),
    )


def chip_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories of the emitted chip."""
    return chip.memories(config.chip)


def memories_beside(config: CostConfig) -> tuple[Memory, ...]:
    """Return the additional memories that learning and classifying by likelihood need."""
    return (*working_memories(config), *classifier_memories(config))
