# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Residual network for small images, with a binarizer of its embedding and a linear classifier."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from golden.bits import pack
from sim.images.resnet.through import Binarizer

__all__ = ["BinarizedResNet", "ResNet"]

CHUNK = 500  # images in a test pass, to bound its memory


class _Block(nn.Module):
    """Basic block: two normalised convolutions beside a shortcut (He et al., 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for _ in range(2))
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norms[0](self.first(x)))
        return functional.relu(self.norms[1](self.second(y)) + self.shortcut(x))


class ResNet(nn.Module):
    """Feature extractor F: a residual network up to its average pool.

    With 64 channels and two blocks in each of four stages it is the usual ResNet-18 for images of
    32 x 32: it has no pool and no stride before the second stage.

    Parameters
    ----------
    channels : int
        Colours.
    width : int
        Channels of the first stage; each later stage has twice as many, at half the resolution.
    blocks : sequence of int
        Number of blocks in each stage.

    Attributes
    ----------
    features : int
        D, length of the embedding.
    """

    def __init__(self, channels: int, width: int, blocks: Sequence[int]) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        stages, inputs = [], width
        for stage, count in enumerate(blocks):
            outputs = width * 2**stage
            for place in range(count):
                stages.append(_Block(inputs, outputs, 2 if stage and not place else 1))
                inputs = outputs
        self.stages = nn.Sequential(*stages)
        self.features = inputs

    def forward(self, images: Tensor) -> Tensor:
        """Return embeddings (n_images, D), >= 0, of images (n_images, C, H, W)."""
        return self.stages(self.stem(images)).mean((2, 3))


class BinarizedResNet(nn.Module):
    """Feature extractor F, an optional binarizer, and the linear classifier G.

    Parameters
    ----------
    features : ResNet
    binarizer : Binarizer or None
        None passes the real-valued embedding to G.
    classes : int
    full_scale : int
        Largest value of a pixel.

    Attributes
    ----------
    precision : torch.dtype
        Type of the numbers in the convolutions.
    """

    def __init__(
        self, features: ResNet, binarizer: Binarizer | None, classes: int, full_scale: int
    ) -> None:
        super().__init__()
        self.features = features
        self.full_scale = full_scale
        self.precision = torch.float32
        self.binarizer = binarizer
        outputs = features.features if binarizer is None else binarizer.outputs
        self.output = nn.Linear(outputs, classes)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the logits of pixels (n_images, H, W, C) uint8, float32."""
        embeddings = self.embed(pixels)
        if self.binarizer is not None:
            embeddings = self.binarizer(embeddings)
        return self.output(embeddings)

    def embed(self, pixels: Tensor) -> Tensor:
        """Return the real-valued embeddings (n_images, D), float32."""
        x = (pixels.float() / self.full_scale - 0.5).permute(0, 3, 1, 2) * 4
        with torch.autocast(x.device.type, self.precision, self.precision != torch.float32):
            return self.features(x).float()

    @torch.no_grad()
    def bits(self, images: NDArray[np.uint8]) -> NDArray[np.uint64]:
        """Return packed binary embeddings (n_images, words) of images (n_images, H, W, C)."""
        assert self.binarizer is not None, "without a binarizer there are no bits"
        chunks = [self.binarizer.bits(self.embed(part)) for part in self._parts(images)]
        return np.concatenate([pack(chunk.cpu().numpy()) for chunk in chunks])

    @torch.no_grad()
    def accuracy(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Return the share of images (n_images, H, W, C) uint8 that it classifies correctly."""
        answers = [self(part).argmax(1).cpu().numpy() for part in self._parts(images)]
        return float((np.concatenate(answers) == labels).mean())

    def clip(self) -> None:
        """Leave the weights unchanged: real weights have no range to keep."""

    def _parts(self, images: NDArray[np.uint8]) -> Iterator[Tensor]:
        device = self.output.weight.device
        for start in range(0, len(images), CHUNK):
            yield torch.from_numpy(images[start : start + CHUNK]).to(device)
