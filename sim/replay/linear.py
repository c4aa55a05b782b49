# SPDX-License-Identifier: MIT
"""Classification by scores that are linear in the bits of a sample."""

import numpy as np
from numpy.typing import NDArray

from golden.bits import unpack
from sim.replay.base import Labels, Packed

__all__ = ["best_row", "distinct_rows"]

CHUNK = 1024  # samples scored at a time, to bound the unpacked bits in memory


def best_row(
    exemplars: Packed, features: int, weights: NDArray[np.number], constants: NDArray[np.number]
) -> Labels:
    """Return the row with the highest score for each sample; the lowest row if scores are equal.

    Equal rows have equal scores, wherever they lie: which order BLAS adds a row up in can depend on
    its place. The score of row i for the bits x is ``weights[i] . x + constants[i]``, computed in
    double precision. Integers are exact in any order if no sum of some of a row's weights, with or
    without its constant, reaches 2^53.

    Parameters
    ----------
    exemplars : ndarray of shape (n_samples, ceil(D/64)), uint64
        Packed samples.
    features : int
        D.
    weights : ndarray of shape (n_rows, D)
        One weight a bit.
    constants : ndarray of shape (n_rows,)
        What every score begins with.

    Returns
    -------
    ndarray of shape (n_samples,), int64
    """
    kept, _ = distinct_rows(np.column_stack([weights, constants]))
    columns, constants = weights[kept].T.astype(np.float64), constants[kept]
    winners = np.empty(len(exemplars), np.int64)
    for start in range(0, len(exemplars), CHUNK):
        part = slice(start, start + CHUNK)
        scores = unpack(exemplars[part], features).astype(np.float64) @ columns + constants
        winners[part] = kept[scores.argmax(axis=1)]
    return winners


def distinct_rows(rows: NDArray[np.number]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the rows of a matrix that no row before them equals.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, width)

    Returns
    -------
    kept : ndarray of shape (n_distinct,), int64
        Where these rows are, in ascending order.
    which : ndarray of shape (n_rows,), int64
        For each row, the place in `kept` of the row that it equals.
    """
    _, first, group = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    kept = np.sort(first)
    return kept, np.searchsorted(kept, first[group.reshape(-1)])
