# SPDX-License-Identifier: MIT
"""Bit order, packing and rounding (contract, 1)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["pack", "popcount", "round_half_up", "unpack", "word_count"]


def word_count(n: int) -> int:
    """Return the number of 64-bit words that hold `n` bits."""
    return -(-n // 64)


def pack(bits: ArrayLike) -> NDArray[np.uint64]:
    """Pack the last axis of an array: element ``j`` is bit ``j mod 64`` of word ``j div 64``.

    Parameters
    ----------
    bits : array-like of shape (..., n), values 0 and 1

    Returns
    -------
    ndarray of shape (..., ceil(n/64)), uint64
        Unused bits are 0.

    Raises
    ------
    ValueError
        If a value is neither 0 nor 1, or there is no axis.
    """
    array = np.asarray(bits)
    if array.ndim == 0:
        raise ValueError("Bits must be an array of at least one axis, not a scalar")
    if array.dtype != np.bool_ and array.size and not np.isin(array, (0, 1)).all():
        wrong = array[~np.isin(array, (0, 1))].flat[0]
        raise ValueError(f"Bits must be 0 or 1, not {wrong!r}")
    n = array.shape[-1]
    octets = np.zeros((*array.shape[:-1], 8 * word_count(n)), np.uint8)
    octets[..., : -(-n // 8)] = np.packbits(array.astype(np.uint8), axis=-1, bitorder="little")
    return octets.view("<u8").astype(np.uint64, copy=False)


def unpack(words: NDArray[np.uint64], n: int) -> NDArray[np.uint8]:
    """Undo `pack`: return the first `n` bits of every packed vector.

    Parameters
    ----------
    words : ndarray of shape (..., ceil(n/64)), uint64
    n : int

    Returns
    -------
    ndarray of shape (..., n), uint8 in {0, 1}

    Raises
    ------
    ValueError
        If the last axis has another number of words.
    """
    if words.dtype != np.uint64 or words.shape[-1] != word_count(n):
        raise ValueError(
            f"Packed vectors of {n} bits must be uint64 with {word_count(n)} words, "
            f"not {words.dtype} with {words.shape[-1]}"
        )
    octets = np.ascontiguousarray(words).astype("<u8", copy=False).view(np.uint8)
    return np.unpackbits(octets, axis=-1, count=n, bitorder="little")


def popcount(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the number of ones in every packed vector, that is, over the last axis."""
    return np.bitwise_count(words).sum(axis=-1, dtype=np.int64)


def round_half_up(x: ArrayLike) -> NDArray[np.int64]:
    """Return ``floor(x + 1/2)``, the contract's rounding."""
    return np.floor(np.asarray(x, np.float64) + 0.5).astype(np.int64)
