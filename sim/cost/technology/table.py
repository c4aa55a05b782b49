# SPDX-License-Identifier: MIT
"""Schema of a technology table: its sections, made of the values of `sim.cost.technology.rows`."""

from typing import Annotated, Literal

import pydantic
from pydantic import Field

from sim.cost.technology.rows import (
    AreaRow,
    BitAreaRow,
    BitEnergyRow,
    BitLeakageRow,
    EnduranceRow,
    EnergyRow,
    LeakageRow,
    MemoryEnergyRow,
    Positive,
    Source,
)
from sim.documents.section import Section

__all__ = [
    "ArrayRows",
    "ArraySection",
    "CellsSection",
    "LogicRows",
    "MacrosSection",
    "TechnologyTable",
]


class LogicRows(Section):
    """Values of logic; any may be missing, and is then missed when something needs it.

    Attributes
    ----------
    xnor, full_add, accumulate, compare, lfsr_step, register, logic
        Energies of the actions, `sim.cost.counts.tally.Action`; of those on numbers, a bit.
    clock
        Energy of a clock cycle of a flip-flop that keeps its bit.
    gate_area, gate_leakage
        Of a NAND of two inputs.
    flipflop_area, flipflop_leakage
    """

    xnor: EnergyRow | None = None
    full_add: EnergyRow | None = None
    accumulate: BitEnergyRow | None = None
    compare: BitEnergyRow | None = None
    lfsr_step: EnergyRow | None = None
    register_: BitEnergyRow | None = Field(default=None, alias="register")
    logic: EnergyRow | None = None
    clock: EnergyRow | None = None
    gate_area: AreaRow | None = None
    gate_leakage: LeakageRow | None = None
    flipflop_area: AreaRow | None = None
    flipflop_leakage: LeakageRow | None = None


class CellsSection(Section):
    """Values of logic from a table of cells, `sim.cost.cells.gates`.

    Attributes
    ----------
    file : str
        CSV beside the technology's file.
    source, locator : str
    """

    file: str
    source: str
    locator: str


class MacrosSection(Section):
    """Memories of real macros, `sim.cost.technology.macros`.

    Attributes
    ----------
    file : str
        CSV beside the technology's file.
    corner : str
    source, locator : str
    note : str or null
        What to know of their values; reports say it.
    """

    kind: Literal["macros"]
    file: str
    corner: str
    source: str
    locator: str
    note: str | None = None


class ArrayRows(Section):
    """Energies of an array.

    Attributes
    ----------
    bits : int or null
        Capacity; null where the source of the only array does not say.
    read, write : MemoryEnergyRow
    """

    bits: int | None = Field(default=None, ge=1)
    read: MemoryEnergyRow
    write: MemoryEnergyRow


class ArraySection(Section):
    """Memories priced by a few arrays, `sim.cost.technology.arrays`.

    Attributes
    ----------
    nonvolatile : bool
        Whether it keeps its bits without a supply, and need not leak.
    points : list of ArrayRows
        By growing capacity.
    leakage : BitLeakageRow or null
    area : BitAreaRow or null
    endurance : EnduranceRow or null
        Of what wears out; `low` and `high` are the extremes reported.
    """

    kind: Literal["array"]
    nonvolatile: bool = False
    points: Annotated[list[ArrayRows], Field(min_length=1)]
    leakage: BitLeakageRow | None = None
    area: BitAreaRow | None = None
    endurance: EnduranceRow | None = None

    @pydantic.field_validator("points")
    @classmethod
    def _growing(cls, points: list[ArrayRows]) -> list[ArrayRows]:
        bits = [point.bits for point in points]
        if len(bits) > 1 and (None in bits or bits != sorted({b or 0 for b in bits})):
            raise ValueError(f"points must be in order of growing bits, not {bits}")
        return points


class TechnologyTable(Section):
    """A technology.

    Attributes
    ----------
    title : str
    node : float
        nm.
    voltage : float or null
        V; null where the source does not say, nothing is then scaled to it.
    temp_c, corner
        Degrees Celsius and name of the corner, where known.
    sources : mapping of str to Source
    cells : CellsSection or null
        Logic from cells; otherwise `logic`.
    logic : LogicRows
    memory : MacrosSection or ArraySection or null
    """

    title: str
    node: Positive
    voltage: Positive | None = None
    temp_c: float | None = None
    corner: str | None = None
    sources: dict[str, Source]
    cells: CellsSection | None = None
    logic: LogicRows = LogicRows()
    memory: Annotated[MacrosSection | ArraySection, Field(discriminator="kind")] | None = None
