# SPDX-License-Identifier: MIT
"""Adders and registers of a tree with a register at each level."""

__all__ = ["tree_of"]


def tree_of(lanes: int, width: int) -> tuple[int, int]:
    """Return the full adders and the bits of all registers of a tree over numbers of `lanes`.

    A level adds two by two; a number that is left over is held.
    """
    adders = registers = 0
    widths = [width] * lanes
    while len(widths) > 1:
        pairs = [widths[place : place + 2] for place in range(0, len(widths), 2)]
        adders += sum(max(pair) for pair in pairs if len(pair) == 2)
        widths = [max(pair) + len(pair) - 1 for pair in pairs]
        registers += sum(widths)
    return adders, registers
