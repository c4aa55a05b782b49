# SPDX-License-Identifier: MIT
"""Packing of weights and thresholds into the rows of the memories, in the order of the window."""

import numpy as np
from numpy.typing import NDArray

from golden.params import AcceleratorParams, ConvParams

__all__ = [
    "flat_weights", "gather_cycles", "gathered_words", "threshold_rows",
    "weight_rows",
]  # fmt: skip


def gathered_words(layer: ConvParams, params: AcceleratorParams) -> int:
    """Return the words of the gathered windows of a convolution; 0 if they are not gathered.

    They are if the neurons of a pixel then take fewer steps, and at least as many as the next
    window needs to be gathered, so that no step ever waits for it.

    Parameters
    ----------
    layer : ConvParams
    params : AcceleratorParams
        The machine.
    """
    channels, taps, simd = layer.input.channels, layer.kernel**2, params.mvu.simd
    words, tiles = -(-taps * channels // simd), -(-layer.outputs // params.neurons)
    if not params.gathers or layer.groups > 1 or channels > simd or words > params.gather_words:
        return 0
    return words if words < taps and tiles * words >= gather_cycles(taps, channels, simd) else 0


def gather_cycles(taps: int, channels: int, simd: int) -> int:
    """Return the cycles in which a window is gathered, a word of a pixel a cycle.

    If the last word does not fit what is left of its gathered word, its rest takes another cycle.

    Parameters
    ----------
    taps : int
        Words of a window, one a pixel.
    channels : int
        Channels of a pixel.
    simd : int
        Lanes of a word.
    """
    return taps + ((taps - 1) * channels % simd + channels > simd)


def flat_weights(weights: NDArray[np.uint8], channels: int, simd: int) -> NDArray[np.uint8]:
    """Return weights over a flattened map as weights over its words.

    A lane without a channel is 0 in the map and 1 here, so that it never counts as an agreement.

    Parameters
    ----------
    weights : ndarray of shape (..., pixels * channels), uint8 in {0, 1}
    channels : int
        Channels of the map.
    simd : int
        Lanes of a word.

    Returns
    -------
    ndarray of shape (..., words, simd), uint8 in {0, 1}
    """
    by_pixel = weights.reshape(*weights.shape[:-1], -1, channels)
    padded = _padded(by_pixel, -1, -channels % simd, 1)
    return padded.reshape(*weights.shape[:-1], -1, simd)


def weight_rows(weights: NDArray[np.uint8], groups: int, pe: int, simd: int) -> NDArray[np.uint8]:
    """Return the rows of the memory of weights.

    The channels of a group may begin at any lane of a word. The window masks the lanes of other
    groups. Lanes past the last channel are 0 in the map and 1 here, so they never agree.

    Parameters
    ----------
    weights : ndarray of shape (outputs, rows, columns, channels of a group), uint8 in {0, 1}
        Weights; rows and columns are those of the kernel.
    groups : int
        Number of groups, a divisor of the outputs.
    pe : int
        Neurons of a row.
    simd : int
        Lanes of a word.

    Returns
    -------
    ndarray of shape (rows of the memory, pe, simd), uint8 in {0, 1}
    """
    outputs, rows, columns, channels = weights.shape
    by_group = weights.reshape(groups, outputs // groups, rows, columns, channels)
    found = []
    for group, own in enumerate(by_group):
        low = group * channels % simd
        words = -(-(low + channels) // simd)
        lanes = np.ones((*own.shape[:-1], words * simd), np.uint8)
        lanes[..., low : low + channels] = own
        tiles = _padded(lanes, 0, -len(own) % pe, 0)
        tiles = tiles.reshape(-1, pe, rows, columns, words, simd)
        found.append(np.moveaxis(tiles, 1, -2).reshape(-1, pe, simd))
    return np.concatenate(found)


def threshold_rows(values: NDArray, groups: int, pe: int) -> NDArray:
    """Return the rows of a memory with one value per output; a row holds outputs of one group.

    Parameters
    ----------
    values : ndarray of shape (outputs,)
    groups : int
        Number of groups, a divisor of the outputs.
    pe : int
        Neurons of a row.

    Returns
    -------
    ndarray of shape (rows of the memory, pe)
        Rows with the dtype of `values`; 0 past the outputs of a group.
    """
    by_group = values.reshape(groups, -1)
    return _padded(by_group, 1, -by_group.shape[1] % pe, 0).reshape(-1, pe)


def _padded(array: NDArray, axis: int, count: int, value: int) -> NDArray:
    """Append `count` entries of `value` along an axis."""
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, count)
    return np.pad(array, widths, constant_values=value)
