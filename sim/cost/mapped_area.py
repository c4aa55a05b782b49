# SPDX-License-Identifier: MIT
"""The gates of a design, without its memories."""

from collections.abc import Mapping
from dataclasses import dataclass

from sim.cost.quantity import Range

__all__ = ["MappedArea"]


@dataclass(frozen=True, kw_only=True)
class MappedArea:
    """Gates of a design without its memories.

    Attributes
    ----------
    cells : mapping of str to int
        Number of cells of each kind, flip-flops included. The kinds are those of Yosys's own
        library or of a Liberty file.
    area, leakage : Range or None
        Sum over the cells (m2, W), without wiring. None if a value is missing.
    flipflops : int
        Number of flip-flops.
    library : str or None
        Name of the cells' Liberty library. None for Yosys's own library, whose gate sizes are
        counted in NANDs of two inputs.
    missing : tuple of str
        Values that area or leakage need, but that neither the technology nor the library states.
    """

    cells: Mapping[str, int]
    area: Range | None
    leakage: Range | None
    flipflops: int
    library: str | None = None
    missing: tuple[str, ...] = ()
