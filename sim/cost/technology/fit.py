# SPDX-License-Identifier: MIT
"""Formulas for values of memories, fitted to macros by least squares of the relative errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.cost.quantity import Range

__all__ = ["Fit"]

#: Depth, width and value of a macro.
Sample = tuple[int, int, float]


@dataclass(frozen=True)
class Fit:
    """A fitted formula.

    Attributes
    ----------
    powers : tuple of (int, int)
        Powers of depth and width in each term.
    coefficients : tuple of float
        Coefficient of each term.
    mean, worst : float
        Mean and largest relative error over the fitted macros.
    samples : int
        Number of fitted macros.
    """

    powers: tuple[tuple[int, int], ...]
    coefficients: tuple[float, ...]
    mean: float
    worst: float
    samples: int

    @classmethod
    def energy(cls, samples: Sequence[Sample]) -> "Fit":
        """Fit a + w (b + c d): a word line, and bit lines whose length grows with the depth."""
        return cls._of(((0, 0), (0, 1), (1, 1)), samples)

    @classmethod
    def area(cls, samples: Sequence[Sample]) -> "Fit":
        """Fit a + b w + c d + e w d: terms for control, columns, rows and cells."""
        return cls._of(((0, 0), (0, 1), (1, 0), (1, 1)), samples)

    def __call__(self, depth: int, width: int) -> float:
        """Return the value of the formula for a memory of so many rows and bits a row."""
        terms = (depth**d * width**w for d, w in self.powers)
        return sum(c * term for c, term in zip(self.coefficients, terms, strict=True))

    def holds_at(self, depth: int, width: int) -> bool:
        """Whether the fit has more macros than terms, and its bounds at this size are > 0."""
        return len(self.powers) < self.samples and self.worst < 1 and self(depth, width) > 0

    def range_at(self, depth: int, width: int, source: str) -> Range:
        """Return the value of the formula, with bounds at its worst relative error.

        Parameters
        ----------
        depth, width : int
            Rows of a macro, and bits of a row.
        source : str
            Key of the source of the macros that were fitted.
        """
        value = self(depth, width)
        return Range(
            low=value * (1 - self.worst),
            nominal=value,
            high=value * (1 + self.worst),
            source=source,
            sureness="L",
        )

    @classmethod
    def _of(cls, powers: tuple[tuple[int, int], ...], samples: Sequence[Sample]) -> "Fit":
        depth, width, value = np.array(samples, float).T
        terms = np.stack([depth**d * width**w for d, w in powers], axis=1)
        relative = terms / value[:, None]
        coefficients = np.linalg.lstsq(relative, np.ones(len(value)), rcond=None)[0]
        errors = np.abs(relative @ coefficients - 1)
        return cls(
            powers=powers,
            coefficients=tuple(coefficients.tolist()),
            mean=float(errors.mean()),
            worst=float(errors.max()),
            samples=len(value),
        )
