# SPDX-License-Identifier: MIT
"""Logistic regression in real numbers, as scikit-learn fits it."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LogisticFit", "fit_logistic"]


@dataclass(frozen=True)
class LogisticFit:
    """A fitted classifier of two classes or more.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,), int64
        Rising.
    weights : ndarray of shape (n_classes, D), float32
    offsets : ndarray of shape (n_classes,), float32
    """

    classes: NDArray[np.int64]
    weights: NDArray[np.float32]
    offsets: NDArray[np.float32]

    def classify(self, x: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the class with the largest score of each sample, the lowest of equal ones."""
        return self.classes[(x @ self.weights.T + self.offsets).argmax(axis=1)]


def fit_logistic(
    x: NDArray[np.float32], labels: NDArray[np.int64], *, ridge: float, steps: int
) -> LogisticFit:
    """Return the multinomial logistic regression of labels on features.

    Parameters
    ----------
    x : ndarray of shape (n_samples, D), float32
    labels : ndarray of shape (n_samples,), int64
        At least two classes.
    ridge : float
        lambda: half of it times the sum of the squared weights is added to the sum of the losses.
    steps : int
        Most iterations of L-BFGS. A fit that has not converged by then is taken as it is.
    """
    # Imported here: it takes over a second, and most studies fit none.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1 / ridge, max_iter=steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, labels)
    weights = np.asarray(model.coef_, np.float32)
    offsets = np.asarray(model.intercept_, np.float32)
    if len(model.classes_) == 2:  # scikit-learn keeps the difference of both rows
        half = np.array([-0.5, 0.5], np.float32)
        weights, offsets = half[:, np.newaxis] * weights, half * offsets
    return LogisticFit(model.classes_.astype(np.int64), weights, offsets)
