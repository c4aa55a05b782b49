# SPDX-License-Identifier: MIT
"""Values of a technology table: each with its unit, bounds, source and sureness."""

from typing import Annotated, ClassVar, Literal

import pydantic
from pydantic import Field

from sim.cost.quantity import Sureness, parse_unit
from sim.documents.section import Section

__all__ = [
    "AreaRow",
    "BitAreaRow",
    "BitEnergyRow",
    "BitLeakageRow",
    "EnduranceRow",
    "EnergyRow",
    "LeakageRow",
    "MemoryEnergyRow",
    "Positive",
    "Source",
    "SourcedRow",
]

Positive = Annotated[float, Field(gt=0)]


class Source(Section):
    """Where values come from.

    Attributes
    ----------
    citation : str
    url, licence : str or null
    """

    citation: str
    url: str | None = None
    licence: str | None = None


class SourcedRow(Section):
    """A value with its unit, bounds, source and sureness.

    Attributes
    ----------
    value : float
        Nominal; `low` and `high` are bounds, which a value of high sureness can do without.
    unit : str
        See `sim.cost.quantity.parse_unit`.
    kind : {"measured", "post_layout", "synthesis", "liberty", "model", "derived"}
        How it was found; "derived" is arithmetic on read values, which the locator states.
    source, locator : str
        Key of a source, and the place in it.
    sureness : {"H", "M", "L"}
    node, voltage : float or null
        nm and V, where they are not the table's. Such a value must be `scaled`; leakage cannot be,
        but may be that of another voltage, at which a memory keeps its bits.
    scaled : bool
        Whether it is brought to the table's node by the rule of its kind,
        `sim.cost.technology.scaling`.
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
    def _bounded(self) -> "SourcedRow":
        if self.sureness != "H" and (self.low is None or self.high is None):
            raise ValueError(f"low and high must be given at sureness {self.sureness}")
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError(f"low <= value <= high must hold, not {low}, {self.value}, {high}")
        return self


class EnergyRow(SourcedRow):
    """Energy of an action, or of a bit of it."""

    DIMENSIONS = ("J", "J/bit")


class BitEnergyRow(EnergyRow):
    """Energy of a bit of an action, which is as wide as its numbers are."""

    DIMENSIONS = ("J/bit",)


class MemoryEnergyRow(SourcedRow):
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


class LeakageRow(SourcedRow):
    """Power without a clock, of a cell."""

    DIMENSIONS = ("W",)


class BitLeakageRow(LeakageRow):
    """The same of a bit."""

    DIMENSIONS = ("W/bit",)


class AreaRow(SourcedRow):
    """Area of a cell."""

    DIMENSIONS = ("m2",)


class BitAreaRow(AreaRow):
    """The same of a bit."""

    DIMENSIONS = ("m2/bit",)


class EnduranceRow(SourcedRow):
    """Writes that a memory cell survives."""

    DIMENSIONS = ("cycles",)
