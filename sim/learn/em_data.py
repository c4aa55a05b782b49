# SPDX-License-Identifier: MIT
"""Weighted binary samples, in the form in which the steps of EM take them."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from golden.kernels.bit_rows import BitRows

__all__ = ["Binary", "scale_weights"]

Reals = NDArray[np.float64]


class Binary:
    """Weighted binary samples, packed by rows and by columns, because an iteration needs both.

    Parameters
    ----------
    bits : ndarray of shape (N, D), uint8 in {0, 1}
        Samples.
    weights : ndarray of shape (N,), float64, optional
        Relative weight of each sample; all are equal by default.

    Attributes
    ----------
    weights : ndarray of shape (N,), float64, or None
        Weights scaled into 0..1 by a power of two, which loses no bit.
    total : float
        Sum of the scaled weights, or N.
    count : float
        Sum of the weights as given, but at least the number of samples of a weight above 0.
    samples : BitRows of shape (N, D)
        One row a sample.
    features : BitRows of shape (D + 1, N)
        One row a feature, then a row of ones. The product with the ones is a sum over all samples
        in the same order as the other products, and rounding is monotone. So no mean exceeds 1, and
        the mean of a feature that is always 1 is exactly 1.
    """

    def __init__(self, bits: NDArray[np.uint8], weights: Reals | None = None) -> None:
        self.samples = BitRows(bits)
        self.features = BitRows(bits.T, ones=True)
        self.weights, self.total, self.count = scale_weights(weights, len(bits))

    @property
    def every_weight(self) -> Reals:
        """Weight of each sample, of shape (N,); ones where none were given."""
        return np.ones(self.samples.shape[0]) if self.weights is None else self.weights

    @cached_property
    def centroid(self) -> Reals:
        """Weighted mean of the samples, of shape (1, D)."""
        return self.features.dot(self.every_weight[np.newaxis])[:, :-1] / self.total

    def mean(self, values: Reals) -> float:
        """Return the weighted mean of one value a sample."""
        weighted = values if self.weights is None else values * self.weights
        return float(weighted.sum() / self.total)


def scale_weights(weights: Reals | None, n_samples: int) -> tuple[Reals | None, float, float]:
    """Return `weights`, `total` and `count` of a `Binary`."""
    if weights is None:
        return None, float(n_samples), float(n_samples)
    # As many samples as the weights say, but no fewer than there are of a weight above 0.
    with np.errstate(over="ignore"):
        count = max(float(weights.sum()), float(np.count_nonzero(weights)))
    weights = np.ldexp(weights, -int(np.frexp(weights.max())[1]))
    return weights, float(weights.sum()), count
