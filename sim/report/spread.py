# SPDX-License-Identifier: MIT
"""Mean and spread of the results of several runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Spread"]


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation over seeds.

    Parameters
    ----------
    mean : float
        Mean of the values.
    deviation : float or None
        Sample standard deviation; None for a single seed, which has no spread.
    count : int
        Number of seeds.
    """

    mean: float
    deviation: float | None
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return mean and spread of values, one for every seed."""
        deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return cls(float(np.mean(values)), deviation, len(values))

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean; None for a single seed."""
        return None if self.deviation is None else self.deviation / self.count**0.5

    def percent(self) -> str:
        """Return mean and spread of a share as text, in per cent."""
        return f"{100 * self.mean:.1f}{self._plus_minus()}"

    def points(self) -> str:
        """Return mean and spread of a difference of shares as text, in signed percentage points."""
        return f"{100 * self.mean:+.1f}{self._plus_minus()}"

    def _plus_minus(self) -> str:
        return "" if self.deviation is None else f" ± {100 * self.deviation:.1f}"
