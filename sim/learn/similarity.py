# SPDX-License-Identifier: MIT
"""Similarity of two sets of features of the same samples."""

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["linear_cka"]


def linear_cka(x: ArrayLike, y: ArrayLike) -> float:
    """Return the linear centred kernel alignment of two representations (Kornblith et al., 2019).

    It is ``|Y^T X|^2 / (|X^T X| |Y^T Y|)`` in Frobenius norms, with the columns of X and Y centred.
    It is 1 where the two agree up to a rotation and one factor, and near 0 where they are
    unrelated. MEMO compares the blocks of different tasks by it.

    Parameters
    ----------
    x : array-like of shape (n_samples, n_features)
        First representation.
    y : array-like of shape (n_samples, other_features)
        Second representation of the same samples.

    Returns
    -------
    float
        Alignment in 0..1; 0 if a representation is the same for all samples.

    Raises
    ------
    ValueError
        If the two are not tables with the same number of samples.
    """
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b):
        raise ValueError(
            "Representations must be tables with the same number of samples, not of shapes "
            f"{a.shape} and {b.shape}"
        )
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    own = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    return float(np.linalg.norm(b.T @ a) ** 2 / own) if own else 0.0
