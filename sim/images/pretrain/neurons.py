# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Layer of the trainable twin: real latent weights, binary arithmetic."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from golden.params import ConvParams, DenseParams
from sim.images.pretrain.convolve import convolve
from sim.images.pretrain.folding import fold
from sim.images.pretrain.sections import ModelConfig
from sim.images.pretrain.surrogates import weight_sign

__all__ = ["Neurons"]

_EPSILON = 1e-5  # added to the variance, and to the mean magnitude of weights


class Neurons(nn.Module):
    """Layer of binary neurons, convolution or dense.

    Parameters
    ----------
    params : ConvParams or DenseParams
        A layer with thresholds is batch-normalised in training.
    config : ModelConfig
    rng : numpy.random.Generator
        Draws the first latent weights.

    Attributes
    ----------
    latent : torch.nn.Parameter
        Latent weights, indexed (output, input channel, kernel row, kernel column) or
        (output, input).
    real : bool
        Whether training takes the latent weights of a neuron, over their mean magnitude, in place
        of their signs.
    """

    def __init__(
        self, params: ConvParams | DenseParams, config: ModelConfig, rng: np.random.Generator
    ) -> None:
        super().__init__()
        self.params = params
        self.centre = config.centre
        self.init_scale = config.init_scale
        self.scale = params.inputs**-0.5
        self.real = False
        latent = rng.uniform(-config.init_scale, config.init_scale, params.weight_shape)
        if isinstance(params, ConvParams):
            latent = latent.transpose(0, 3, 1, 2)
        self.latent = nn.Parameter(torch.tensor(latent, dtype=torch.float32))
        self.norm: nn.BatchNorm1d | nn.BatchNorm2d | None = None
        if params.thresholds:
            kind = nn.BatchNorm2d if isinstance(params, ConvParams) else nn.BatchNorm1d
            self.norm = kind(params.outputs, _EPSILON, affine=False)
            self.offset = nn.Parameter(torch.zeros(params.outputs))

    def signs(self) -> Tensor:
        """Return the binary weights as -1 and +1, shaped like `latent`."""
        return weight_sign(self._centred())

    def dots(self, x: Tensor) -> Tensor:
        """Return the sums of the neurons, before any channel shuffle: integers, unless `real`."""
        weights = (self._scaled() if self.real and self.training else self.signs()).to(x.dtype)
        if isinstance(self.params, DenseParams):
            return functional.linear(x, weights)
        return convolve(x, weights, self.params)

    def normalise(self, dots: Tensor) -> Tensor:
        """Return the sums scaled to about unit deviation, for the surrogate in training."""
        if self.norm is None:
            return dots * self.scale
        offset = self.offset.to(dots.dtype).view(-1, *[1] * (dots.ndim - 2))
        return self.norm(dots) + offset  # type: ignore[no-any-return]

    def fires(self, dots: Tensor) -> Tensor:
        """Return the output of the integer neuron as -1 and +1."""
        theta = torch.zeros(())
        if self.norm is not None:
            theta = torch.from_numpy(self.thresholds()).view(-1, *[1] * (dots.ndim - 2))
        return (dots >= theta.to(dots)).to(dots.dtype) * 2 - 1

    def thresholds(self) -> np.ndarray:
        """Return the thresholds int32 of a normalised layer."""
        assert self.norm is not None
        assert self.norm.running_mean is not None
        assert self.norm.running_var is not None
        offset, mean, variance = (
            t.detach().double().cpu().numpy()
            for t in (self.offset, self.norm.running_mean, self.norm.running_var)
        )
        return fold(offset, mean, np.sqrt(variance + _EPSILON), self.params.inputs)

    def _centred(self) -> Tensor:
        return self.latent - _means(self.latent) if self.centre else self.latent

    def _scaled(self) -> Tensor:
        latent = self._centred()
        return latent / (_means(latent.abs()) + _EPSILON)


def _means(latent: Tensor) -> Tensor:
    """Return the mean of each neuron's weights, with as many axes."""
    return latent.flatten(1).mean(1).view(-1, *[1] * (latent.ndim - 1))
