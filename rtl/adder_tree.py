# SPDX-License-Identifier: MIT
"""A tree of adders with a register at each level."""

from collections.abc import Sequence

from amaranth.hdl import Module, Signal, Value

__all__ = ["add_up", "levels_of"]


def add_up(m: Module, numbers: Sequence[Value]) -> Value:
    """Return the sum of some numbers, two by two, `levels_of` cycles later.

    A number that is left over at a level is held. Sums are as wide as they need to be.
    """
    for level in range(levels_of(len(numbers))):
        sums = []
        for place in range(0, len(numbers), 2):
            pair = sum(numbers[place : place + 2])
            sums.append(Signal(Value.cast(pair).shape(), name=f"sum_{level}_{place // 2}"))
            m.d.sync += sums[-1].eq(pair)
        numbers = sums
    return numbers[0]


def levels_of(count: int) -> int:
    """Return the levels of a tree over `count` numbers."""
    return (count - 1).bit_length()
