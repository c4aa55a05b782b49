# SPDX-License-Identifier: MIT
"""What a design is made of besides its memories."""

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
        Cells by kind, flip-flops included: of Yosys's own library, or of a Liberty file.
    area, leakage : Range or None
        Sum over the cells (m2, W), wiring not included; None if something in it is missing.
    flipflops : int
    library : str or None
        Name of the Liberty library that the cells are of; None of Yosys's own, whose sizes are
        taken in NANDs of two inputs.
    missing : tuple of str
        What area and leakage need and technology or library do not say, in words.
    """

    cells: Mapping[str, int]
    area: Range | None
    leakage: Range | None
    flipflops: int
    library: str | None = None
    missing: tuple[str, ...] = ()
