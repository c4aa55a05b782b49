# SPDX-License-Identifier: MIT
"""The split of data that come without one: one of so many samples of a class is for the test."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["TEST_EVERY", "one_of"]

#: Samples of a class of which one is for the test, in data that a user brings; as in CIFAR.
TEST_EVERY = 6


def one_of(labels: NDArray[np.int64], every: int) -> NDArray[np.bool_]:
    """Return which samples are for the test: ``i`` of a class iff ``i mod every == every - 1``.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
        Class of each sample; those of a class count from 0, in the order of the data.
    every : int

    Returns
    -------
    ndarray of shape (n_samples,), bool
    """
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    rank = np.empty(len(labels), np.int64)
    rank[order] = np.arange(len(labels)) - np.searchsorted(ordered, ordered)
    return rank % every == every - 1
