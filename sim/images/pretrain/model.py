# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Trainable twin of a golden network: real latent weights, binary arithmetic.

In training a layer consists of a convolution, the maximum over the pooling window, the scale
``1/sqrt(fan_in)`` (or batch normalisation with an offset and without gain) and the sign. The
maximum before the sign gives the same bits as OR pooling after it. Its gradient goes to the largest
sum instead of to the first of many equal signs. The normalisation follows the maximum, so that at
first half of the pooled bits are +1.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from golden.params import ConvParams, DenseParams, HeadParams, NetworkParams, PoolParams
from golden.thermometer import Thermometer
from sim.images.pretrain.convolve import shuffle
from sim.images.pretrain.neurons import Neurons
from sim.images.pretrain.sections import ModelConfig
from sim.images.pretrain.surrogates import Surrogate, soft_sign

__all__ = ["BinaryHead", "BinaryNetwork"]


class BinaryHead(nn.Module):
    """Hidden layer, skip and ternary outputs (contract, 3).

    Parameters
    ----------
    params : HeadParams
    config : ModelConfig
    rng : numpy.random.Generator
    """

    def __init__(self, params: HeadParams, config: ModelConfig, rng: np.random.Generator) -> None:
        super().__init__()
        self.params = params
        self.surrogate = Surrogate(config.surrogate, config.window, config.power)
        self.hidden = None
        if params.hidden:
            hidden = DenseParams(inputs=params.features, outputs=params.hidden)
            self.hidden = Neurons(hidden, config, rng)
        outputs = DenseParams(inputs=params.concat, outputs=params.classes)
        self.plane_a = Neurons(outputs, config, rng)
        self.plane_b = Neurons(outputs, config, rng)
        self.log_gain = nn.Parameter(torch.tensor(config.logit_gain).log())

    def forward(self, x: Tensor, *, scaled: bool = True) -> Tensor:
        """Return the logits of embeddings (n_samples, D), as integers unless `scaled`."""
        if self.hidden is not None:
            h = self.surrogate(self.hidden.normalise(self.hidden.dots(x)))
            x = torch.cat([h, x], dim=1)
        logits = self.plane_a.dots(x) + self.plane_b.dots(x)
        p = self.params
        # The ternary layer sees its input twice, once for each plane.
        scale = (5 * 2 * p.concat * p.classes) ** -0.5
        return logits * self.log_gain.exp() * scale if scaled else logits


class BinaryNetwork(nn.Module):
    """Feature extractor with its training head.

    In evaluation, in float32, its bits always equal those of the golden network. In training they
    do too, except where batch normalisation rounds.

    Parameters
    ----------
    params : NetworkParams
        Network with a head.
    config : ModelConfig
    rng : numpy.random.Generator
        Draws the first latent weights.

    Attributes
    ----------
    precision : torch.dtype
        Type of the numbers in the convolutions.
    real : bool
        Whether activations in training are clipped real numbers instead of signs.
    surrogate : Surrogate
        Sign of the activations; the head has one of its own.
    """

    levels: Tensor

    def __init__(
        self, params: NetworkParams, config: ModelConfig, rng: np.random.Generator
    ) -> None:
        super().__init__()
        assert params.head is not None
        self.params = params
        self.config = config
        self.real = False
        self.surrogate = Surrogate(config.surrogate, config.window, config.power)
        self.precision = torch.float32
        first, *rest = params.layers
        thresholds = torch.from_numpy(Thermometer(first).thresholds)  # type: ignore[arg-type]
        self.register_buffer("levels", thresholds.to(torch.uint8), persistent=False)
        self.neurons = nn.ModuleList(
            Neurons(layer, config, rng)
            for layer in rest
            if isinstance(layer, ConvParams | DenseParams)
        )
        self.head = BinaryHead(params.head, config, rng)

    @property
    def layers(self) -> list[Neurons]:
        """Layers of neurons in order, without those of the head."""
        return [layer for layer in self.neurons if isinstance(layer, Neurons)]

    def encode(self, pixels: Tensor) -> Tensor:
        """Return the thermometer code of pixels as -1 and +1.

        Parameters
        ----------
        pixels : Tensor of shape (n_images, H, W, C), uint8 in ``0..2**b - 1``

        Returns
        -------
        Tensor of shape (n_images, C*T, H, W), of type `precision`, channels last in memory
        """
        bits = pixels.unsqueeze(-1) >= self.levels
        code = bits.flatten(3).to(self.precision).mul_(2).sub_(1)
        return code.permute(0, 3, 1, 2)

    def features(self, pixels: Tensor, sums: list[Tensor] | None = None) -> Tensor:
        """Return the embeddings of pixels as -1 and +1, shape (n_images, D), float32.

        Parameters
        ----------
        pixels : Tensor of shape (n_images, H, W, C), uint8 in ``0..2**b - 1``
        sums : list of Tensor or None
            In training, takes what each layer takes the sign of: its sums, pooled and normalised.
        """
        x = self.encode(pixels)
        neurons = iter(self.layers)
        for layer, pool in _with_pools(self.params):
            if isinstance(layer, PoolParams):
                x = functional.max_pool2d(x, layer.size)
                continue
            if isinstance(layer, DenseParams) and x.ndim == 4:
                x = x.permute(0, 2, 3, 1).flatten(1)  # channel fastest
            x = self._activate(next(neurons), x, pool, sums)
            if isinstance(layer, ConvParams) and layer.shuffle:
                x = shuffle(x, layer.groups)
        if x.ndim == 4:
            x = x.permute(0, 2, 3, 1).flatten(1)
        return x.float()

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the scaled logits of pixels, shape (n_images, classes), float32."""
        return self.head(self.features(pixels))

    def clip(self) -> None:
        """Keep every latent weight in [-1, 1]."""
        with torch.no_grad():
            for name, weight in self.named_parameters():
                if name.endswith("latent"):
                    weight.clamp_(-1, 1)

    def steepen(self, power: float) -> None:
        """Set the power of the surrogates, head included."""
        self.surrogate.power = self.head.surrogate.power = power

    def weigh(self, *, real: bool) -> None:
        """Let training take real weights in all layers, head included, or binary ones."""
        for module in self.modules():
            if isinstance(module, Neurons):
                module.real = real

    def _activate(
        self, neurons: Neurons, x: Tensor, pool: int, sums: list[Tensor] | None
    ) -> Tensor:
        """Return the output of a layer and the pool after it."""
        dots = neurons.dots(x)
        if not self.training:
            bits = neurons.fires(dots)
            return functional.max_pool2d(bits, pool) if pool > 1 else bits
        pre = neurons.normalise(functional.max_pool2d(dots, pool) if pool > 1 else dots)
        if sums is not None:
            sums.append(pre)
        return soft_sign(pre, self.config.window) if self.real else self.surrogate(pre)


def _with_pools(
    params: NetworkParams,
) -> Iterator[tuple[ConvParams | DenseParams | PoolParams, int]]:
    """Yield the layers after the thermometer, each with the size of the pool after it (or 1)."""
    layers = list(params.layers[1:])
    while layers:
        layer = layers.pop(0)
        pool = 1
        if not isinstance(layer, PoolParams) and layers and isinstance(layers[0], PoolParams):
            pool = layers.pop(0).size  # type: ignore[union-attr]
        yield layer, pool  # type: ignore[misc]
