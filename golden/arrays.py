# SPDX-License-Identifier: MIT
"""Checks of the arrays that blocks take. Messages name the array and say what would be right."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.bits import word_count

__all__ = [
    "check_bits",
    "check_exemplars",
    "check_label_vector",
    "check_labelled",
    "check_packed",
    "check_thresholds",
]


def check_bits(
    name: str, bits: Any, shape: tuple[int, ...], *, batch: bool = False
) -> NDArray[np.uint8]:
    """Return `bits` if it is a uint8 array of zeros and ones of `shape`.

    Parameters
    ----------
    name : str
        Name of the array in messages.
    bits : Any
        The array to check.
    shape : tuple of int
        Shape that it must have.
    batch : bool
        Whether any number of axes may lead those of `shape`.

    Raises
    ------
    TypeError
        If it is not a uint8 array.
    ValueError
        If its shape is wrong, or a value is neither 0 nor 1.
    """
    if not isinstance(bits, np.ndarray) or bits.dtype != np.uint8:
        raise TypeError(f"{name} must be a uint8 array, not {_kind(bits)}")
    leading = max(0, bits.ndim - len(shape)) if batch else 0
    if bits.shape[leading:] != shape:
        wanted = _last_axes(shape) if batch else shape
        raise ValueError(f"{name} must have the shape {wanted}, not {bits.shape}")
    if bits.size and bits.max() > 1:
        raise ValueError(f"{name} must be 0 or 1, not {bits.max()}")
    return bits


def check_label_vector(labels: ArrayLike) -> NDArray[np.int64]:
    """Return `labels` as int64 if it is a vector of integers; an empty one may have any dtype.

    Raises
    ------
    TypeError
        If a label is not an integer.
    ValueError
        If it does not have exactly one axis.
    """
    array = np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(f"Labels must have shape (n,), not {array.shape}")
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"Labels must be integers, not {array.dtype}")
    # A copy either way; to convert takes a small batch longer.
    return array.copy() if array.dtype == np.int64 else array.astype(np.int64)


def check_packed(name: str, words: Any, n: int) -> NDArray[np.uint64]:
    """Return `words` if its last axis holds packed vectors of `n` bits (contract, 1).

    Parameters
    ----------
    name : str
        Name of the array in messages.
    words : Any
        The array to check, of shape (..., ceil(n/64)).
    n : int
        Bits of a vector.

    Raises
    ------
    TypeError
        If it is not a uint64 array.
    ValueError
        If the last axis has the wrong number of words, or an unused bit is 1.
    """
    if not isinstance(words, np.ndarray) or words.dtype != np.uint64:
        raise TypeError(f"{name} must be a uint64 array, not {_kind(words)}")
    if words.ndim == 0 or words.shape[-1] != word_count(n):
        wanted = _last_axes((word_count(n),))
        raise ValueError(f"{name} of {n} bits must have the shape {wanted}, not {words.shape}")
    if n % 64 and (words[..., -1] >> np.uint64(n % 64)).any():
        raise ValueError(f"{name} of {n} bits must have unused bits of 0, not 1")
    return words


def check_exemplars(exemplars: Any, features: int) -> NDArray[np.uint64]:
    """Return packed exemplars, one in each row.

    Parameters
    ----------
    exemplars : Any
        The array to check, of shape (n, ceil(D/64)).
    features : int
        D.

    Raises
    ------
    TypeError, ValueError
        If they are not so.
    """
    packed = check_packed("Exemplars", exemplars, features)
    if packed.ndim != 2:
        raise ValueError(f"Exemplars must have one row each, not the shape {packed.shape}")
    return packed


def check_labelled(
    exemplars: Any, labels: ArrayLike, features: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return packed exemplars, and one label for each.

    Parameters
    ----------
    exemplars : Any
        The array to check, of shape (n, ceil(D/64)).
    labels : array-like of shape (n,), integers
    features : int
        D.

    Raises
    ------
    TypeError, ValueError
        If they are not so.
    """
    packed = check_packed("Exemplars", exemplars, features)
    vector = check_label_vector(labels)
    if packed.ndim != 2 or len(packed) != len(vector):
        raise ValueError(
            f"Exemplars must have one row for each of {len(vector)} labels, "
            f"not the shape {packed.shape}"
        )
    return packed, vector


def check_thresholds(name: str, thresholds: Any, outputs: int) -> NDArray[np.int32]:
    """Return the thresholds of the outputs as int32, in which they are stored.

    Parameters
    ----------
    name : str
        Name of the array in messages.
    thresholds : Any
        The array to check.
    outputs : int
        Thresholds that it must have.

    Returns
    -------
    ndarray of shape (outputs,), int32

    Raises
    ------
    TypeError
        If it is not an array of integers.
    ValueError
        If its shape is not ``(outputs,)``, or a value does not fit 32 bits.
    """
    if not isinstance(thresholds, np.ndarray) or thresholds.dtype.kind not in "iu":
        raise TypeError(f"{name} must be an integer array, not {_kind(thresholds)}")
    if thresholds.shape != (outputs,):
        raise ValueError(f"{name} must have the shape {(outputs,)}, not {thresholds.shape}")
    span = np.iinfo(np.int32)
    for extreme in (thresholds.min(), thresholds.max()):
        if not span.min <= extreme <= span.max:
            raise ValueError(f"{name} must be in {span.min}..{span.max}, not {extreme}")
    return thresholds.astype(np.int32)


def _kind(value: Any) -> str:
    """Return the dtype of an array, or the type of any other value."""
    return str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__


def _last_axes(shape: tuple[int, ...]) -> str:
    """Return a shape as text, with dots for the leading axes."""
    return f"(..., {', '.join(map(str, shape))})"
