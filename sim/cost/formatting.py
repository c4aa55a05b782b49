# SPDX-License-Identifier: MIT
"""Quantities as people read them: three figures and a prefix."""

from sim.cost.pricing import Total

__all__ = ["bounds", "number", "si"]

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


def bounds(total: Total, unit: str) -> list[str]:
    """Return low, nominal and high; a dash if nothing is known, a star if not everything."""
    if total.missing and not total.nominal:
        return ["-"] * 3
    star = "*" if total.missing else ""
    return [si(value, unit) + star for value in (total.low, total.nominal, total.high)]


def number(value: float) -> str:
    """Return a number with its thousands apart, a fraction to two places."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
