# SPDX-License-Identifier: MIT
"""Golden models of what counts classes in a chip, and how a closed class comes into a memory."""

from golden.class_counter import ClassCounter
from golden.online_mixture import MixtureSlots
from golden.params import ChipParams
from golden.prototypes import Prototypes

__all__ = ["Counter", "close_class", "counter_of"]

Counter = ClassCounter | MixtureSlots


def counter_of(chip: ChipParams) -> Counter | None:
    """Return the golden twin of what counts classes in a chip; None if nothing does."""
    if chip.counter is None:
        return None
    if chip.mixture is None:
        return ClassCounter(chip.counter)
    return MixtureSlots(chip.mixture, chip.counter)


def close_class(counter: Counter, memory: Prototypes, slot: int) -> bool:
    """Close a slot, and write its class into a memory; return whether that is done."""
    label = int(counter.labels[slot])
    if isinstance(counter, MixtureSlots):
        components = counter.close(slot)
        return components is not None and memory.write(label, *components)
    codes = counter.close(slot)
    return codes is not None and memory.write(label, [codes])
