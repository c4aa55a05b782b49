# SPDX-License-Identifier: MIT
"""Schemas of the values in a technology table, each with unit, bounds, source and sureness."""

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
    "FactorRow",
    "LeakageRow",
    "MemoryEnergyRow",
    "PadRow",
    "Positive",
    "Source",
    "SourcedRow",
    "WireRow",
]

Positive = Annotated[float, Field(gt=0)]


class Source(Section):
    """A source of values.

    Attributes
    ----------
    citation : str
        What is cited: authors, title, place, year.
    url : str or null
        Where it is found.
    licence : str or null
        Under which licence.
    """

    citation: str
    url: str | None = None
    licence: str | None = None


class SourcedRow(Section):
    """A value with its unit, bounds, source and sureness.

    Attributes
    ----------
    value : float
        Nominal value.
    low : float or null
        Lower bound of the value; it is optional at sureness "H".
    high : float or null
        Upper bound of the value; it is optional at sureness "H".
    unit : str
        See `sim.cost.quantity.parse_unit`.
    kind : {"measured", "post_layout", "synthesis", "liberty", "model", "derived"}
        How the value was found. "derived" is arithmetic on published values, which the locator
        states.
    source : str
        Key of a source.
    locator : str
        Place in the source.
    sureness : {"H", "M", "L"}
        Confidence in the value: high, medium or low.
    node : float or null
        nm, if it differs from the table's. Such a value must be `scaled`, but for leakage, factors,
        the capacitance of wires and the energy of pads, which are taken as they stand.
    voltage : float or null
        V, if it differs from the table's. Such a value must be `scaled`, but for the same ones.
        Leakage may be given at the voltage at which a memory keeps its bits.
    scaled : bool
        Whether the value is scaled to the table's node by the rule of its kind, from
        `sim.cost.technology.scaling`.
    temp_c : float or null
        Degrees Celsius, where known.
    corner : str or null
        Name of the corner, where known.
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
    """Energy of an action, or of one bit of it."""

    DIMENSIONS = ("J", "J/bit")


class BitEnergyRow(EnergyRow):
    """Energy of an action per bit of its width."""

    DIMENSIONS = ("J/bit",)


class PadRow(BitEnergyRow):
    """Energy of a bit at the pads, which have a supply of their own."""


class MemoryEnergyRow(SourcedRow):
    """Energy of an access, per bit or with its width.

    Attributes
    ----------
    access_width_bits : int or null
        Width (bits) of the access, for an energy whose unit has no "/bit".
    """

    DIMENSIONS = ("J", "J/bit")
    access_width_bits: int | None = Field(default=None, ge=1)

    @pydantic.model_validator(mode="after")
    def _of_a_width(self) -> "MemoryEnergyRow":
        if self.unit.endswith("/bit") == (self.access_width_bits is not None):
            raise ValueError(
                "access_width_bits must be given with an energy per access, not with one per bit"
            )
        return self


class LeakageRow(SourcedRow):
    """Leakage of a cell: its power without a clock."""

    DIMENSIONS = ("W",)


class BitLeakageRow(LeakageRow):
    """Leakage of a bit."""

    DIMENSIONS = ("W/bit",)


class FactorRow(SourcedRow):
    """A factor without a unit."""

    DIMENSIONS = ("1",)


class WireRow(SourcedRow):
    """Capacitance of a wire per length."""

    DIMENSIONS = ("F/m",)


class AreaRow(SourcedRow):
    """Area of a cell."""

    DIMENSIONS = ("m2",)


class BitAreaRow(AreaRow):
    """Area of a bit."""

    DIMENSIONS = ("m2/bit",)


class EnduranceRow(SourcedRow):
    """Number of writes that a memory cell survives."""

    DIMENSIONS = ("cycles",)
