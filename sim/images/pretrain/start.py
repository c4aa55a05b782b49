# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""A training that begins with the weights of a trained network instead of drawn ones."""

import numpy as np
import torch
from numpy.typing import NDArray

from golden.conv import Conv
from golden.dense import Dense
from golden.network import Network
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.neurons import Neurons

__all__ = ["start_from"]

#: Images whose sums tell the normalisation of each layer.
SAMPLED = 512


def start_from(model: BinaryNetwork, network: Network, pixels: NDArray[np.uint8]) -> None:
    """Give a twin the binary weights and thresholds of an integer network.

    Latent weights become ``-init_scale`` and ``+init_scale``. The offset of each normalised neuron
    is chosen so that the mean and deviation of its sums, on the images given, fold into the
    threshold of the network. The head is taken over if it has as many classes and hidden neurons.

    Parameters
    ----------
    model : BinaryNetwork
        Twin whose layers have the shapes of those of `network`.
    network : Network
        Network whose neurons fire from their threshold up.
    pixels : ndarray of shape (n_images, H, W, C), uint8 in ``0..2**b - 1``
        Training images; `SAMPLED` of them, evenly spaced, are used.
    """
    layers = [layer for layer in network.layers if isinstance(layer, Conv | Dense)]
    for neurons, layer in zip(model.layers, layers, strict=True):
        bits = layer.weights
        _set_bits(neurons, bits.transpose(0, 3, 1, 2) if bits.ndim == 4 else bits)
    if network.head is not None and network.head.params == model.head.params:
        if model.head.hidden is not None:
            _set_bits(model.head.hidden, network.head.hidden_weights)
        _set_bits(model.head.plane_a, network.head.plane_a)
        _set_bits(model.head.plane_b, network.head.plane_b)
    chosen = np.linspace(0, len(pixels) - 1, min(SAMPLED, len(pixels))).astype(np.int64)
    sampled = torch.from_numpy(pixels[chosen])
    for neurons, layer in zip(model.layers, layers, strict=True):
        if neurons.norm is not None and layer.thresholds is not None:
            _set_offsets(model, neurons, layer.thresholds, sampled)


def _set_bits(neurons: Neurons, bits: NDArray[np.uint8]) -> None:
    """Set latent weights of one size, whose signs are `bits`."""
    scale = np.float32(neurons.init_scale)
    neurons.latent.data = torch.from_numpy((2 * bits.astype(np.float32) - 1) * scale).contiguous()


def _set_offsets(
    model: BinaryNetwork, neurons: Neurons, thresholds: NDArray[np.int32], pixels: torch.Tensor
) -> None:
    """Set the offsets of a layer whose earlier layers have theirs."""
    norm = neurons.norm
    assert norm is not None
    usual, norm.momentum = norm.momentum, 1.0  # the statistics of this one batch
    model.train()
    with torch.no_grad():
        model.features(pixels)
    norm.momentum = usual
    model.eval()
    assert norm.running_mean is not None
    assert norm.running_var is not None
    # Halfway between two sums, the fold is safe from rounding.
    edge = torch.from_numpy(thresholds.astype(np.float32) - 0.5)
    neurons.offset.data = (norm.running_mean - edge) / (norm.running_var + norm.eps).sqrt()
