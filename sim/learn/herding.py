# SPDX-License-Identifier: MIT
"""Herding: the exemplars of a class, in the order that keeps their mean nearest to that of all.

Exemplar number k is the sample x that makes ``|mu - (p + x) / k|`` least, where mu is the mean of
the n samples and p the sum of the exemplars before it (iCaRL, Algorithm 4). No sample is chosen
twice, of equals the first is. The beginning of the order is the choice of a smaller memory.

With s the sum of all samples, that distance times n k has the square ``|k s - n (p + x)|^2``, least
where ``2 (k s - n p) . x - n x . x`` is largest: integers, whatever the features, if they are.

iCaRL scales every feature vector to length 1. Bits as -1 and +1 have one length, so this changes
no order. The article scales the mean, too; the public code of its authors (srebuffi/iCaRL) and of
others (PyCIL, Avalanche) leaves it inside the sphere. Both are here.
"""

from collections.abc import Callable
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from golden.bits import popcount, unpack
from golden.params.checks import check_integer

__all__ = ["herding", "herding_of_bits"]

Integers = NDArray[np.int64]

_FRACTION_BITS = 16  # of the factor that brings a mean to the length of its samples


def herding(features: NDArray[np.integer], count: int | None = None) -> Integers:
    """Return the herding order of samples with integer features.

    Parameters
    ----------
    features : ndarray of shape (n_samples, D), integers
        Below 2^63 in ``2 n^2`` times the largest square length of a sample.
    count : int, optional
        Exemplars wanted, 0..n_samples; all by default.

    Returns
    -------
    ndarray of shape (count,), int64
        Samples by number, the first exemplar first.

    Raises
    ------
    TypeError, ValueError
        If the features are no table of integers, or the count is out of range.
    """
    if features.dtype.kind not in "iu" or features.ndim != 2:
        raise TypeError(
            f"Features must be a table of integers, a row a sample, not {features.dtype} "
            f"of shape {features.shape}"
        )
    x = features.astype(np.int64)
    return _order(x @ x.sum(axis=0), len(x), (x * x).sum(axis=1), lambda i: x @ x[i], count)


def herding_of_bits(
    packed: NDArray[np.uint64], features: int, count: int | None = None, normalized: bool = False
) -> Integers:
    """Return the herding order of packed samples, bits standing for -1 and +1.

    Parameters
    ----------
    packed : ndarray of shape (n_samples, ceil(D/64)), uint64
    features : int
        D.
    count : int, optional
        Exemplars wanted, 0..n_samples; all by default.
    normalized : bool
        Whether the mean is brought to the length of the samples, by a factor of 16 fractional bits
        (the article), or left as it is (public code).

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
    """Choose greedily.

    `toward` is the product of each sample with `unit` times the mean, `squares` that with itself,
    and `products` gives those of all samples with one.
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
