# SPDX-License-Identifier: MIT
"""The cost of learning a class by counting, as the class counter does it (contract, 14)."""

from fractions import Fraction

from golden.params import ClassCounterParams
from golden.params.classes import MAX_COUNT
from sim.cost.configuration import CostConfig
from sim.cost.counts import class_counter
from sim.cost.counts.tally import Memory, Tally
from sim.cost.phases import Phase, append, inference

__all__ = ["count", "count_cycles", "counting", "counting_memories"]

_BLOCK = "learner.class_counter"


def counting(config: CostConfig) -> Phase:
    """Return the learning of one class by counting, from the pixels of its samples.

    A picture is counted when its embedding leaves. The cycles are those of all pictures, of their
    counts and of the close, one after another.
    """
    samples, image = config.task.samples, inference(config)
    assert image.cycles is not None
    return Phase(
        name="learn a class by counting",
        unit="class",
        tally=samples * image.tally + count(config) + append(config).tally,
        cycles=samples * image.cycles + count_cycles(config),
        operations=samples * image.operations,
        bits=samples * image.bits,
        note=f"{samples} samples; the close takes {_close_cycles(config)} cycles",
    )


def count(config: CostConfig) -> Tally:
    """Return the actions that open a class, count all of its embeddings and close it.

    The memory of prototypes counts the rows that are appended by itself.
    """
    params, samples = _counter(config), config.task.samples
    counted = min(samples, MAX_COUNT)
    found = (
        class_counter.command(params, opened=1, reopened=0)
        + class_counter.learn(params, counted)
        + class_counter.refuse(params, samples - counted)
        + class_counter.close(params, 1)
    )
    return found.within(_BLOCK)


def count_cycles(config: CostConfig) -> Fraction:
    """Return the cycles that `count` takes, with embeddings that arrive without gaps."""
    counted = class_counter.learn_cycles(_counter(config), config.task.samples)
    return Fraction(counted + _close_cycles(config))


def counting_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories of the counter, if the chip does not have them already."""
    if config.chip.counter is not None:
        return ()
    return tuple(memory.within(_BLOCK) for memory in class_counter.memories(_counter(config)))


def _close_cycles(config: CostConfig) -> int:
    return class_counter.close_cycles(_counter(config), 1)


def _counter(config: CostConfig) -> ClassCounterParams:
    """Return the chip's class counter, or one with a slot for every class of a task."""
    prototypes = config.chip.sampler.prototypes
    own = ClassCounterParams(prototypes=prototypes, slots=config.task.classes)
    return config.chip.counter or own
