# SPDX-License-Identifier: MIT
"""Neurons with real weights, and these weights as bits: -1 and +1 times one scale an output."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Neurons", "Signs", "signs"]

_NEAR = 1e-4  # relative: scales that float32 has multiplied in one order or another


@dataclass(frozen=True, eq=False)
class Neurons:
    """Neurons of a float graph: real weights over a tensor.

    Parameters
    ----------
    weights : ndarray, float
        Of a convolution (output, channel of the group, row, column); of a dense layer (output,
        place of the flat tensor).
    bias : ndarray of shape (outputs,), float
        Added to the sums.
    pad : int
        Rows and columns of zeros around the map of a convolution.
    groups : int
        Groups of channels of a convolution.
    """

    weights: NDArray[np.floating]
    bias: NDArray[np.floating]
    pad: int = 0
    groups: int = 1


class Signs(NamedTuple):
    """Signs of weights, and the scale of each output.

    Parameters
    ----------
    signs : ndarray of the shape of the weights, int8 in {-1, 0, 1}
    scale : ndarray of shape (outputs,), float64 > 0
    """

    signs: NDArray[np.int8]
    scale: NDArray[np.float64]


def signs(weights: NDArray[np.floating]) -> Signs:
    """Return the signs of weights and the scale of each output.

    Parameters
    ----------
    weights : ndarray of shape (outputs, ...), float
        Weights times the steps of the bits that they read.

    Raises
    ------
    ValueError
        If an output has weights of two magnitudes, or none but 0.
    """
    rows = np.abs(np.asarray(weights, np.float64).reshape(len(weights), -1))
    scale = rows.max(axis=1)
    if not np.isfinite(rows).all():
        raise ValueError("its weights must be finite")
    if (scale == 0).any():
        raise ValueError(
            f"weights of output {np.argmin(scale)} must be -1 and +1 times one scale, and all are 0"
        )
    near = (rows >= scale[:, np.newaxis] * (1 - _NEAR)) | (rows == 0)
    if not near.all():
        output, place = np.argwhere(~near)[0]
        raise ValueError(
            f"weights of output {output} must be -1 and +1 times one scale, not of the magnitudes "
            f"{rows[output, place]:.4g} and {scale[output]:.4g}: quantise them to one bit"
        )
    return Signs(np.sign(weights).astype(np.int8), scale)
