# SPDX-License-Identifier: MIT
"""The inverse of a covariance in integers: the identity less a few directions.

A covariance with the leading eigenvalues l_i and eigenvectors v_i, and with the variance s2 in
every other direction, has the inverse

    (I - sum_i d_i v_i v_i^T) / s2,  d_i = 1 - s2 / l_i

(Woodbury). The factor 1/s2 changes no order of distances. Here integers c_i stand for the
eigenvectors, and their lengths go into the factors, which are multiples of 2^-s.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.bits import round_half_up
from golden.params.checks import check_integer

__all__ = [
    "LowRankMetric",
    "class_correlations",
    "direction_codes",
    "leading_directions",
    "within_class_covariance",
]

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]

EXACT = 2**53  # double precision holds every integer below


@dataclass(frozen=True)
class LowRankMetric:
    """The symmetric matrix ``M = 2^s I - C^T F C`` of integers.

    Parameters
    ----------
    basis : ndarray of shape (R, D), int64
        C, one direction a row.
    factors : ndarray of shape (R,), int64
        Diagonal of F, at least 0.
    exponent : int
        s.
    """

    basis: Integers
    factors: Integers
    exponent: int

    @classmethod
    def of(
        cls,
        covariance: Reals,
        *,
        rank: int,
        shrinkage: float,
        code_width: int,
        basis_width: int,
        factor_width: int,
    ) -> "LowRankMetric":
        """Return the metric that is nearest to the inverse of a covariance, up to a factor.

        The largest entry of every direction becomes the largest code, because the factors bear
        the lengths. Codes of one bit are signs. The exponent s is the largest one for which the
        factors have their width, and for which ``2^(q+1) x^T M u`` and ``u^T M u`` together stay
        below 2^53 for all bits x and all u in ``0..2^q``.

        Parameters
        ----------
        covariance : ndarray of shape (D, D), float64
            Symmetric, without negative eigenvalues.
        rank : int
            R, directions, 0..D.
        shrinkage : float
            Share, in 0..1, of the mean variance in place of the variance in every direction.
        code_width : int
            q, bits of a code of the vectors that the metric is applied to.
        basis_width : int
            Bits of a code of a direction, 1..8: -1 and +1, or ``-(2^(b-1) - 1)..2^(b-1) - 1``.
        factor_width : int
            Bits of a factor, 1..16.

        Returns
        -------
        LowRankMetric

        Raises
        ------
        TypeError, ValueError
            If the rank or a width is out of range.
        """
        features = len(covariance)
        check_integer("Rank", rank, 0, features)
        check_integer("Code width q", code_width, 1, 12)
        check_integer("Basis width", basis_width, 1, 8)
        check_integer("Factor width", factor_width, 1, 16)
        mean = np.trace(covariance) / features
        shrunk = (1 - shrinkage) * covariance + shrinkage * mean * np.eye(features)
        vectors, weights, _ = leading_directions(shrunk, rank)
        basis = direction_codes(vectors, basis_width)
        gram = basis @ basis.T
        ratios = weights / np.diagonal(gram)
        # Any sum of products in a score is at most 3 4^q D |M|: bits and codes have at most the
        # lengths sqrt(D) and 2^q sqrt(D), in all features or in some. |M| is at most the larger of
        # 2^s and the largest eigenvalue of F C C^T, and that is at most the largest row of
        # absolute values.
        rows, room = np.abs(gram).sum(axis=1), EXACT // (3 * 4**code_width * features)
        for exponent in reversed(range(room.bit_length())):
            factors = round_half_up(np.ldexp(ratios, exponent))
            narrow = factors.max(initial=0) < 2**factor_width
            if narrow and max(2**exponent, (factors * rows).max(initial=0)) < room:
                return cls(basis, factors, exponent)
        raise ValueError(f"Features D must leave room for sums below 2^53, not {features}")

    def apply(self, vectors: Integers) -> Integers:
        """Return M u for each row u.

        Parameters
        ----------
        vectors : ndarray of shape (n, D), int64

        Returns
        -------
        ndarray of shape (n, D), int64
        """
        # One term is at most 2^53 / (2^q sqrt(D)), so that int64 holds the sum of 4096 and more.
        within = (vectors @ self.basis.T) * self.factors
        return (vectors << self.exponent) - within @ self.basis


def within_class_covariance(bits: NDArray[np.uint8], labels: NDArray[np.int64]) -> Reals:
    """Return the mean product of deviations from the mean of a sample's own class.

    Parameters
    ----------
    bits : ndarray of shape (n_samples, D), uint8 in {0, 1}
        At least one sample.
    labels : ndarray of shape (n_samples,), int64
        Class of each sample.

    Returns
    -------
    ndarray of shape (D, D), float64
    """
    x = bits.astype(np.float64)
    classes = np.unique(labels)
    means = np.array([x[labels == label].mean(axis=0) for label in classes])
    deviations = x - means[np.searchsorted(classes, labels)]
    return deviations.T @ deviations / len(x)


def class_correlations(bits: NDArray[np.uint8], shrinkage: float) -> Reals:
    """Return the correlations within a class whose variances have grown (FeCAM).

    Parameters
    ----------
    bits : ndarray of shape (n_samples, D), uint8 in {0, 1}
        At least one sample of the class.
    shrinkage : float
        gamma_1 > 0, mean variances of the class that are added to every variance.

    Returns
    -------
    ndarray of shape (D, D), float64
        The identity if all samples are equal.
    """
    covariance = within_class_covariance(bits, np.zeros(len(bits), np.int64))
    variances = np.diagonal(covariance)
    if not variances.any():
        return np.eye(len(covariance))
    grown = variances + shrinkage * variances.mean()
    np.fill_diagonal(covariance, grown)
    roots = np.sqrt(grown)
    return covariance / np.outer(roots, roots)


def leading_directions(covariance: Reals, rank: int) -> tuple[Reals, Reals, float]:
    """Return the eigenvectors v_i with the largest eigenvalues, the weights d_i, and s2.

    Parameters
    ----------
    covariance : ndarray of shape (D, D), float64
        Symmetric, without negative eigenvalues.
    rank : int
        R, eigenvectors wanted, 0..D.

    Returns
    -------
    vectors : ndarray of shape (R, D), float64
    weights : ndarray of shape (R,), float64
        ``1 - s2 / l_i``, in 0..1.
    isotropic : float
        s2, the mean of all other eigenvalues; with R = D, where there are none, the smallest one.
    """
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values[::-1], 0)  # rounding may leave a 0 a little below
    leading, rest = values[:rank], values[rank:]
    isotropic = float(rest.mean()) if rest.size else float(values[-1])
    weights, longer = np.zeros(rank), leading > isotropic
    weights[longer] = 1 - isotropic / leading[longer]
    return vectors.T[::-1][:rank], weights, isotropic


def direction_codes(vectors: Reals, width: int) -> Integers:
    """Return the codes of directions, each scaled so that its largest entry is the largest code.

    Parameters
    ----------
    vectors : ndarray of shape (R, D), float64
        Directions, one a row; none is 0.
    width : int
        Bits of a code: -1 and +1, or ``-(2^(b-1) - 1)..2^(b-1) - 1``.

    Returns
    -------
    ndarray of shape (R, D), int64
    """
    if width == 1:
        return np.where(vectors < 0, -1, 1).astype(np.int64)
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return np.rint(vectors / largest * (2 ** (width - 1) - 1)).astype(np.int64)
