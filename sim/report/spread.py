# SPDX-License-Identifier: MIT
"""Mean and spread of the results of several runs, and whether a difference is more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

__all__ = ["CONFIDENCE", "Spread"]

#: Confidence of `Spread.margin` and `Spread.clear`.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation over runs.

    Parameters
    ----------
    mean : float
        Mean of the values.
    deviation : float or None
        Sample standard deviation; None for a single run, which has no spread.
    count : int
        Number of runs.
    """

    mean: float
    deviation: float | None
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return mean and spread of values, one for every run."""
        deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return cls(float(np.mean(values)), deviation, len(values))

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean; None for a single run."""
        return None if self.deviation is None else self.deviation / self.count**0.5

    @property
    def margin(self) -> float | None:
        """Half the 95 % confidence interval of the mean (Student's t); None for a single run."""
        if not self.standard_error:  # equal values leave no doubt
            return self.standard_error
        return float(stdtrit(self.count - 1, (1 + CONFIDENCE) / 2)) * self.standard_error

    @property
    def clear(self) -> bool:
        """Whether the 95 % confidence interval of the mean leaves out 0 (Student's t, two-sided).

        Of differences between paired runs, this is the paired t-test. A single run has no interval:
        any number but 0 is clear then.
        """
        return abs(self.mean) > (self.margin or 0)

    def percent(self) -> str:
        """Return mean and spread of a share as text, in per cent."""
        return f"{100 * self.mean:.1f}{self._plus_minus()}"

    def points(self) -> str:
        """Return mean and spread of a difference of shares as text, in signed percentage points."""
        return f"{100 * self.mean:+.1f}{self._plus_minus()}"

    def _plus_minus(self) -> str:
        return "" if self.deviation is None else f" ± {100 * self.deviation:.1f}"
