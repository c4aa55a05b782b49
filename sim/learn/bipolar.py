# SPDX-License-Identifier: MIT
"""Bits as the numbers -1 and +1, for trainings that multiply them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["bipolar", "signs"]

Array = NDArray[np.float32]

# The eight values that a byte of packed bits stands for.
_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1, bitorder="little")
_VALUES = 2 * _BITS.astype(np.float32) - 1


def bipolar(packed: NDArray[np.uint64], features: int) -> Array:
    """Unpack bits to -1 and +1.

    Parameters
    ----------
    packed : ndarray of shape (n_samples, ceil(features/64)), uint64
    features : int

    Returns
    -------
    ndarray of shape (n_samples, features), float32
    """
    octets = np.ascontiguousarray(packed).astype("<u8", copy=False).view(np.uint8)
    return _VALUES.take(octets, axis=0).reshape(*packed.shape[:-1], -1)[..., :features]


def signs(values: NDArray[Any]) -> Array:
    """Return +1 where a value is >= 0, else -1 (contract: sign(0) = +1).

    Parameters
    ----------
    values : ndarray of shape (...), any number

    Returns
    -------
    ndarray of shape (...), float32
    """
    result = (values >= 0).astype(np.float32)
    result *= 2
    result -= 1
    return result
