# SPDX-License-Identifier: MIT
"""CWR*: it consolidates the weights of the classifier after every experience (contract, 12).

It follows algorithm 1 of Lomonaco et al., "Rehearsal-Free Continual Learning over Small
Non-I.I.D. Batches" (2020), and its public code, the repository vlomonaco/ar1-pytorch.
"""

from collections.abc import Mapping
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_label_vector
from golden.params import CwrParams
from golden.params.training import SEEN_BITS, SHARE_BITS

__all__ = ["Cwr", "past_weight"]

Array = NDArray[Any]
Integers = NDArray[np.int64]

MOST_SEEN = 2**SEEN_BITS - 1  # the count of a class saturates here


class Cwr:
    """Consolidated weights, one row per class, and the number of samples behind each row.

    An experience begins with the temporary weights of `begin`, trains them, and ends with
    `consolidate`. This computes, for each class of the experience,

        wpast = sqrt(past / cur),   cw = (cw * wpast + tw - avg(tw)) / (wpast + 1),   past += cur

    Parameters
    ----------
    params : CwrParams

    Attributes
    ----------
    weights : ndarray of shape (C, F), int32 or float64
        cw, 0 at first.
    past : ndarray of shape (C,), int64
        Number of samples of each class from which its row has learned.
    """

    def __init__(self, params: CwrParams) -> None:
        self.params = params
        self.weights: Array = np.zeros(
            (params.classes, params.inputs), np.float64 if params.width == "float" else np.int32
        )
        self.past = np.zeros(params.classes, np.int64)

    def begin(self, classes: NDArray[np.integer]) -> Array:
        """Return the temporary weights tw of an experience, of shape (C, F).

        The rows of its classes are the consolidated weights, which are 0 for a class never seen.
        All other rows are 0.

        Parameters
        ----------
        classes : ndarray of shape (m,), integers
            Classes of the experience.
        """
        temporary = np.zeros_like(self.weights)
        temporary[classes] = self.weights[classes]
        return temporary

    def consolidate(self, temporary: Array, counts: NDArray[np.integer]) -> None:
        """End an experience: merge its trained weights into the consolidated ones.

        Parameters
        ----------
        temporary : ndarray of shape (C, F), of the dtype of the weights
            tw after training.
        counts : ndarray of shape (C,), integers
            cur, the number of samples of each class in the experience. Rows of classes without
            samples do not change.

        Raises
        ------
        ValueError
            If an array has another shape, or no class has a sample.
        """
        present = check_label_vector(counts)
        if temporary.shape != self.weights.shape:
            wanted = self.weights.shape
            raise ValueError(
                f"Temporary weights must have the shape {wanted}, not {temporary.shape}"
            )
        if len(present) != len(self.past) or (present < 0).any() or not present.any():
            raise ValueError(f"Counts must be {len(self.past)} numbers >= 0, one at least above 0")
        classes = np.flatnonzero(present)
        mix = _mix_reals if self.params.width == "float" else self._mix_codes
        axis = 1 if self.params.average == "row" else None
        self.weights[classes] = mix(
            self.weights[classes], temporary[classes], self.past[classes], present[classes], axis
        )
        self.past = np.minimum(self.past + present, MOST_SEEN)

    def state_dict(self) -> dict[str, Array]:
        """Return everything that `load_state` needs, as arrays."""
        return {"cwr_weights": self.weights.copy(), "cwr_past": self.past.copy()}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Continue, bit for bit, from where `state_dict` was called."""
        self.weights, self.past = state["cwr_weights"].copy(), state["cwr_past"].copy()

    def _mix_codes(
        self, kept: Array, trained: Array, past: Integers, present: Integers, axis: int | None
    ) -> Integers:
        """Return consolidated codes; divisions round to the nearest integer, halves to even."""
        wide = trained.astype(np.int64)
        terms = wide.size if axis is None else wide.shape[1]
        centred = wide - _divide(wide.sum(axis=axis, keepdims=True), terms)
        pairs = zip(past.tolist(), present.tolist(), strict=True)
        share = np.array([[past_weight(before, now)] for before, now in pairs], np.int64)
        mixed = kept.astype(np.int64) * share + (centred << SHARE_BITS)
        highest = 2 ** (int(self.params.width) - 1) - 1
        return np.clip(_divide(mixed, share + (1 << SHARE_BITS)), -highest - 1, highest)


def past_weight(past: int, present: int) -> int:
    """Return ``sqrt(past / present)`` in units of ``2^-8``, rounded down."""
    return isqrt((past << 2 * SHARE_BITS) // present)


def _mix_reals(
    kept: Array, trained: Array, past: Integers, present: Integers, axis: int | None
) -> Array:
    """Return consolidated real weights."""
    share = np.sqrt(past / present)[:, np.newaxis]
    return (kept * share + trained - trained.mean(axis=axis, keepdims=True)) / (share + 1)


def _divide(numerators: Integers, divisors: Integers | int) -> Integers:
    """Return quotients by positive divisors, rounded to the nearest integer; halves to even."""
    floors = numerators // divisors
    twice = 2 * (numerators - floors * divisors)
    return floors + ((twice > divisors) | ((twice == divisors) & (floors & 1 == 1)))
