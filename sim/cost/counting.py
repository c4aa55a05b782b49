# SPDX-License-Identifier: MIT
"""The cost of learning a class by counting (contract, 14 and 16).

A class of one prototype is learned as the class counter does it, one of several as competing
components do it.
"""

from fractions import Fraction

from golden.params import ClassCounterParams, OnlineMixtureParams
from golden.params.classes import MAX_COUNT
from sim.cost.configuration import CostConfig
from sim.cost.counts import class_counter, online_mixture
from sim.cost.counts.tally import Memory, Tally
from sim.cost.phases import Phase, append, inference

__all__ = ["count", "count_cycles", "counting", "counting_memories"]

_COUNTER, _MIXTURE = "learner.class_counter", "learner.online_mixture"


def counting(config: CostConfig) -> Phase:
    """Return the learning of one class by counting, from the pixels of its samples.

    A picture is counted when its embedding leaves. The cycles are those of all pictures, of their
    counts and of the close, one after another.
    """
    samples, image = config.task.samples, inference(config)
    assert image.cycles is not None
    beside = "; a block that this chip leaves out" if counting_memories(config) else ""
    return Phase(
        name="learn a class by counting",
        unit="class",
        tally=samples * image.tally + count(config) + append(config).tally,
        cycles=samples * image.cycles + count_cycles(config),
        operations=samples * image.operations,
        bits=samples * image.bits,
        note=f"{samples} samples; the close takes {_close_cycles(config)} cycles{beside}",
    )


def count(config: CostConfig) -> Tally:
    """Return the actions that open a class, count all of its embeddings and close it.

    The memory of prototypes counts the rows that are appended by itself. A component drops no
    exemplar until all of them are full: the handicap makes them fill alike.
    """
    counter, samples = _counter(config), config.task.samples
    if config.memory.components == 1:
        counted = min(samples, MAX_COUNT)
        found = (
            class_counter.command(counter, opened=1, reopened=0)
            + class_counter.learn(counter, counted)
            + class_counter.refuse(counter, samples - counted)
            + class_counter.close(counter, 1)
        )
        return found.within(_COUNTER)
    own, (begun, counted, full) = _mixture(config), _shares(config)
    found = (
        online_mixture.command(own, counter, opened=1, reopened=0)
        + online_mixture.learn(own, counter, begun=begun, counted=counted, full=full)
        + online_mixture.close(own, counter, 1, begun)
    )
    return found.within(_MIXTURE)


def count_cycles(config: CostConfig) -> Fraction:
    """Return the cycles that `count` takes, with embeddings that arrive without gaps."""
    counter, closed = _counter(config), _close_cycles(config)
    if config.memory.components == 1:
        return Fraction(class_counter.learn_cycles(counter, config.task.samples) + closed)
    begun, counted, full = _shares(config)
    learned = online_mixture.learn_cycles(
        _mixture(config), counter, begun=begun, counted=counted, full=full
    )
    return Fraction(learned + closed)


def counting_memories(config: CostConfig) -> tuple[Memory, ...]:
    """Return the memories of the block that counts, if the chip does not have them already."""
    counter = _counter(config)
    if config.memory.components > 1:
        if config.chip.mixture == _mixture(config):
            return ()
        found = online_mixture.memories(_mixture(config), counter)
        return tuple(memory.within(_MIXTURE) for memory in found)
    if config.chip.counter is not None and config.chip.mixture is None:
        return ()
    return tuple(memory.within(_COUNTER) for memory in class_counter.memories(counter))


def _close_cycles(config: CostConfig) -> int:
    counter = _counter(config)
    if config.memory.components == 1:
        return class_counter.close_cycles(counter, 1)
    return online_mixture.close_cycles(_mixture(config), counter, 1, _shares(config)[0])


def _counter(config: CostConfig) -> ClassCounterParams:
    """Return the chip's class counter, or one with a slot for every class of a task."""
    prototypes = config.chip.sampler.prototypes
    own = ClassCounterParams(prototypes=prototypes, slots=config.task.classes)
    return config.chip.counter or own


def _mixture(config: CostConfig) -> OnlineMixtureParams:
    """Return the components that compete, the chip's if it has as many.

    Their handicap changes no count.
    """
    own, mixture = config.chip.sampler.prototypes, config.chip.mixture
    if mixture is not None and mixture.components == config.memory.components:
        return mixture
    return OnlineMixtureParams(
        features=own.features, code_width=own.code_width, components=config.memory.components
    )


def _shares(config: CostConfig) -> tuple[int, int, int]:
    """Return the samples that begin a component, that others count, and that find them full."""
    samples, components = config.task.samples, config.memory.components
    begun, most = min(samples, components), min(samples, components * MAX_COUNT)
    return begun, most - begun, samples - most
