# SPDX-License-Identifier: MIT
"""Factors that the bits of a class share: their fit to samples, and their codes for the chip."""

import numpy as np
from numpy.typing import NDArray

from golden.correlated import deviation
from golden.params.correlated import MAX_SHIFT

__all__ = ["LARGEST_FEATURES", "code_loadings", "fit_loadings", "within_correlation"]

LARGEST_FEATURES = 4096  # largest D whose D x D correlation is decomposed: time and memory
LARGEST_SHARE = 0.75  # of a bit's variance that factors may explain (contract, 13: V <= 3 * S^2)


def within_correlation(bits: NDArray[np.uint8], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the correlation of all pairs of bits, less the means of their groups.

    Parameters
    ----------
    bits : ndarray of shape (n_samples, D), uint8 in {0, 1}
    labels : ndarray of shape (n_samples,), int64
        Group of each sample, such as its class.

    Returns
    -------
    ndarray of shape (D, D), float64
        0 for a bit that never changes within a group, even with itself.
    """
    scatter = np.zeros((bits.shape[1], bits.shape[1]))
    for label in np.unique(labels):
        # Counts of up to 2^24 samples are exact in float32, in any order of the sums.
        own = bits[labels == label].astype(np.float32)
        ones = own.sum(axis=0).astype(np.float64)
        scatter += (own.T @ own).astype(np.float64) - np.outer(ones, ones) / len(own)
    spread = np.sqrt(np.diag(scatter))
    # A bit that never changes leaves nothing but the rounding of its mean.
    inverse = np.where(spread > 1e-3, 1 / np.maximum(spread, 1e-3), 0.0)
    return scatter * np.outer(inverse, inverse)


def fit_loadings(correlation: NDArray[np.float64], rank: int) -> NDArray[np.float64]:
    """Fit a factor model to the correlations of bits.

    A bit is taken for a normal variable that is compared with a threshold. If two of these have the
    correlation ``rho``, their bits have ``2/pi asin(rho)`` where both means are 1/2 (Sheppard,
    1899); the inverse, ``sin(pi/2 r)``, is taken for all means. The loadings are those of the most
    likely model whose bits all have the same variance of their own (Tipping and Bishop, 1999,
    "Probabilistic Principal Component Analysis"): the leading eigenvectors, times the root of
    their eigenvalues less the mean of the others. Any rotation of the factors gives the same model.
    The one here, a cosine transform, makes them alike in size. One step for the codes of all
    loadings is then enough, and sums of signs come near to normal variables.

    Parameters
    ----------
    correlation : ndarray of shape (D, D), float64
        From `within_correlation`.
    rank : int
        R, at least 0.

    Returns
    -------
    ndarray of shape (D, R), float64
        Loadings of factors of variance 1, in units of the deviation of the bit's own noise. They
        are 0 for a bit that never changes. Factors past the number of such bits less one are 0.
    """
    loadings = np.zeros((len(correlation), rank))
    varying = np.flatnonzero(np.diag(correlation) > 0)
    kept = min(rank, len(varying) - 1)
    if kept < 1:
        return loadings
    normal = np.sin(np.pi / 2 * correlation[np.ix_(varying, varying)])
    values, vectors = np.linalg.eigh(normal)
    surplus = np.maximum(values[-kept:] - values[:-kept].mean(), 0)
    leading = vectors[:, -kept:] * np.sqrt(surplus)
    # An eigenvector has two signs; the choice must not depend on the library that found it.
    peaks = leading[np.abs(leading).argmax(axis=0), np.arange(kept)]
    rotated = leading * np.where(peaks < 0, -1, 1) @ _cosines(kept)
    explained = np.square(rotated).sum(axis=1)
    share = np.minimum(explained, LARGEST_SHARE)
    scale = np.sqrt(share / np.maximum(explained, 1e-300) / (1 - share))
    loadings[varying, :kept] = rotated * scale[:, None]
    return loadings


def code_loadings(
    loadings: NDArray[np.float64], width: int, factor_width: int, code_width: int
) -> tuple[NDArray[np.int8], int]:
    """Store loadings as signed codes with the exponent that makes the squared error least.

    Parameters
    ----------
    loadings : ndarray of shape (D, R), float64
        From `fit_loadings`.
    width, factor_width, code_width : int
        q_a, n_f and q (contract, 13).

    Returns
    -------
    codes : ndarray of shape (D, R), int8
    exponent : int
        e, the lowest one of equal errors.
    """
    highest = 2 ** (width - 1) - 1
    unit = np.sqrt(factor_width) / deviation(code_width)  # of a code of 1 with the exponent 0
    best, codes, exponent = np.inf, np.zeros(loadings.shape, np.int8), 0
    for candidate in range(MAX_SHIFT + 1):
        step = unit * 2**candidate
        rounded = np.clip(np.rint(loadings / step), -highest, highest)
        error = float(np.square(rounded * step - loadings).sum())
        if error < best:
            best, codes, exponent = error, rounded.astype(np.int8), candidate
    return codes, exponent


def _cosines(n: int) -> NDArray[np.float64]:
    """Return the orthogonal matrix of a cosine transform (DCT-II), one row a frequency."""
    places = np.arange(n)
    rows = np.sqrt(2 / n) * np.cos(np.pi * np.outer(places, places + 0.5) / n)
    rows[0] = np.sqrt(1 / n)
    return rows
