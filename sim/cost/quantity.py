# SPDX-License-Identifier: MIT
"""Numbers with units: a parser for texts such as "fJ/bit", conversion to SI, and ranges."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = ["Range", "Sureness", "Unit", "column_in_si", "parse_unit"]

Sureness = Literal["H", "M", "L"]

_PREFIXES = {
    "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9,
}  # fmt: skip
_DIMENSIONS = ("J", "W", "m2", "m", "s", "V", "F/m", "F", "cycles", "1")
_UNIT = re.compile(rf"([{''.join(_PREFIXES)}]?)({'|'.join(_DIMENSIONS)})(/bit)?")


@dataclass(frozen=True)
class Unit:
    """A unit: a power of ten times an SI unit.

    Attributes
    ----------
    exponent : int
        Exponent of the power of ten that converts to the SI unit.
    dimension : str
        SI unit: one of J, W, m2, m, s, V, F/m, F, cycles or 1, optionally followed by "/bit".
    """

    exponent: int
    dimension: str

    def to_si(self, value: float) -> float:
        """Return a number of these units in SI, as the double nearest to the decimal result."""
        return float(Decimal(repr(value)).scaleb(self.exponent))


def parse_unit(text: str) -> Unit:
    """Read a unit.

    Parameters
    ----------
    text : str
        An SI unit, optionally with a prefix from a to G and optionally per bit: "pJ", "fJ/bit",
        "um2".

    Raises
    ------
    ValueError
        If the text is not such a unit.
    """
    match = _UNIT.fullmatch(text)
    if match is None:
        raise ValueError(
            f"unit must be one of {', '.join(_DIMENSIONS)}, optionally with a prefix and /bit, "
            f"such as fJ/bit, not {text!r}"
        )
    prefix, base, per_bit = match.groups(default="")
    # A prefix of m2 belongs to the metre, so it is squared, too.
    exponent = _PREFIXES[prefix] * (2 if base == "m2" else 1)
    return Unit(exponent, base + per_bit)


def column_in_si(column: str, text: str) -> float:
    """Return the SI value of a number from a column named after its unit, such as "area_um2".

    Raises
    ------
    ValueError
        If the text is not a number.
    """
    return parse_unit(column.rpartition("_")[2]).to_si(float(text))


@dataclass(frozen=True, kw_only=True)
class Range:
    """A quantity that is known to lie between two bounds.

    Attributes
    ----------
    low, nominal, high : float
        SI units. All three are equal where the quantity is certain.
    source : str
        Key of the source in its table.
    sureness : {"H", "M", "L"}
        Confidence in the value: high, medium or low.
    """

    low: float
    nominal: float
    high: float
    source: str
    sureness: Sureness = "H"

    def __post_init__(self) -> None:
        if not self.low <= self.nominal <= self.high:
            raise ValueError(
                f"low, nominal and high must be in order, not {self.low:g}, {self.nominal:g}, "
                f"{self.high:g}"
            )

    @classmethod
    def exactly(cls, value: float, source: str) -> "Range":
        """Return a quantity that is certain, with equal bounds."""
        return cls(low=value, nominal=value, high=value, source=source)

    def __mul__(self, factor: float) -> "Range":
        """Return the range times a number >= 0."""
        return Range(
            low=self.low * factor,
            nominal=self.nominal * factor,
            high=self.high * factor,
            source=self.source,
            sureness=self.sureness,
        )

    __rmul__ = __mul__

    def __add__(self, other: "Range") -> "Range":
        """Return the sum of two quantities of the same source; their bounds add up."""
        if other.source != self.source:
            raise ValueError(
                f"Ranges to add must have one source, not {self.source}, {other.source}"
            )
        return Range(
            low=self.low + other.low,
            nominal=self.nominal + other.nominal,
            high=self.high + other.high,
            source=self.source,
            sureness=max(self.sureness, other.sureness, key="HML".index),
        )
