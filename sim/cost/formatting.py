# SPDX-License-Identifier: MIT
"""Quantities as text for people: three digits and an SI prefix."""

from fractions import Fraction

from sim.cost.totals import Total

__all__ = ["bounds", "days", "nominal", "number", "si", "square_millimetres", "star"]

_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"),
             (1e-12, "p"), (1e-15, "f"), (1e-18, "a"))  # fmt: skip


def si(value: float | None, unit: str) -> str:
    """Return a quantity such as "273 uJ"; a dash for None."""
    if value is None:
        return "-"
    if value == 0:
        return f"0 {unit}"
    # A value that rounds to 1000 belongs to the next prefix.
    for factor, prefix in _PREFIXES:
        if abs(value) >= 0.9995 * factor:
            return f"{value / factor:.3g} {prefix}{unit}"
    return f"{value:.3g} {unit}"


def star(total: Total) -> str:
    """Return a star for a sum that lacks values, an empty text for a complete one."""
    return "*" if total.missing else ""


def bounds(total: Total, unit: str) -> list[str]:
    """Return low, nominal and high: dashes if no value is known, with a star if some are not."""
    if total.missing and not total.nominal:
        return ["-"] * 3
    return [si(value, unit) + star(total) for value in (total.low, total.nominal, total.high)]


def nominal(total: Total | None, unit: str) -> str:
    """Return the nominal value with the marks of `bounds`; a dash for None."""
    return "-" if total is None else bounds(total, unit)[1]


def square_millimetres(area: Total) -> str:
    """Return the nominal area (mm2) with the marks of `bounds`."""
    if area.missing and not area.nominal:
        return "-"
    return f"{area.nominal * 1e6:.3f}{star(area)}"


def number(value: float | Fraction | None) -> str:
    """Return a number with thousands separators and up to two decimals; a dash for None."""
    if value is None:
        return "-"
    return f"{float(value):,.0f}" if float(value).is_integer() else f"{float(value):,.2f}"


def days(seconds: float) -> str:
    """Return a time such as "a day" or "2.5 days"."""
    return "a day" if seconds == 86_400 else f"{seconds / 86_400:g} days"
