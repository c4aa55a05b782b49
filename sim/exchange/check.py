# SPDX-License-Identifier: MIT
"""An imported network beside its float graph, image by image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import unpack
from golden.kernels import head_logits, infer
from golden.network import Network
from sim.exchange.agreement import Agreement
from sim.exchange.graph import Graph
from sim.exchange.pixels import PixelFormat
from sim.exchange.walk import Imported

__all__ = ["compare", "differing"]

_NEAR = 1e-3  # of a bit's step: rounding of what a pixel is


def compare(
    graph: Graph, imported: Imported, pixels: PixelFormat, images: NDArray[np.uint8]
) -> Agreement:
    """Run the float graph and the network on images.

    Parameters
    ----------
    graph : Graph
        Executed by onnxruntime and qonnx, node by node and image by image.
    imported : Imported
    pixels : PixelFormat
        What the input of the graph is.
    images : ndarray of shape (n_images, H, W, C), uint8 in ``0..2**b - 1``

    Raises
    ------
    UserError
        If the graph cannot be executed.
    """
    network = imported.network
    embedded = infer(network, images)
    features = unpack(embedded, network.params.output.size)
    expected = imported.bits.reals(features)
    room = _NEAR * np.abs(imported.bits.step).min()
    logits = np.zeros((len(images), 1), np.int64)
    if network.head is not None:
        logits = head_logits(network.head, embedded)
    answers = logits.argmax(axis=1) if imported.logits else np.full(len(images), -1)
    same_features, same_class, tied = np.zeros((3, len(images)), bool)
    wanted = [imported.features, *([imported.logits] if imported.logits else [])]
    reals = pixels.reals(images)
    if pixels.layout == "NCHW":
        reals = reals.transpose(0, 3, 1, 2)
    for index, real in enumerate(reals):
        tensors = graph.run(np.ascontiguousarray(real).reshape(1, *graph.shape), wanted)
        same_features[index] = np.allclose(tensors[0][0], expected[index], rtol=0, atol=room)
        given = tensors[1].argmax() if imported.logits else answers[index]
        same_class[index] = given == answers[index]
        tied[index] = not same_class[index] and logits[index, given] == logits[index].max()
    return Agreement(same_features, same_class, tied, answers)


def differing(
    graph: Graph, network: Network, images: NDArray[np.unsignedinteger[Any]]
) -> NDArray[np.bool_]:
    """Return on which images an exported graph differs from its network in any number.

    Parameters
    ----------
    graph : Graph
        What `sim.exchange.exporting.to_qonnx` has made of the network.
    network : Network
    images : ndarray of shape (n_images, H, W, C), integers in ``0..2**b - 1``

    Returns
    -------
    ndarray of shape (n_images,), bool

    Raises
    ------
    UserError
        If the graph cannot be executed.
    """
    features = network.forward(images)
    expected: list[NDArray[Any]] = [2.0 * features - 1]
    if network.head is not None:
        expected.append(network.head.logits(features))
    found = np.zeros(len(images), bool)
    for index, image in enumerate(images.astype(np.float32).transpose(0, 3, 1, 2)):
        tensors = graph.run(np.ascontiguousarray(image)[np.newaxis], graph.outputs)
        found[index] = len(tensors) != len(expected) or any(
            (tensor[0] != wanted[index]).any()
            for tensor, wanted in zip(tensors, expected, strict=False)
        )
    return found
