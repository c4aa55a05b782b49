# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Teacher for distillation made of integer networks that are trained already."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from golden.kernels import head_logits, infer
from golden.network import Network
from sim.images.pretrain.train import THREADS

__all__ = ["Ensemble"]

SAMPLED = 2000  # training images that choose the gains
_SPAN = 8.0  # half-width of the gains searched, as a natural logarithm


class Ensemble:
    """Integer networks whose mean probabilities are the answers of a teacher.

    Integer logits have no scale of their own. Each network gets the gain at which the labels of
    training images are likeliest.

    Parameters
    ----------
    networks : sequence of Network
        Networks with a head for the classes of the training.
    pixels : ndarray of shape (n_images, H, W, C), uint8 in ``0..2**b - 1``
        Training images; `SAMPLED` of them, evenly spaced, choose the gains.
    labels : ndarray of shape (n_images,), int64

    Attributes
    ----------
    gains : list of float
        Factor on the integer logits of each network.
    """

    def __init__(
        self, networks: Sequence[Network], pixels: NDArray[np.uint8], labels: NDArray[np.int64]
    ) -> None:
        self.networks = tuple(networks)
        chosen = np.linspace(0, len(pixels) - 1, min(SAMPLED, len(pixels))).astype(np.int64)
        truth = torch.from_numpy(labels[chosen])
        self.gains = [_gain(_logits(n, pixels[chosen]), truth) for n in self.networks]

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return log-probabilities of pixels (n_images, H, W, C) uint8, float32."""
        on_cpu = pixels.cpu().numpy()
        each = [
            functional.log_softmax(gain * _logits(network, on_cpu), dim=1)
            for network, gain in zip(self.networks, self.gains, strict=True)
        ]
        return (torch.stack(each).logsumexp(0) - np.log(len(each))).to(pixels.device)


def _logits(network: Network, pixels: NDArray[np.uint8]) -> Tensor:
    assert network.head is not None
    logits = head_logits(network.head, infer(network, pixels))
    torch.set_num_threads(THREADS)  # the kernels have set it to their own
    return torch.from_numpy(logits).float()


def _gain(logits: Tensor, labels: Tensor) -> float:
    """Return the factor that makes labels likeliest: the loss is convex in it."""
    low, high = -_SPAN, 0.0
    for _ in range(40):
        third = (high - low) / 3
        a, b = (
            float(functional.cross_entropy(np.exp(g) * logits, labels))
            for g in (low + third, high - third)
        )
        low, high = (low, high - third) if a < b else (low + third, high)
    return float(np.exp((low + high) / 2))
