# SPDX-License-Identifier: MIT
"""Classification by scores that are linear in the bits of a sample."""

import numpy as np
from numpy.typing import NDArray

from golden.bits import unpack
from sim.replay.base import Labels, Packed

__all__ = ["best_row"]

CHUNK = 1024  # samples scored at a time, to bound the unpacked bits in memory


def best_row(
    exemplars: Packed, features: int, weights: NDArray[np.number], constants: NDArray[np.number]
) -> Labels:
    """Return the row with the highest score for each sample; the lowest row if scores are equal.

    The score of row i for the bits x is ``weights[i] . x + constants[i]``, computed in double
    precision. Integers are exact in any order if no sum of some of a row's weights, with or
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
    columns = weights.T.astype(np.float64)
    winners = np.empty(len(exemplars), np.int64)
    for start in range(0, len(exemplars), CHUNK):
        part = slice(start, start + CHUNK)
        scores = unpack(exemplars[part], features).astype(np.float64) @ columns + constants
        winners[part] = scores.argmax(axis=1)
    return winners
