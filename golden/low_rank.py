# SPDX-License-Identifier: MIT
"""Low-rank discriminant: the nearest prototype in a metric of all classes (contract, 18)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import check_packed
from golden.bits import unpack
from golden.params import LowRankParams
from golden.params.checks import check_integer
from golden.prototype_classifier import nearest
from golden.prototypes import Prototypes

__all__ = ["LowRank"]

Integers = NDArray[np.int64]

COST_BITS = 53  # bits of a cost without its sign; no sum on the way to it has more


class LowRank:
    """Compares pictures with all prototypes of a memory, in the metric ``2^s I - C^T F C``.

    Parameters
    ----------
    params : LowRankParams

    Attributes
    ----------
    basis : ndarray of shape (R, D), int64
        C, one direction a row. Only `load` writes the metric.
    factors : ndarray of shape (R,), int64
        Diagonal of F.
    exponent : int
        s.
    empty : bool
        Error flag: a picture came while the memory had no class.
    """

    def __init__(self, params: LowRankParams) -> None:
        self.params = params
        self.basis = np.zeros((params.rank, params.prototypes.features), np.int64)
        self.factors = np.zeros(params.rank, np.int64)
        self.exponent = 0
        self.empty = False

    def load(self, basis: ArrayLike, factors: ArrayLike, exponent: int) -> None:
        """Replace the metric.

        Parameters
        ----------
        basis : array-like of shape (R, D), integers
            -1 or +1, or of a magnitude up to ``2^(b-1) - 1`` in b bits.
        factors : array-like of shape (R,), integers >= 0 of `factor_width` bits
        exponent : int
            s, 0..52.

        Raises
        ------
        TypeError, ValueError
            If an array has a wrong shape, dtype or range, or if sums would need more than 53 bits.
            The metric stays as it was.
        """
        p, memory = self.params, self.params.prototypes
        check_integer("Exponent s", exponent, 0, COST_BITS - 1)
        low = -p.highest_entry
        rows = _checked("Basis", basis, (p.rank, memory.features), low, p.highest_entry)
        if p.basis_width == 1 and not rows.all():
            raise ValueError("Basis must be -1 or 1 where it has one bit, not 0")
        weights = _checked("Factors", factors, (p.rank,), 0, 2**p.factor_width - 1)
        gains = (weights * np.abs(rows @ rows.T).sum(axis=1)).max(initial=0)
        largest = 3 * 4**memory.code_width * memory.features * max(2**exponent, int(gains))
        if largest >= 2**COST_BITS:
            raise ValueError(f"Metric must keep sums below 2^{COST_BITS}, not {largest}")
        self.basis, self.factors, self.exponent = rows, weights, exponent

    def classify(
        self, prototypes: Prototypes, exemplars: NDArray[np.uint64]
    ) -> tuple[Integers, Integers]:
        """Return the classes of pictures, and the costs of their nearest components.

        Parameters
        ----------
        prototypes : Prototypes
            Memory of the same parameters.
        exemplars : ndarray of shape (n, ceil(D/64)), uint64
            Features, packed.

        Returns
        -------
        labels, costs : ndarray of shape (n,), int64
            While no class is there, class 0 and the cost ``2^53 - 1``.

        Raises
        ------
        TypeError, ValueError
            If the pictures are no packed features, or the memory has other parameters.
        """
        memory = self.params.prototypes
        if prototypes.params != memory:
            raise ValueError(f"Memory must have {memory}, not {prototypes.params}")
        packed = check_packed("Exemplars", exemplars, memory.features)
        features = unpack(packed, memory.features).astype(np.int64)
        self.empty |= not prototypes.there and len(features) > 0
        return nearest(prototypes, features, self.costs, 2**COST_BITS - 1)

    def costs(self, codes: NDArray[np.uint16], features: Integers) -> Integers:
        """Return the costs of a component for features of shape (n, D): shape (n,)."""
        q, m = self.params.prototypes.code_width, codes.astype(np.int64)
        u = m + (m >> (q - 1))
        squares = (((features << q) - u) ** 2).sum(axis=1)
        projections = (features @ self.basis.T << q) - u @ self.basis.T
        return (squares << self.exponent) - projections**2 @ self.factors


def _checked(name: str, given: ArrayLike, shape: tuple[int, ...], low: int, high: int) -> Integers:
    """Return a part of the metric as int64."""
    array = np.asarray(given)
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, not {array.shape}")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers in {low}..{high}, not {array.dtype}")
    wrong = (array < low) | (array > high)
    if wrong.any():
        raise ValueError(f"{name} must be integers in {low}..{high}, not {array[wrong][0]}")
    return array.astype(np.int64)
