# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Conversion of the trained twin to the integer network and back, and the check of both."""

import numpy as np
import torch
from numpy.typing import NDArray

from golden.bits import pack
from golden.conv import Conv
from golden.dense import Dense
from golden.head import Head
from golden.kernels import head_logits, infer
from golden.network import Layer, Network
from golden.params import ConvParams, HeadParams, PoolParams, ThermometerParams
from golden.pool import Pool
from golden.thermometer import Thermometer
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.neurons import Neurons
from sim.images.pretrain.sections import ModelConfig

__all__ = ["accuracy", "check_equal", "to_golden", "to_twin"]

CHUNK = 500  # images in a forward pass of the twin, to bound its memory


def to_golden(model: BinaryNetwork) -> Network:
    """Return the integer network, with its head, for the current weights."""
    neurons = iter(model.layers)
    layers: list[Layer] = []
    for params in model.params.layers:
        if isinstance(params, ThermometerParams):
            layers.append(Thermometer(params))
        elif isinstance(params, PoolParams):
            layers.append(Pool(params))
        else:
            layers.append(_to_layer(next(neurons)))
    return Network(model.params, layers, _to_head(model))


def to_twin(network: Network) -> BinaryNetwork:
    """Return a twin with the weights and thresholds of an integer network, ready for evaluation.

    Raises
    ------
    ValueError
        If the network has no head, or a neuron fires below its threshold, which no twin can do.
    """
    if network.head is None:
        raise ValueError("Network must have a head to have a twin")
    model = BinaryNetwork(network.params, ModelConfig(centre=False), np.random.default_rng(0))
    layers = [layer for layer in network.layers if isinstance(layer, Conv | Dense)]
    for neurons, layer in zip(model.layers, layers, strict=True):
        bits = layer.weights
        _set_bits(neurons, bits.transpose(0, 3, 1, 2) if bits.ndim == 4 else bits)
        if layer.thresholds is None or layer.polarity is None:
            continue
        if not layer.polarity.all():
            raise ValueError("Neurons must fire from their threshold up to have a twin")
        assert neurons.norm is not None
        # A mean halfway between two sums is safe from the rounding of the fold.
        neurons.norm.running_mean = torch.from_numpy((layer.thresholds - 0.5).astype(np.float32))
    if model.head.hidden is not None:
        _set_bits(model.head.hidden, network.head.hidden_weights)
    _set_bits(model.head.plane_a, network.head.plane_a)
    _set_bits(model.head.plane_b, network.head.plane_b)
    return model.eval()


def accuracy(network: Network, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
    """Return the share of images that the integer network with its head classifies correctly.

    Parameters
    ----------
    network : Network
        Network with a head.
    images : ndarray of shape (n_images, H, W, C), uint8 in ``0..2**b - 1``
    labels : ndarray of shape (n_images,), int64
    """
    assert network.head is not None
    logits = head_logits(network.head, infer(network, images))
    return float((logits.argmax(axis=1) == labels).mean())


def check_equal(model: BinaryNetwork, network: Network, images: NDArray[np.uint8]) -> None:
    """Compare the integer network with the twin's own forward pass, image by image.

    Parameters
    ----------
    model : BinaryNetwork
    network : Network
        Network with a head.
    images : ndarray of shape (n_images, H, W, C), uint8 in ``0..2**b - 1``

    Raises
    ------
    ValueError
        If an embedding or an arg max differs; the message names the first image and how many.
    """
    assert network.head is not None
    embeddings = infer(network, images)
    classes = head_logits(network.head, embeddings).argmax(axis=1)
    trained, answers = _forward(model, images)
    for name, differ in (
        ("latent bits", (embeddings != trained).any(axis=1)),
        ("arg max", classes != answers),
    ):
        if differ.any():
            raise ValueError(
                f"Golden network must have the {name} of the trained one, not others on "
                f"{np.count_nonzero(differ)} of {len(images)} images, "
                f"image {np.flatnonzero(differ)[0]} first"
            )


def _forward(
    model: BinaryNetwork, images: NDArray[np.uint8]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the twin's packed embeddings and arg max; its sums are exact in float32."""
    device = next(model.parameters()).device
    model.eval()
    model.precision = torch.float32
    embeddings, classes = [], []
    for start in range(0, len(images), CHUNK):
        with torch.no_grad():
            x = model.features(torch.from_numpy(images[start : start + CHUNK]).to(device))
            logits = model.head(x, scaled=False).cpu().numpy()
        embeddings.append(pack((x > 0).cpu().numpy()))
        classes.append(logits.argmax(axis=1))  # the first of equal logits, as in the contract
    return np.concatenate(embeddings), np.concatenate(classes)


def _bits(neurons: Neurons) -> NDArray[np.uint8]:
    """Return the binary weights in the order of the contract."""
    with torch.no_grad():
        bits = (neurons.signs() > 0).cpu().numpy().astype(np.uint8)
    return np.ascontiguousarray(bits.transpose(0, 2, 3, 1)) if bits.ndim == 4 else bits


def _set_bits(neurons: Neurons, bits: NDArray[np.uint8]) -> None:
    """Set latent weights whose signs are `bits`."""
    neurons.latent.data = torch.from_numpy(bits - np.float32(0.5)).contiguous()


def _to_layer(neurons: Neurons) -> Conv | Dense:
    own = [_bits(neurons)]
    if neurons.params.thresholds:
        own += [neurons.thresholds(), np.ones(neurons.params.outputs, np.uint8)]
    if isinstance(neurons.params, ConvParams):
        return Conv(neurons.params, *own)
    return Dense(neurons.params, *own)


def _to_head(model: BinaryNetwork) -> Head:
    head = model.head
    params: HeadParams = head.params
    hidden = np.zeros((0, params.features), np.uint8) if head.hidden is None else _bits(head.hidden)
    return Head(params, hidden, _bits(head.plane_a), _bits(head.plane_b))
