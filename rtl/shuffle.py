# SPDX-License-Identifier: MIT
"""Shuffles that the machine does not do, because later weights take the channels as they lie."""

from collections.abc import Sequence
from itertools import dropwhile

import numpy as np
from numpy.typing import NDArray

from golden.params import ConvParams, DenseParams, LayerParams, PoolParams

__all__ = ["channels_as_stored", "moves_channels", "shuffle_is_folded"]


def moves_channels(layer: ConvParams) -> bool:
    """Return whether the shuffle of a convolution moves any channel (contract, 3)."""
    return layer.shuffle and 1 < layer.groups < layer.outputs


def shuffle_is_folded(layers: Sequence[LayerParams], index: int) -> bool:
    """Return whether the output channels of a layer are stored without the shuffle.

    The next layer that is not a pool must be dense or a convolution of one group: its neurons see
    all channels, so its weights can be in any order. A pool treats all channels alike. Where the
    groups of the next convolution, the features or the head see the channels, the shuffle is done.

    Parameters
    ----------
    layers : sequence of LayerParams
        Layers of the network.
    index : int
        Number of the layer whose output it is.
    """
    layer = layers[index]
    if not isinstance(layer, ConvParams) or not moves_channels(layer):
        return False
    user = next(dropwhile(lambda each: isinstance(each, PoolParams), layers[index + 1 :]), None)
    return isinstance(user, DenseParams) or (isinstance(user, ConvParams) and user.groups == 1)


def channels_as_stored(layer: ConvParams) -> NDArray[np.intp]:
    """Return which channel lies at each position of a pixel that was not shuffled.

    Parameters
    ----------
    layer : ConvParams
        A convolution with a shuffle.

    Returns
    -------
    ndarray of shape (outputs,), intp
        Output i of group gamma lies at position gamma*(C/g) + i and is channel i*g + gamma.
    """
    return np.arange(layer.outputs).reshape(layer.group_outputs, layer.groups).T.reshape(-1)
