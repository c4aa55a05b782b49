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
from sim.images.pretrain.folding import fold
from sim.images.pretrain.sections import ModelConfig
from sim.images.pretrain.surrogates import sign, soft_sign, weight_sign

__all__ = ["BinaryHead", "BinaryNetwork", "Neurons"]

_EPSILON = 1e-5  # added to the variance


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
    """

    def __init__(
        self, params: ConvParams | DenseParams, config: ModelConfig, rng: np.random.Generator
    ) -> None:
        super().__init__()
        self.params = params
        self.centre = config.centre
        self.init_scale = config.init_scale
        self.scale = params.inputs**-0.5
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
        latent = self.latent
        if self.centre:
            latent = latent - latent.flatten(1).mean(1).view(-1, *[1] * (latent.ndim - 1))
        return weight_sign(latent)

    def dots(self, x: Tensor) -> Tensor:
        """Return the integer sums of the neurons, before any channel shuffle."""
        weights = self.signs().to(x.dtype)
        if isinstance(self.params, DenseParams):
            return functional.linear(x, weights)
        return _convolve(x, weights, self.params)

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
        self.config = config
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
            pre = self.hidden.normalise(self.hidden.dots(x))
            h = sign(pre, self.config.surrogate, self.config.window)
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

    def features(self, pixels: Tensor) -> Tensor:
        """Return the embeddings of pixels as -1 and +1, shape (n_images, D), float32."""
        x = self.encode(pixels)
        neurons = iter(self.layers)
        for layer, pool in _with_pools(self.params):
            if isinstance(layer, PoolParams):
                x = functional.max_pool2d(x, layer.size)
                continue
            if isinstance(layer, DenseParams) and x.ndim == 4:
                x = x.permute(0, 2, 3, 1).flatten(1)  # channel fastest
            x = self._activate(next(neurons), x, pool)
            if isinstance(layer, ConvParams) and layer.shuffle:
                x = _shuffle(x, layer.groups)
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

    def _activate(self, neurons: Neurons, x: Tensor, pool: int) -> Tensor:
        """Return the output of a layer and the pool after it."""
        dots = neurons.dots(x)
        if not self.training:
            bits = neurons.fires(dots)
            return functional.max_pool2d(bits, pool) if pool > 1 else bits
        pre = neurons.normalise(functional.max_pool2d(dots, pool) if pool > 1 else dots)
        if self.real:
            return soft_sign(pre, self.config.window)
        return sign(pre, self.config.surrogate, self.config.window)


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


def _convolve(x: Tensor, weights: Tensor, p: ConvParams) -> Tensor:
    """Return the sums of a convolution; padding is -1.

    PyTorch's grouped convolutions are slow with many groups, and in bfloat16 on a CPU. So a kernel
    as large as the map becomes one matrix product for each group, and on a CPU each of several
    groups becomes a convolution of its own.
    """
    if p.output.size == p.outputs and not p.pad:
        rows = x.reshape(len(x), p.groups, p.inputs).transpose(0, 1)
        columns = weights.reshape(p.groups, -1, p.inputs).transpose(1, 2)
        return torch.bmm(rows, columns).transpose(0, 1).reshape(len(x), -1, 1, 1)
    if p.groups == 1 or x.is_cuda:
        return functional.conv2d(_pad(x, p.pad), weights, groups=p.groups)
    if p.group_inputs == 1:
        x = _pad(x.float(), p.pad)
        return functional.conv2d(x, weights.float(), groups=p.groups).to(weights.dtype)
    parts = zip(x.chunk(p.groups, 1), weights.chunk(p.groups, 0), strict=True)
    # Padded after the split, each group lies in one piece.
    return torch.cat([functional.conv2d(_pad(part, p.pad), w) for part, w in parts], dim=1)


def _pad(x: Tensor, pad: int) -> Tensor:
    return functional.pad(x, (pad,) * 4, value=-1.0) if pad else x


def _shuffle(x: Tensor, groups: int) -> Tensor:
    """Return maps whose channels take turns among the groups; channels stay last in memory."""
    last = x.permute(0, 2, 3, 1).unflatten(3, (groups, -1))
    return last.transpose(3, 4).flatten(3).permute(0, 3, 1, 2)
