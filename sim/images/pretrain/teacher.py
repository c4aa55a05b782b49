# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Float teacher for distillation: a small residual network on the same pixels."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sim.images.pretrain.stages import TEACHER_BLOCKS

__all__ = ["Teacher"]

CHUNK = 500  # images in a test pass, to bound its memory


class _Block(nn.Module):
    """Two normalised convolutions with a shortcut, then a pool that halves the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norms[0](self.first(x)))
        y = self.norms[1](self.second(y)) + self.shortcut(x)
        return functional.max_pool2d(functional.relu(y), 2)


class Teacher(nn.Module):
    """Residual network of three blocks, trained like the network it will teach.

    Parameters
    ----------
    bits : int
        b, bits of a pixel.
    channels : int
        Colours.
    classes : int
    width : int
        Channels of the first block; the next have 2 and 4 times as many.
    generator : torch.Generator
        Draws the first weights.
    """

    def __init__(
        self, bits: int, channels: int, classes: int, width: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.full_scale = 2**bits - 1
        self.precision = torch.float32
        widths = (channels, *(width << block for block in range(TEACHER_BLOCKS)))
        self.blocks = nn.Sequential(
            *(_Block(a, b) for a, b in zip(widths, widths[1:], strict=False))
        )
        self.output = nn.Linear(widths[-1], classes)
        with torch.no_grad():
            for weight in (p for p in self.parameters() if p.ndim > 1):
                fan_in = weight[0].numel()
                weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            self.output.bias.zero_()

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the logits of pixels (n_images, H, W, C) uint8, float32."""
        return self.answers(pixels)[0]

    def answers(self, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the logits of pixels, float32, and the maps after each block."""
        x = (pixels.float() / self.full_scale - 0.5).permute(0, 3, 1, 2) * 4
        maps: list[Tensor] = []
        with torch.autocast(x.device.type, self.precision, self.precision != torch.float32):
            for block in self.blocks:
                x = block(x)
                maps.append(x)
            y = self.output(x.mean((2, 3)))
        return y.float(), maps

    def accuracy(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Return the share of images (n_images, H, W, C) uint8 that it classifies correctly."""
        hits = 0
        for start in range(0, len(images), CHUNK):
            pixels = torch.from_numpy(images[start : start + CHUNK]).to(self.output.weight.device)
            with torch.no_grad():
                answers = self(pixels).argmax(1).cpu().numpy()
            hits += int((answers == labels[start : start + CHUNK]).sum())
        return hits / len(images)

    def clip(self) -> None:
        """Leave the weights unchanged: real weights have no range to keep."""
