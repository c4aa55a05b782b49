# SPDX-License-Identifier: MIT
"""First means of EM, drawn at random."""

import numpy as np
from numpy.typing import NDArray

from golden.kernels.mixture_steps import scatter
from sim.learn.em_data import Binary

__all__ = ["draw_means", "initial_means"]

Reals = NDArray[np.float64]


def initial_means(
    data: Binary, n_components: int, init: str, scale: float, rng: np.random.Generator
) -> Reals:
    """Draw the first means of EM.

    Parameters
    ----------
    data : Binary
        Samples and weights.
    n_components : int
        K.
    init : {"centroid", "random", "uniform"}
        ``centroid`` draws each feature around the mean of the data ``m``, with `scale` times its
        standard deviation ``sqrt(m (1 - m))``, and clips it to ``1/(2N) .. 1 - 1/(2N)`` for N
        different samples. ``random`` is uniform in 0.25..0.75, ``uniform`` in 0..1.
    scale : float
        Factor on the standard deviation, used only by ``centroid``.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of shape (K, D), float64
        First means.
    """
    means = np.empty((n_components, data.samples.shape[1]))
    draw_means(means, init, rng)
    if init == "centroid":
        scatter(means, data.centroid[0], scale, 1 / (2 * data.count))
    return means


def draw_means(means: Reals, init: str, rng: np.random.Generator) -> None:
    """Fill an array with draws of `initial_means`.

    Parameters
    ----------
    means : ndarray of shape (K, D), float64
    init : str
        As of `initial_means`; the draws of ``centroid`` are standard normal.
    rng : Generator
    """
    if init == "centroid":
        rng.standard_normal(out=means)
    else:
        low, high = (0.25, 0.75) if init == "random" else (0, 1)
        means[:] = rng.uniform(low, high, means.shape)
