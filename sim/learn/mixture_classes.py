# SPDX-License-Identifier: MIT
"""Fit of a Bernoulli mixture to every class of a data set, several classes at a time."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.kernels.shares import SHARES, run_spans
from golden.params.checks import check_integer
from sim.learn.mixture_checks import check_binary
from sim.learn.mixture_fit import MixtureFit, fit_together

__all__ = ["class_seed", "fit_classes"]

_TOGETHER = 16  # most classes of a compiled call


def fit_classes(
    X: ArrayLike,
    y: ArrayLike,
    *,
    jobs: int = 1,
    random_state: int = 0,
    sample_weight: ArrayLike | None = None,
    **parameters: Any,
) -> dict[int, MixtureFit]:
    """Fit one mixture for each class.

    The fit of a class is the same, bit for bit, for every value of `jobs` and with any other
    classes, because its seed depends only on `random_state` and its label. Threads are enough for
    speed, because a thread fits several classes before it takes Python's global lock again.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), values 0 and 1
        Samples of all classes.
    y : array-like of shape (n_samples,), integers >= 0
        Class of each sample.
    jobs : int
        Threads that fit, each some classes at a time.
    random_state : int
        Seed of all classes, not negative.
    sample_weight : array-like of shape (n_samples,), optional
        How many times each sample counts.
    **parameters
        Parameters of `BernoulliMixture`.

    Returns
    -------
    dict of int to MixtureFit
        Mixture of each class, in rising order of the classes.

    Raises
    ------
    TypeError, ValueError
        If a parameter or the data are not as described.
    """
    check_integer("jobs", jobs, 1)
    check_integer("random_state", random_state, 0)
    # The checks are done once, because they hold Python's global lock.
    samples, labels = np.ascontiguousarray(check_binary(_table(X))), np.asarray(y)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"Classes must be integers >= 0, not {labels.dtype}")
    if labels.shape != samples.shape[:1]:
        raise ValueError(
            f"Classes must be {len(samples)}, one for every sample, not of shape {labels.shape}"
        )
    if (labels < 0).any():
        raise ValueError(f"Classes must be integers >= 0, not {labels.min()}")
    weights = None if sample_weight is None else np.asarray(sample_weight)

    found, counts = np.unique(labels, return_counts=True)
    classes = found.tolist()
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
    fitted: dict[int, MixtureFit] = {}

    def fit(first: int, last: int) -> None:
        some = classes[first:last]
        seeds = [class_seed(random_state, label) for label in some]
        mixtures = [MixtureFit(random_state=seed, **parameters) for seed in seeds]
        fit_together(mixtures, samples, members[first:last], weights)
        fitted.update(zip(some, mixtures, strict=True))

    size = max(1, min(_TOGETHER, -(-len(classes) // (SHARES * jobs))))
    spans = range(0, len(classes), size)
    run_spans(fit, [(first, min(first + size, len(classes))) for first in spans], jobs)
    return {label: fitted[label] for label in classes}


def _table(X: ArrayLike) -> NDArray[Any]:
    """Return samples as a table; only what is no table of bytes needs scikit-learn's checks."""
    if isinstance(X, np.ndarray) and X.dtype == np.uint8 and X.ndim == 2 and X.shape[1]:
        return X
    from sklearn.utils import check_array

    checked: Any = check_array(X, ensure_min_samples=0, estimator="BernoulliMixture")
    return checked


def class_seed(seed: int, label: int) -> int:
    """Return the seed of one class, 64 bits, from the seed of all classes and its label."""
    return int(np.random.SeedSequence((seed, label)).generate_state(1, np.uint64)[0])
