# SPDX-License-Identifier: MIT
"""Compiled choice of the component that answers each request."""

import numpy as np

from golden.kernels.compiled import compiled
from golden.kernels.streams import jump, leap

__all__ = ["any_outside", "choose"]


@compiled()
def any_outside(requests, classes):
    """Return whether any of the requests, a vector of int64, is not in ``0..classes - 1``."""
    outside = False
    for label in requests:
        outside |= label < 0 or label >= classes
    return outside


@compiled()
def choose(components, requests, counts, thresholds, powers, state, taps):
    """Choose the component of each request with a random word.

    Parameters
    ----------
    components : ndarray of shape (n,), int64
        Memory for the chosen components.
    requests : ndarray of shape (n,), int64
        Classes.
    counts : ndarray of shape (classes,), int64
        Number of components of each class.
    thresholds : ndarray of shape (components - classes,), uint16
        Cumulative weights of all components of a class but the last, class after class.
    powers : ndarray of shape (64, 64), uint64
        Matrices of the LFSR of the choice (contract, 6), as in `jump`.
    state : uint64
        Its state before the first request.
    taps : ndarray of shape (4,), int64
        Highest first.

    Returns
    -------
    uint64
        State after the last request. Each one uses a word, even if K = 1.
    """
    if not len(thresholds):  # one component a class
        components[:] = requests
        return jump(powers, state, len(requests))
    firsts = np.cumsum(counts) - counts
    for i, label in enumerate(requests):
        word = state & np.uint64(0xFFFF)
        state = leap(state, taps, 16)
        component = firsts[label]
        # Each earlier class has one threshold less than components.
        cut = component - label
        for threshold in thresholds[cut : cut + counts[label] - 1]:
            component += threshold <= word
        components[i] = component
    return state
