# SPDX-License-Identifier: MIT
"""Batch normalisation folded into integer thresholds and polarities (contract, 2)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["fold"]

Floats = NDArray[np.float64]


def fold(
    gamma: Floats, beta: Floats, mean: Floats, deviation: Floats, scale: float, inputs: int
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return the thresholds and polarities that stand for a normalisation followed by a sign.

    A neuron with the integer sum ``d`` fires iff
    ``gamma * (scale * d - mean) / deviation + beta >= 0``.

    Parameters
    ----------
    gamma, beta, mean, deviation : ndarray of shape (outputs,), float64
        Gain, offset, mean and standard deviation (> 0) of each output.
    scale : float
        Positive factor on the sum before the normalisation.
    inputs : int
        n; sums lie in ``-n..n``.

    Returns
    -------
    thresholds : ndarray of shape (outputs,), int32 in ``-n..n+1``
    polarity : ndarray of shape (outputs,), uint8 in {0, 1}
        ``d >= theta`` fires where 1, ``d < theta`` where 0.
    """
    # A gain of 0 leaves the sign of the offset: a threshold that all sums reach, or none does.
    constant = np.where(beta >= 0, -np.inf, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        edge = np.where(gamma == 0, constant, (mean - beta * deviation / gamma) / scale)
    falling = gamma < 0
    thresholds = np.where(falling, np.floor(edge) + 1, np.ceil(edge))
    return np.clip(thresholds, -inputs, inputs + 1).astype(np.int32), (~falling).astype(np.uint8)
