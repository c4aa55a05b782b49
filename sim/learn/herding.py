# SPDX-License-Identifier: MIT
"""Herding: the exemplars of a class in the order that keeps their mean nearest to that of all.

Exemplar number k is the sample x with the smallest ``|mu - (p + x) / k|``, where mu is the mean of
the n samples and p the sum of the earlier exemplars (iCaRL, Algorithm 4). No sample is chosen
twice. Among equal samples the first is chosen. A smaller memory takes the beginning of the order.

Let s be the sum of all samples. That distance times n k has the square ``|k s - n (p + x)|^2``. It
is smallest where ``2 (k s - n p) . x - n x . x`` is largest, an integer if the features are.

iCaRL scales every feature vector to length 1. Bits as -1 and +1 all have the same length, so this
changes no order. The article scales the mean, too. The public code of its authors
(srebuffi/iCaRL) and of others (PyCIL, Avalanche) does not. This module has both forms.
"""

from collections.abc import Callable
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from golden.bits import popcount, unpack
from golden.params.checks import check_integer

__all__ = ["herding", "herding_of_bits"]

Integers = NDArray[np.int64]

_FRACTION_BITS = 16  # fractional bits of the factor on a mean


def herding(features: NDArray[np.integer], count: int | None = None) -> Integers:
    """Return the herding order of samples with integer features.

    Parameters
    ----------
    features : ndarray of shape (n_samples, D), integers
        Features; ``2 n^2`` times the largest square length of a sample must be below 2^63.
    count : int, optional
        Exemplars wanted, 0..n_samples; all by default.

    Returns
    -------
    ndarray of shape (count,), int64
        Samples by number, the first exemplar first.

    Raises
    ------
    TypeError, ValueError
        If the features are not a table of integers, or the count is out of range.
    """
    if features.dtype.kind not in "iu" or features.ndim != 2:
        raise TypeError(
            f"Features must be a table of integers, one row a sample, not {features.dtype} "
            f"of shape {features.shape}"
        )
    x = features.astype(np.int64)
    return _order(x @ x.sum(axis=0), len(x), (x * x).sum(axis=1), lambda i: x @ x[i], count)


def herding_of_bits(
    packed: NDArray[np.uint64], features: int, count: int | None = None, normalized: bool = False
) -> Integers:
    """Return the herding order of packed samples; bits stand for -1 and +1.

    Parameters
    ----------
    packed : ndarray of shape (n_samples, ceil(D/64)), uint64
        Samples of a class.
    features : int
        D.
    count : int, optional
        Exemplars wanted, 0..n_samples; all by default.
    normalized : bool
        Whether the mean is scaled to the length of the samples, with a factor of 16 fractional bits
        (the article), or stays as it is (the public code).

    Returns
    -------
    ndarray of shape (count,), int64
        Samples by number, the first exemplar first.

    Raises
    ------
    TypeError, ValueError
        If the count is out of range, or the samples have another number of words.
    """
    n_samples = len(packed)
    bits = unpack(packed, features)
    total = 2 * bits.sum(axis=0, dtype=np.int64) - n_samples
    toward, unit = 2 * (bits @ total) - total.sum(), n_samples
    if normalized and total.any():
        length = isqrt((n_samples**2 * features << 2 * _FRACTION_BITS) // int(total @ total))
        toward, unit = length * toward, unit << _FRACTION_BITS
    squares = np.full(n_samples, features)
    return _order(
        toward, unit, squares, lambda i: features - 2 * popcount(packed ^ packed[i]), count
    )


def _order(
    toward: Integers,
    unit: int,
    squares: Integers,
    products: Callable[[int], Integers],
    count: int | None,
) -> Integers:
    """Choose exemplars greedily and return their numbers in order.

    Parameters
    ----------
    toward : ndarray of shape (n_samples,), int64
        Product of each sample with `unit` times the mean.
    unit : int
        Factor on the mean.
    squares : ndarray of shape (n_samples,), int64
        Product of each sample with itself.
    products : callable
        Takes the number of a sample and returns the products of all samples with it.
    count : int or None
        Number of exemplars; all if None.
    """
    wanted = len(toward) if count is None else count
    check_integer("Exemplars", wanted, 0, len(toward))
    order = np.empty(wanted, np.int64)
    past = np.zeros_like(toward)  # products with the sum of the exemplars chosen
    for k in range(1, wanted + 1):
        scores = 2 * (k * toward - unit * past) - unit * squares
        scores[order[: k - 1]] = np.iinfo(np.int64).min
        order[k - 1] = scores.argmax()
        past += products(order[k - 1])
    return order
