# SPDX-License-Identifier: MIT
"""Compiled transient errors: what reads of prototypes give, equal to `golden.faults.ReadErrors`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.faults import ReadErrors
from golden.kernels.compiled import compiled
from golden.params.sampling import SPLITMIX

__all__ = ["read_planes"]

_GROWTH, _FIRST, _SECOND = map(np.uint64, SPLITMIX)


def read_planes(
    errors: ReadErrors, planes: NDArray[np.uint64], first: int, features: int
) -> NDArray[np.uint64]:
    """Return the planes of prototypes as they are read one after another.

    Parameters
    ----------
    errors : ReadErrors
    planes : ndarray of shape (n, q, B), uint64
        For each read prototype, its planes as they lie in memory, the most significant first; bit l
        of a word is that of lane l.
    first : int
        Rows that were read before.
    features : int
        D. Lanes past it have no errors.

    Returns
    -------
    ndarray of shape (n, q, B), uint64
    """
    p = errors.params
    read = np.array(planes, np.uint64, order="C")
    chosen = np.zeros(p.width, np.bool_)
    chosen[list(p.failing_planes)] = True
    key, threshold = np.uint64(errors.key), np.uint64(p.threshold)
    _read(read, np.uint64(first), key, threshold, chosen, features, p.lanes)
    return read


@compiled()
def _read(
    planes: Any, first: Any, key: Any, threshold: Any, chosen: Any, features: Any, lanes: Any
) -> None:
    """Let cells fail in `planes`, row after row."""
    n, width, beats = planes.shape
    row, one, q = first, np.uint64(1), np.uint64(width)
    for vector in range(n):
        for beat in range(beats):
            live = min(lanes, features - beat * lanes)
            for plane in range(width):
                if chosen[plane]:
                    cell = row * np.uint64(lanes) * q + np.uint64(width - 1 - plane)
                    failing, stuck = np.uint64(0), np.uint64(0)
                    for lane in range(live):
                        z = key + (cell + np.uint64(lane) * q + one) * _GROWTH
                        z = (z ^ z >> np.uint64(30)) * _FIRST
                        z = (z ^ z >> np.uint64(27)) * _SECOND
                        z ^= z >> np.uint64(31)
                        fails = np.uint64(z >> np.uint64(32) < threshold)
                        failing |= fails << np.uint64(lane)
                        stuck |= (fails & z) << np.uint64(lane)
                    planes[vector, plane, beat] = planes[vector, plane, beat] & ~failing | stuck
            row += one
