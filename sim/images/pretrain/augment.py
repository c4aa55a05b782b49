# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Random changes of images before their pixels are encoded."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sim.images.pretrain.colours import jitter
from sim.images.pretrain.sections import AugmentConfig
from sim.images.pretrain.trivial import trivial

__all__ = ["augment", "cutout"]


def augment(
    images: Tensor, config: AugmentConfig, rng: np.random.Generator, full_scale: int
) -> Tensor:
    """Return changed copies of images.

    Parameters
    ----------
    images : Tensor of shape (n_images, H, W, C), uint8
    config : AugmentConfig
    rng : numpy.random.Generator
        Draws two shifts for each image, then whether it is mirrored, then what `jitter`, `trivial`
        and `cutout` need. It draws on the CPU, and all arithmetic on pixels is that of integers, so
        that every device sees the same images.
    full_scale : int
        Largest value of a pixel.

    Returns
    -------
    Tensor of shape (n_images, H, W, C), uint8
    """
    changed = _moved(images, config, rng)
    if config.jitter:
        changed = jitter(changed, config.jitter, rng, full_scale)
    if config.trivial:
        changed = trivial(changed, rng, full_scale)
    if config.cutout:
        changed = cutout(changed, config.cutout, rng, full_scale)
    return changed


def cutout(images: Tensor, side: int, rng: np.random.Generator, full_scale: int) -> Tensor:
    """Return images with a grey square each (DeVries and Taylor, 2017).

    Parameters
    ----------
    images : Tensor of shape (n_images, H, W, C), uint8
    side : int
        Side of the square. Parts of it can lie outside.
    rng : numpy.random.Generator
        Draws the row of each square's centre, then the column; every pixel is as likely.
    full_scale : int
        Largest value of a pixel; the square is half as bright.
    """
    n_images, height, width, _ = images.shape
    hidden = []
    for size in (height, width):
        first = rng.integers(size, size=(n_images, 1)) - side // 2
        hidden.append((np.arange(size) >= first) & (np.arange(size) < first + side))
    square = hidden[0][:, :, np.newaxis] & hidden[1][:, np.newaxis, :]
    mask = torch.from_numpy(square).to(images.device).unsqueeze(3)
    return images.masked_fill(mask, (full_scale + 1) // 2)


def _moved(images: Tensor, config: AugmentConfig, rng: np.random.Generator) -> Tensor:
    """Return shifted images, half of them mirrored."""
    n_images, height, width, _ = images.shape
    shifts = rng.integers(-config.shift, config.shift, (2, n_images), endpoint=True)
    mirrored = rng.random(n_images) < 0.5 if config.flip else np.zeros(n_images, bool)
    rows = np.arange(height) + shifts[0, :, np.newaxis]
    columns = np.arange(width) + shifts[1, :, np.newaxis]
    columns = np.where(mirrored[:, np.newaxis], width - 1 - columns, columns)

    def indices(source: NDArray[np.int64], side: int) -> Tensor:
        return torch.from_numpy(source.clip(0, side - 1)).to(images.device)

    image = torch.arange(n_images, device=images.device).view(-1, 1, 1)
    moved = images[image, indices(rows, height).unsqueeze(2), indices(columns, width).unsqueeze(1)]
    if config.fill == "zero":
        inside_rows = (rows >= 0) & (rows < height)
        inside_columns = (columns >= 0) & (columns < width)
        inside = inside_rows[:, :, np.newaxis] & inside_columns[:, np.newaxis, :]
        moved *= torch.from_numpy(inside).to(images.device).unsqueeze(3)
    return moved
