# SPDX-License-Identifier: MIT
"""Depthwise convolution on packed maps: 64 channels of a word at once, counted bit by bit.

A neuron has no more inputs than its kernel has pixels, so a product would leave most of a tile
idle. Here bit ``p`` of the counts of 64 channels is one word, and a tap is added as an adder of
single bits adds it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack
from golden.conv import Conv
from golden.kernels.compiled import compiled

__all__ = ["Channels", "depthwise", "make_channels"]


class Channels(NamedTuple):
    """Weights and rules of the channels, packed.

    Attributes
    ----------
    weights : ndarray of shape (taps, words), uint64
    limits : ndarray of shape (planes, words), uint64
        Bits, the least significant first, of the number of differing inputs below which a channel
        has ``dot >= theta``.
    flips : ndarray of shape (words,), uint64
        A bit is 1 if its channel fires at ``dot < theta`` instead.
    """

    weights: NDArray[np.uint64]
    limits: NDArray[np.uint64]
    flips: NDArray[np.uint64]


def make_channels(layer: Conv) -> Channels:
    """Return the channels of a layer whose groups have one input and one output channel."""
    taps, outputs = layer.params.inputs, layer.params.outputs
    theta = np.zeros(outputs) if layer.thresholds is None else layer.thresholds
    polarity = np.ones(outputs, np.uint8) if layer.polarity is None else layer.polarity
    below = np.clip((taps - theta.astype(np.int64)) // 2 + 1, 0, taps + 1)
    places = np.arange((taps + 1).bit_length())[:, np.newaxis]
    return Channels(
        pack(layer.weights.reshape(outputs, taps).T), pack(below >> places & 1), pack(polarity ^ 1)
    )


@compiled()
def depthwise(maps, weights, limits, flips, kernel, pad, out):
    """Write the output of a depthwise convolution (contract, 3).

    Parameters
    ----------
    maps : ndarray of shape (images, height, width, words), uint64
    weights, limits, flips : ndarray, uint64
        As of `Channels`.
    kernel, pad : int
        Side of the kernel, and rows and columns of zeros on every side of a map.
    out : ndarray of shape (images, rows, columns, words), uint64
        Maps to write.
    """
    n_images, rows, columns, words = out.shape
    height, width = maps.shape[1:3]
    counts = np.empty(len(limits), np.uint64)
    for image in range(n_images):
        for y in range(rows):
            for x in range(columns):
                for word in range(words):
                    counts[:] = 0
                    for tap in range(kernel * kernel):
                        row, column = y - pad + tap // kernel, x - pad + tap % kernel
                        carry = weights[tap, word]
                        if 0 <= row < height and 0 <= column < width:
                            carry ^= maps[image, row, column, word]
                        for p in range(len(counts)):
                            count = counts[p]
                            counts[p] = count ^ carry
                            carry &= count
                    fewer = np.uint64(0)
                    for p in range(len(counts)):
                        count, limit = counts[p], limits[p, word]
                        fewer = limit & ~count | ~(limit ^ count) & fewer
                    out[image, y, x, word] = fewer ^ flips[word]
