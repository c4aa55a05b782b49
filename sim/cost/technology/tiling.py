# SPDX-License-Identifier: MIT
"""The macros of a memory, and its costs."""

from dataclasses import dataclass
from typing import NamedTuple

from sim.cost.quantity import Range

__all__ = ["MemoryPlan", "Tile"]


class Tile(NamedTuple):
    """Macros of one size: words, bits of a word, and number of macros."""

    depth: int
    width: int
    copies: int


@dataclass(frozen=True, kw_only=True)
class MemoryPlan:
    """A memory as a technology implements it.

    Attributes
    ----------
    depth, width : int
        Rows asked for, and bits of a row.
    ports : {1, 2}
        1 if reads and writes share a port, 2 if each has its own.
    tiles : tuple of Tile
        Macros; empty where the values come from a formula.
    physical_bits : int
        Bits of the macros, unused bits included.
    area : Range or None
        m2; None where the technology does not state it.
    leakage : Range or None
        W; None where the technology does not state it.
    read, write : Range
        J an access of a row.
    warning : str or None
        Why the values are an extrapolation or a stand-in; None if they are neither.
    extrapolated : bool
        Whether the values come from an array of another or unknown capacity.
    """

    depth: int
    width: int
    ports: int
    tiles: tuple[Tile, ...]
    physical_bits: int
    area: Range | None
    leakage: Range | None
    read: Range
    write: Range
    warning: str | None = None
    extrapolated: bool = False

    @property
    def bits(self) -> int:
        """Bits asked for."""
        return self.depth * self.width

    @property
    def text(self) -> str:
        """The macros in words, such as "2 x 1024x64"; empty where there are none."""
        return " + ".join(f"{tile.copies} x {tile.depth}x{tile.width}" for tile in self.tiles)
