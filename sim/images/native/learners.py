# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The networks that learn task after task: a pre-trained extractor with a new classifier."""

from copy import deepcopy
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from golden.kernels import head_logits, infer
from golden.params import NetworkParams
from sim.images.pretrain.export import to_golden
from sim.images.pretrain.model import BinaryNetwork
from sim.images.pretrain.teacher import CHUNK, Teacher
from sim.measure.ledger import FLOAT_BITS, Entry, Ledger, head_ledger, network_ledger

__all__ = [
    "BinaryLearner",
    "FloatLearner",
    "Learner",
    "network_bits",
    "optimizer_bits",
    "parameter_count",
    "real_network",
    "widest",
    "with_outputs",
]

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]

_FLOAT_BITS = 32
_MOMENTS = 2  # real numbers that Adam keeps for each weight while it trains


class Learner(Protocol):
    """Interface of the network that a run in image space trains and tests."""

    @property
    def model(self) -> nn.Module:
        """PyTorch module that is trained."""
        ...

    def classify(self, images: Pixels, seen: int) -> Labels:
        """Return the class of images (n_images, H, W, C) uint8, among the first `seen`."""
        ...

    def ledger(self) -> Ledger:
        """Return every bit of network and classifier that survives between tasks."""
        ...


class BinaryLearner:
    """Binary network; tests use the integer network made of its signs and thresholds.

    Parameters
    ----------
    extractor : BinaryNetwork
        Pre-trained network; its weights are copied, but not its head.
    classes : int
        Outputs of the new head.
    rng : numpy.random.Generator
        Draws the first weights of the head.
    """

    def __init__(self, extractor: BinaryNetwork, classes: int, rng: np.random.Generator) -> None:
        self.params = with_outputs(extractor.params, classes)
        self.model = BinaryNetwork(self.params, extractor.config, rng)
        self.model.neurons.load_state_dict(extractor.neurons.state_dict())

    def classify(self, images: Pixels, seen: int) -> Labels:
        network = to_golden(self.model)
        assert network.head is not None
        return head_logits(network.head, infer(network, images))[:, :seen].argmax(axis=1)

    def ledger(self) -> Ledger:
        assert self.params.head is not None
        real = self.params.weight_count * (_FLOAT_BITS - 1)
        note = "float32, less the sign, as in the head"
        entries = [Entry.extra("latent weights of the network", real, note)]
        norms = [layer.norm for layer in self.model.layers if layer.norm is not None]
        if norms:
            bits = 3 * _FLOAT_BITS * sum(norm.num_features for norm in norms)
            entries.append(Entry.extra("normalisation", bits, "offset, mean, variance a neuron"))
        head = head_ledger(self.params.head, FLOAT_BITS)
        return network_ledger(self.params) + Ledger(tuple(entries)) + head


class FloatLearner:
    """Network of real numbers; tests use the trained network itself.

    Parameters
    ----------
    extractor : Teacher
        Pre-trained network; it is copied.
    classes : int
        Outputs of the new output layer.
    generator : torch.Generator
        Draws the first weights of the output layer.
    """

    def __init__(self, extractor: Teacher, classes: int, generator: torch.Generator) -> None:
        self.model = deepcopy(extractor).cpu()
        fan_in = self.model.output.in_features
        self.model.output = nn.Linear(fan_in, classes)
        with torch.no_grad():
            self.model.output.weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            self.model.output.bias.zero_()

    def classify(self, images: Pixels, seen: int) -> Labels:
        self.model.eval()
        device = self.model.output.weight.device
        answers = []
        for start in range(0, len(images), CHUNK):
            pixels = torch.from_numpy(images[start : start + CHUNK]).to(device)
            with torch.no_grad():
                answers.append(self.model(pixels)[:, :seen].argmax(1).cpu().numpy())
        return np.concatenate(answers)

    def ledger(self) -> Ledger:
        means = sum(b.numel() for b in self.model.buffers() if b.is_floating_point())
        entries = [
            Entry.extra("network weights", _FLOAT_BITS * parameter_count(self.model), "float32"),
            Entry.extra("normalisation", _FLOAT_BITS * means, "mean and variance a channel"),
        ]
        return Ledger(tuple(entries))


def with_outputs(network: NetworkParams, classes: int) -> NetworkParams:
    """Return the network with a head of `classes` outputs."""
    assert network.head is not None
    return replace(network, head=replace(network.head, classes=classes))


def network_bits(network: NetworkParams) -> int:
    """Return the bits of weights and thresholds, including both planes of the head."""
    assert network.head is not None
    return network_ledger(network).bits_full + head_ledger(network.head).bits_full


def real_network(network: NetworkParams, width: int, seed: int) -> Teacher:
    """Return a new network of real numbers for the images and classes of a binary one.

    Parameters
    ----------
    network : NetworkParams
        Binary network with a head.
    width : int
        Channels of the first block.
    seed : int
        Seed of the first weights.
    """
    assert network.head is not None
    generator = torch.Generator().manual_seed(seed)
    channels = network.input.channels
    return Teacher(network.bits, channels, network.head.classes, width, generator)


def widest(network: NetworkParams) -> int:
    """Return the width of the largest network of real numbers with no more bits than a binary one.

    It has about 1/32 of the weights: each of its trained parameters takes 32 bits. Means and
    variances of normalisation are not counted: they fold into these parameters after training.

    Raises
    ------
    ValueError
        If a width of 1 does not fit.
    """

    def bits(width: int) -> int:
        return _FLOAT_BITS * parameter_count(real_network(network, width, 0))

    limit = network_bits(network)
    if bits(1) > limit:
        raise ValueError(
            f"must have at least the {bits(1)} bits of the smallest network of real numbers, "
            f"not {limit}"
        )
    width = 1
    while bits(width + 1) <= limit:
        width += 1
    return width


def optimizer_bits(parameters: int) -> int:
    """Return the bits that Adam needs in addition to the parameters while it trains them."""
    return _MOMENTS * _FLOAT_BITS * parameters


def parameter_count(model: nn.Module) -> int:
    """Return the number of trained parameters."""
    return sum(parameter.numel() for parameter in model.parameters())
