# SPDX-License-Identifier: MIT
"""Pooling: the OR of a window, that is, the maximum of its +1 and -1 (contract, 3)."""

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_bits
from golden.params import PoolParams

__all__ = ["Pool"]


class Pool:
    """OR pooling of windows that do not overlap.

    Parameters
    ----------
    params : PoolParams
    """

    def __init__(self, params: PoolParams) -> None:
        self.params = params

    def forward(self, x: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the output map.

        Parameters
        ----------
        x : ndarray of shape (..., H, W, C), uint8 in {0, 1}

        Returns
        -------
        ndarray of shape (..., H/s, W/s, C), uint8 in {0, 1}

        Raises
        ------
        TypeError, ValueError
            If `x` is not an array of bits, of that shape.
        """
        p, s = self.params, self.params.size
        check_bits("Pool inputs", x, p.input.array_shape, batch=True)
        rows, columns, channels = p.output.array_shape
        windows = x.reshape(*x.shape[:-3], rows, s, columns, s, channels)
        return np.bitwise_or.reduce(windows, axis=(-4, -2))
