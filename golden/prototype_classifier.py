# SPDX-License-Identifier: MIT
"""Classifier by prototypes: the component of the least cost names the class (contract, 15)."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import check_packed
from golden.bits import round_half_up, unpack
from golden.params import PrototypeClassifierParams
from golden.prototypes import Prototypes

__all__ = [
    "PrototypeClassifier",
    "hamming_table",
    "likelihood_table",
    "nearest",
    "nearest_mean_table",
]

Table = tuple[NDArray[np.int64], NDArray[np.int64]]


class PrototypeClassifier:
    """Compares pictures with all prototypes of a memory, by a table of costs.

    Parameters
    ----------
    params : PrototypeClassifierParams

    Attributes
    ----------
    weights, bases : ndarray of shape (2**(q-1),), int64
        The table: what a feature costs more if it differs from the likelier bit, and what it costs
        in any case. Only `load` writes them.
    empty : bool
        Error flag: a picture came while the memory had no class.
    """

    def __init__(self, params: PrototypeClassifierParams) -> None:
        self.params = params
        self.weights = np.zeros(params.table_rows, np.int64)
        self.bases = np.zeros(params.table_rows, np.int64)
        self.empty = False

    def load(self, weights: ArrayLike, bases: ArrayLike) -> None:
        """Replace the table.

        Parameters
        ----------
        weights, bases : array-like of shape (2**(q-1),), integers in ``0..2**t - 1``

        Raises
        ------
        TypeError, ValueError
            If an array has a wrong shape, dtype or range. The table stays as it was.
        """
        arrays = self._checked("Weights", weights), self._checked("Bases", bases)
        self.weights, self.bases = arrays

    def classify(
        self, prototypes: Prototypes, exemplars: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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

        Raises
        ------
        TypeError, ValueError
            If the pictures are no packed features, or the memory has other parameters.
        """
        p = self.params
        if prototypes.params != p.prototypes:
            raise ValueError(f"Memory must have {p.prototypes}, not {prototypes.params}")
        width = p.prototypes.features
        features = unpack(check_packed("Exemplars", exemplars, width), width)
        self.empty |= not prototypes.there and len(features) > 0
        return nearest(prototypes, features, self.costs, 2**p.cost_width - 1)

    def costs(self, codes: NDArray[np.uint16], features: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return what a component costs for features of shape (n, D): shape (n,)."""
        half, m = self.params.table_rows, codes.astype(np.int64)
        likelier = m >= half
        distance = np.where(likelier, m - half, half - 1 - m)
        differs = features != likelier
        return self.bases[distance].sum() + (differs * self.weights[distance]).sum(axis=-1)

    def _checked(self, name: str, values: ArrayLike) -> NDArray[np.int64]:
        """Return a column of the table as int64."""
        array, most = np.asarray(values), self.params.highest_entry
        if array.shape != (self.params.table_rows,):
            raise ValueError(
                f"{name} must have the shape ({self.params.table_rows},), not {array.shape}"
            )
        if array.dtype.kind not in "iu":
            raise TypeError(f"{name} must be integers in 0..{most}, not {array.dtype}")
        wrong = (array < 0) | (array > most)
        if wrong.any():
            raise ValueError(f"{name} must be integers in 0..{most}, not {array[wrong][0]}")
        return array.astype(np.int64)


def nearest(
    prototypes: Prototypes,
    features: NDArray[Any],
    costs_of: Callable[[NDArray[np.uint16], NDArray[Any]], NDArray[np.int64]],
    most: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the classes of the components of least cost, the first of equal ones, and the costs.

    Parameters
    ----------
    prototypes : Prototypes
        Memory of the components.
    features : ndarray of shape (n, D)
    costs_of : callable
        Takes the codes of a component, shape (D,), and the features; returns their costs, (n,).
    most : int
        The cost while no class is there; every other one is below it.

    Returns
    -------
    labels, costs : ndarray of shape (n,), int64
    """
    labels, costs = np.zeros(len(features), np.int64), np.full(len(features), most, np.int64)
    for label in prototypes.there:
        for codes in prototypes.codes_of(label):
            own = costs_of(codes, features)
            labels[own < costs] = label
            costs = np.minimum(costs, own)
    return labels, costs


def hamming_table(code_width: int) -> Table:
    """Return weights and bases by which a cost is the number of bits that differ."""
    rows = 2 ** (code_width - 1)
    return np.ones(rows, np.int64), np.zeros(rows, np.int64)


def nearest_mean_table(code_width: int) -> Table:
    """Return weights and bases by which a cost is the square distance to the means, times 4^q."""
    half = 2 ** (code_width - 1)
    i = np.arange(half, dtype=np.int64)
    return 2 ** (code_width + 1) * (i + 1), (half - 1 - i) ** 2


def likelihood_table(code_width: int) -> Table:
    """Return weights and bases by which a cost is -256 times the log-likelihood, rounded."""
    half = 2 ** (code_width - 1)
    levels = [(half + 1 + i) / 2**code_width for i in range(half - 1)]
    levels.append(1 - 2.0 ** -(code_width + 1))  # a mean of 1 is never certain
    weights = [256 * math.log(level / (1 - level)) for level in levels]
    bases = [-256 * math.log(level) for level in levels]
    return round_half_up(weights), round_half_up(bases)
