# SPDX-License-Identifier: MIT
"""Convolution: groups, padding with -1, channel shuffle; depthwise included (contract, 3)."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from golden.arrays import check_bits
from golden.bits import pack
from golden.neurons import Neurons
from golden.params import ConvParams, XnorParams
from golden.xnor import Xnor, fires

__all__ = ["Conv"]


class Conv(Neurons):
    """Convolution of stride 1.

    Parameters
    ----------
    params : ConvParams
    weights : ndarray of shape (outputs, k, k, input channels of a group), uint8 in {0, 1}
    thresholds : ndarray of shape (outputs,), integers of 32 bits, optional
    polarity : ndarray of shape (outputs,), uint8 in {0, 1}, optional
        Indexed, like the thresholds, by the channel before the shuffle.
    """

    params: ConvParams

    def dots(self, x: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Return the dot products before thresholds and shuffle; shapes as for `forward`."""
        p = self.params
        check_bits("Convolution inputs", x, p.input.array_shape, batch=True)
        xnor, weights = Xnor(XnorParams(inputs=p.inputs)), self.packed_weights
        windows = self._windows(x)
        dots = np.empty((*windows.shape[:-3], p.outputs), np.int32)
        for group in range(p.groups):
            channels = slice(group * p.group_inputs, (group + 1) * p.group_inputs)
            outputs = slice(group * p.group_outputs, (group + 1) * p.group_outputs)
            seen = windows[..., channels].reshape(*windows.shape[:-3], p.inputs)
            dots[..., outputs] = xnor.dot(pack(seen), weights[outputs])
        return dots

    def forward(self, x: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the output map.

        Parameters
        ----------
        x : ndarray of shape (..., H, W, C), uint8 in {0, 1}

        Returns
        -------
        ndarray of shape (..., H', W', outputs), uint8 in {0, 1}

        Raises
        ------
        TypeError, ValueError
            If `x` is not an array of bits, of that shape.
        """
        bits = fires(self.dots(x), self.thresholds, self.polarity)
        return self._interleave(bits) if self.params.shuffle else bits

    def _windows(self, x: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return what each output pixel sees, of shape (..., H', W', k, k, C)."""
        p = self.params
        margins = [(0, 0)] * (x.ndim - 3) + [(p.pad, p.pad)] * 2 + [(0, 0)]
        padded = np.pad(x, margins, constant_values=0)  # bit 0, that is -1
        windows = sliding_window_view(padded, (p.kernel, p.kernel), axis=(-3, -2))
        return np.moveaxis(windows, -3, -1)

    def _interleave(self, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Move output ``i`` of group ``gamma`` to channel ``i*g + gamma``."""
        p = self.params
        by_group = bits.reshape(*bits.shape[:-1], p.groups, p.group_outputs)
        return by_group.swapaxes(-1, -2).reshape(bits.shape)
