# SPDX-License-Identifier: MIT
"""Batch normalisation folded into integer thresholds (contract, 2)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["fold"]

Floats = NDArray[np.float64]


def fold(offset: Floats, mean: Floats, deviation: Floats, inputs: int) -> NDArray[np.int32]:
    """Return the thresholds that equal a normalisation followed by a sign.

    A neuron with the integer sum ``d`` fires iff ``(d - mean) / deviation + offset >= 0``. There is
    no gain: a positive gain changes no sign. Without a negative gain no neuron needs a polarity,
    and OR pooling equals the maximum before the sign.

    Parameters
    ----------
    offset, mean, deviation : ndarray of shape (outputs,), float64
        Offset, mean and standard deviation (> 0) of each output.
    inputs : int
        n, number of inputs of a neuron; sums lie in ``-n..n``.

    Returns
    -------
    ndarray of shape (outputs,), int32 in ``-n..n+1``
        The neuron fires iff ``d >= theta``.
    """
    edge = np.ceil(mean - offset * deviation)
    return np.clip(edge, -inputs, inputs + 1).astype(np.int32)
