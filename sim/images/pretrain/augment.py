# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Random mirroring and shifts of images before their pixels are encoded."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sim.images.pretrain.sections import AugmentConfig

__all__ = ["augment"]


def augment(images: Tensor, config: AugmentConfig, rng: np.random.Generator) -> Tensor:
    """Return changed copies of images.

    Parameters
    ----------
    images : Tensor of shape (n_images, H, W, C), uint8
    config : AugmentConfig
    rng : numpy.random.Generator
        Draws two shifts for each image, then whether it is mirrored. It draws on the CPU, so that
        every device sees the same images.

    Returns
    -------
    Tensor of shape (n_images, H, W, C), uint8
    """
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
