# SPDX-License-Identifier: MIT
"""Compiled step of Adam: one pass over a gradient, its moments and all weights that it moves.

Each value is rounded to float32 as NumPy rounds it, operation by operation, so that the bits are
those of the same formulas on whole arrays.
"""

import numpy as np

from golden.kernels.compiled import compiled

__all__ = ["adam_step"]

CHUNK = 2048  # values whose steps are kept between the two loops; few enough for the L1 cache


@compiled(error_model="numpy")
def adam_step(weights, gradient, first, second, decays, stride, guard, bound):
    """Move weights against one gradient, and update its moments.

    Parameters
    ----------
    weights : ndarray of shape (copies, size), float32
        Weights, which change in place; every row takes the same step.
    gradient, first, second : ndarray of shape (size,), float32
        Gradient, and its first and second moment, which change in place.
    decays : ndarray of shape (4,), float32
        Shares of the old first moment, of the gradient, of the old second moment and of the squared
        gradient.
    stride : float32
        Learning rate with both bias corrections.
    guard : float32
        Guard of the division.
    bound : float32
        Weights stay in ``[-bound, bound]``. A NaN stays NaN.
    """
    steps = np.empty(min(CHUNK, gradient.size), np.float32)
    keep_first, take_first, keep_second, take_second = decays
    for start in range(0, gradient.size, CHUNK):
        count = min(CHUNK, gradient.size - start)
        g, m, v = gradient[start:], first[start:], second[start:]
        for i in range(count):
            m[i] = m[i] * keep_first + g[i] * take_first
            v[i] = v[i] * keep_second + (g[i] * g[i]) * take_second
            steps[i] = m[i] / (np.sqrt(v[i]) + guard) * stride
        for row in range(weights.shape[0]):
            w = weights[row, start:]
            for i in range(count):
                value = w[i] - steps[i]
                value = bound if value > bound else value
                w[i] = -bound if value < -bound else value
