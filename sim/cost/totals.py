# SPDX-License-Identifier: MIT
"""Sums of ranges, with the number of values that they lack."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sim.cost.quantity import Range

__all__ = ["Total", "total"]


@dataclass(frozen=True, kw_only=True)
class Total:
    """A sum of ranges. Its bounds assume that all lines are at their bounds at once.

    Attributes
    ----------
    low, nominal, high : float
        SI units.
    missing : int
        Number of lines without a value. The sum leaves them out.
    """

    low: float = 0.0
    nominal: float = 0.0
    high: float = 0.0
    missing: int = 0

    @classmethod
    def of(cls, each: Range | None, times: float = 1.0) -> "Total":
        """Return a quantity times a number; None stands for a value that is not stated."""
        if each is None:
            return cls(missing=1)
        return cls(low=times * each.low, nominal=times * each.nominal, high=times * each.high)

    @classmethod
    def exactly(cls, value: float) -> "Total":
        """Return a sum that is known exactly (SI)."""
        return cls(low=value, nominal=value, high=value)

    def __add__(self, other: "Total") -> "Total":
        return Total(
            low=self.low + other.low,
            nominal=self.nominal + other.nominal,
            high=self.high + other.high,
            missing=self.missing + other.missing,
        )

    def __mul__(self, factor: float) -> "Total":
        """Return the sum times a number >= 0."""
        return replace(
            self,
            low=self.low * factor,
            nominal=self.nominal * factor,
            high=self.high * factor,
        )


def total(totals: Iterable[Total]) -> Total:
    """Return the sum of some totals."""
    return sum(totals, Total())
