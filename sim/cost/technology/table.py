# SPDX-License-Identifier: MIT
"""Schema of a technology table. Its sections hold the values of `sim.cost.technology.rows`."""

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
    FactorRow,
    LeakageRow,
    MemoryEnergyRow,
    PadRow,
    Positive,
    Source,
    WireRow,
)
from sim.documents.section import Section

__all__ = [
    "ArrayRows",
    "ArraySection",
    "CellsSection",
    "LogicRows",
    "MacrosSection",
    "OverheadRows",
    "TechnologyTable",
]


class LogicRows(Section):
    """Values of logic. Any may be missing; a report warns only if it needs a missing value.

    Attributes
    ----------
    xnor, full_add, accumulate, compare, lfsr_step, register, logic
        Energies of the actions, see `sim.cost.counts.tally.Action`. Energies of actions on numbers
        are per bit.
    clock
        Energy of a clock cycle of a flip-flop that keeps its bit.
    gate_area
        Area of a NAND of two inputs.
    gate_leakage
        Leakage of a NAND of two inputs.
    flipflop_area
        Area of a flip-flop.
    flipflop_leakage
        Leakage of a flip-flop.
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
    """Values of logic from a table of cells, see `sim.cost.cells.gates`.

    Attributes
    ----------
    file : str
        CSV file in the folder of the technology's file.
    corners : list of str
        Further CSV files of the same cells in other corners. They widen the bounds.
    source : str
        Key of a source.
    locator : str
        Place in the source.
    """

    file: str
    corners: list[str] = []
    source: str
    locator: str


class OverheadRows(Section):
    """What a chip takes beside its actions. What is absent is taken to be within the values.

    Attributes
    ----------
    wires
        Energy of placed and routed logic, divided by the values of `LogicRows`.
    control
        Energy of logic with its clock tree and its control, divided by that of the routed logic.
    io
        Energy of a bit that enters or leaves the chip.
    bus
        Capacitance of the wires between the banks of a memory and its port.
    """

    wires: FactorRow | None = None
    control: FactorRow | None = None
    io: PadRow | None = None
    bus: WireRow | None = None


class MacrosSection(Section):
    """Memories built from real macros, see `sim.cost.technology.macros`.

    Attributes
    ----------
    file : str
        CSV file in the folder of the technology's file.
    corner : str
        Corner whose values are used. The other corners of the file are the bounds.
    source : str
        Key of a source.
    locator : str
        Place in the source.
    note : str or null
        Remark on the values, which reports print.
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
        Capacity. It may be null if there is only one array and its source does not state it.
    read : MemoryEnergyRow
        Energy of a read, per bit or with its width.
    write : MemoryEnergyRow
        Energy of a write, per bit or with its width.
    """

    bits: int | None = Field(default=None, ge=1)
    read: MemoryEnergyRow
    write: MemoryEnergyRow


class ArraySection(Section):
    """Memories priced from a few known arrays, see `sim.cost.technology.arrays`.

    Attributes
    ----------
    nonvolatile : bool
        Whether the memory keeps its bits without a supply, so that it need not leak.
    points : list of ArrayRows
        Arrays in order of growing capacity.
    leakage : BitLeakageRow or null
        Leakage of a bit.
    area : BitAreaRow or null
        Area of a bit.
    endurance : EnduranceRow or null
        Writes that a cell survives, if cells wear out. `low` and `high` are the extremes reported.
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
        Headline of the technology.
    node : float
        nm.
    voltage : float or null
        V; null where the source does not state it. Logic is then not scaled to this table.
    temp_c : float or null
        Degrees Celsius, where known.
    corner : str or null
        Name of the corner, where known.
    highest_clock_mhz : float or null
        MHz up to which the values hold; null where the source does not state it.
    speed : FactorRow or null
        Delay of a gate at the supply of the table, divided by that at the supply of the row; see
        `sim.cost.technology.speed`.
    sources : mapping of str to Source
        Sources, by the keys that the values name.
    cells : CellsSection or null
        Cells that give the values of logic. Rows of `logic` take precedence over them.
    logic : LogicRows
    overheads : OverheadRows
    memory : MacrosSection or ArraySection or null
        Memories: macros of fixed sizes, or arrays of some capacities.
    """

    title: str
    node: Positive
    voltage: Positive | None = None
    temp_c: float | None = None
    corner: str | None = None
    highest_clock_mhz: Positive | None = None
    speed: FactorRow | None = None
    sources: dict[str, Source]
    cells: CellsSection | None = None
    logic: LogicRows = LogicRows()
    overheads: OverheadRows = OverheadRows()
    memory: Annotated[MacrosSection | ArraySection, Field(discriminator="kind")] | None = None
