# SPDX-License-Identifier: MIT
"""Schema of a technology table: every figure with its unit, bounds, source and sureness."""

from typing import Annotated, ClassVar, Literal

import pydantic
from pydantic import Field

from sim.cost.quantity import Sureness, parse_unit
from sim.section import Section

__all__ = [
    "AreaRow",
    "ArrayRows",
    "ArraySection",
    "CellsSection",
    "EnduranceRow",
    "EnergyRow",
    "LeakageRow",
    "LogicRows",
    "MacrosSection",
    "MemoryEnergyRow",
    "Row",
    "Source",
    "TechnologyTable",
]

Positive = Annotated[float, Field(gt=0)]


class Source(Section):
    """Where figures come from.

    Attributes
    ----------
    citation : str
    url, licence : str or null
    """

    citation: str
    url: str | None = None
    licence: str | None = None


class Row(Section):
    """A figure.

    Attributes
    ----------
    value : float
        Nominal; `low` and `high` are bounds, which a figure of high sureness can do without.
    unit : str
        See `sim.cost.quantity.parse_unit`.
    kind : {"measured", "post_layout", "synthesis", "liberty", "model", "derived"}
        How it was found; "derived" is arithmetic on read figures, which the locator states.
    source, locator : str
        Key of a source, and the place in it.
    sureness : {"H", "M", "L"}
    node, voltage : float or null
        nm and V, where they are not the table's. Such a figure must be `scaled`; leakage cannot be,
        but may be that of another voltage, at which a memory keeps its bits.
    scaled : bool
        Whether it is brought to the table's node by the rule of its kind, `sim.cost.scaling`.
    temp_c, corner
        Degrees Celsius and name of the corner, where known.
    """

    value: Positive
    unit: str
    low: Positive | None = None
    high: Positive | None = None
    kind: Literal["measured", "post_layout", "synthesis", "liberty", "model", "derived"]
    source: str
    locator: str
    sureness: Sureness
    node: Positive | None = None
    voltage: Positive | None = None
    scaled: bool = False
    temp_c: float | None = None
    corner: str | None = None

    DIMENSIONS: ClassVar[tuple[str, ...]] = ()

    @pydantic.field_validator("unit")
    @classmethod
    def _of_the_dimension(cls, unit: str) -> str:
        if parse_unit(unit).dimension not in cls.DIMENSIONS:
            raise ValueError(f"must be a unit of {' or '.join(cls.DIMENSIONS)}, not {unit!r}")
        return unit

    @pydantic.model_validator(mode="after")
    def _bounded(self) -> "Row":
        if self.sureness != "H" and (self.low is None or self.high is None):
            raise ValueError(f"low and high must be given at sureness {self.sureness}")
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError(f"low <= value <= high must hold, not {low}, {self.value}, {high}")
        return self


class EnergyRow(Row):
    """Energy of an action, or of a bit of it."""

    DIMENSIONS = ("J", "J/bit")


class MemoryEnergyRow(Row):
    """Energy of an access, per bit or with its width.

    Attributes
    ----------
    access_width_bits : int or null
        Bits of the access that an energy without "/bit" stands for.
    """

    DIMENSIONS = ("J", "J/bit")
    access_width_bits: int | None = Field(default=None, ge=1)

    @pydantic.model_validator(mode="after")
    def _of_a_width(self) -> "MemoryEnergyRow":
        if self.unit.endswith("/bit") == (self.access_width_bits is not None):
            raise ValueError(
                "access_width_bits must be given with an energy an access, and not with one a bit"
            )
        return self


class LeakageRow(Row):
    """Power without a clock, of a cell or a bit."""

    DIMENSIONS = ("W", "W/bit")


class AreaRow(Row):
    """Area of a cell or a bit."""

    DIMENSIONS = ("m2", "m2/bit")


class EnduranceRow(Row):
    """Writes that a memory cell survives."""

    DIMENSIONS = ("cycles",)


class LogicRows(Section):
    """Figures of logic; any may be missing, and is then missed when something needs it.

    Attributes
    ----------
    xnor, full_add, accumulate, compare, lfsr_step, register, logic
        Energies of the actions, `sim.cost.counts.tally.Action`.
    clock
        Energy of a clock cycle of a flip-flop that keeps its bit.
    gate_area, gate_leakage
        Of a NAND of two inputs.
    flipflop_area, flipflop_leakage
    """

    xnor: EnergyRow | None = None
    full_add: EnergyRow | None = None
    accumulate: EnergyRow | None = None
    compare: EnergyRow | None = None
    lfsr_step: EnergyRow | None = None
    register_: EnergyRow | None = Field(default=None, alias="register")
    logic: EnergyRow | None = None
    clock: EnergyRow | None = None
    gate_area: AreaRow | None = None
    gate_leakage: LeakageRow | None = None
    flipflop_area: AreaRow | None = None
    flipflop_leakage: LeakageRow | None = None


class CellsSection(Section):
    """Figures of logic from a table of cells, `sim.cost.gates`.

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
    """Memories of real macros, `sim.cost.macros`.

    Attributes
    ----------
    file : str
        CSV beside the technology's file.
    corner : str
    source, locator : str
    """

    kind: Literal["macros"]
    file: str
    corner: str
    source: str
    locator: str


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
    """Memories priced by a few arrays, `sim.cost.arrays`.

    Attributes
    ----------
    nonvolatile : bool
        Whether it keeps its bits without a supply, and need not leak.
    points : list of ArrayRows
        By growing capacity.
    leakage : LeakageRow or null
        A bit.
    area : AreaRow or null
        A bit.
    endurance : EnduranceRow or null
        Of what wears out; `low` and `high` are the extremes reported.
    """

    kind: Literal["array"]
    nonvolatile: bool = False
    points: Annotated[list[ArrayRows], Field(min_length=1)]
    leakage: LeakageRow | None = None
    area: AreaRow | None = None
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
