# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Encoder, decoder and classifier of BinPlay on images (binplay, appendix and released code)."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["FrameShape", "classifier", "decoder", "decoder_macs", "encoder", "parameter_count"]

_START = 8  # side of the decoder's first map
_ENCODED = 128  # channels of the last map of encoder and classifier


@dataclass(frozen=True)
class FrameShape:
    """Shape of the images: `side` is 28 (MNIST) or 32 (CIFAR-10)."""

    side: int
    channels: int

    @property
    def stages(self) -> tuple[tuple[int, int, int], ...]:
        """Kernel, stride and padding of the decoder's transposed convolutions.

        The paper gives kernels and strides; the paddings are chosen to reach `side`.
        """
        if self.side == 28:
            return (3, 2, 2), (3, 2, 0), (3, 1, 2), (4, 1, 0)
        return (3, 2, 2), (4, 2, 0), (4, 1, 1), (4, 1, 0)


def encoder(shape: FrameShape, latent: int) -> nn.Sequential:
    """Return the encoder: three convolutions of stride 2, 2048 features, latents in -1..1."""
    layers: list[nn.Module] = []
    sizes = (shape.channels, 32, 64, _ENCODED)
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        convolution = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.LeakyReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(_ENCODED * 16, latent), nn.Tanh())


def decoder(shape: FrameShape, latent: int, task_bits: int, width: int) -> nn.Sequential:
    """Return the decoder, the only part that is kept in addition to the classifier.

    It has two dense layers of ``1.5 L`` and ``64 d`` features, then transposed convolutions of
    ``4d``, ``6d``, ``5d`` and the image's channels. The appendix of the paper has 800 features and
    other widths, but Table 3 agrees with this network: its 4.6 MB on MNIST and 21.0 MB on CIFAR-10
    are 4 bytes for each parameter at d = 32.

    Parameters
    ----------
    shape : FrameShape
    latent, task_bits : int
        L, bits of the code of an index, and bits of the code of its task.
    width : int
        d, on which the numbers of channels depend.
    """
    hidden, features = latent * 3 // 2, _START**2 * width
    layers: list[nn.Module] = [
        nn.Linear(latent + task_bits, hidden),
        nn.LeakyReLU(),
        nn.Linear(hidden, features),
        nn.LeakyReLU(),
        nn.Unflatten(1, (width, _START, _START)),
    ]
    for inputs, outputs, (kernel, stride, padding) in _convolutions(shape, width):
        layers.append(nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding, bias=False))
        if outputs != shape.channels:
            layers += [nn.BatchNorm2d(outputs), nn.LeakyReLU()]
    return nn.Sequential(*layers, nn.Sigmoid())


def classifier(shape: FrameShape, classes: int, dropout: float) -> nn.Sequential:
    """Return the base network, like LeNet: three convolutions, then 1152 (MNIST) and 84 features.

    Parameters
    ----------
    shape : FrameShape
    classes : int
        Outputs.
    dropout : float
        Share of the inputs of each dense layer that training leaves out, in 0..1.
    """
    layers: list[nn.Module] = []
    sizes = (shape.channels, 32, 64, _ENCODED)
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        convolution = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.LeakyReLU()]
    features = _ENCODED * (shape.side // 8) ** 2
    dense = (nn.Linear(features, 84), nn.LeakyReLU(), nn.Dropout(dropout), nn.Linear(84, classes))
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout), *dense)


def parameter_count(model: nn.Module) -> int:
    """Return the number of trained parameters of a network."""
    return sum(parameter.numel() for parameter in model.parameters())


def decoder_macs(model: nn.Sequential, code_bits: int) -> int:
    """Return the number of multiplications by weights for one decoded image."""
    macs, x = 0, torch.zeros(1, code_bits)
    model.eval()
    with torch.no_grad():
        for layer in model:
            macs += _macs(layer, x)
            x = layer(x)
    return macs


def _convolutions(shape: FrameShape, width: int) -> Iterator[tuple[int, int, tuple[int, int, int]]]:
    """Yield inputs, outputs and (kernel, stride, padding) of the decoder's convolutions."""
    sizes = (width, 4 * width, 6 * width, 5 * width, shape.channels)
    yield from zip(sizes, sizes[1:], shape.stages, strict=False)


def _macs(layer: nn.Module, x: Tensor) -> int:
    """Return the multiplications of one layer on one input."""
    if isinstance(layer, nn.ConvTranspose2d):
        return layer.weight.numel() * x.shape[2] * x.shape[3]
    return layer.weight.numel() if isinstance(layer, nn.Linear) else 0
