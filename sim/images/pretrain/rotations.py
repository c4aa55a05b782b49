# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Rotated images as further classes (Lee et al., 2020; PASS, Zhu et al., 2021)."""

import torch
from torch import Tensor

__all__ = ["ANGLES", "with_rotations"]

#: Angles beside the upright one: a quarter of a turn, a half and three quarters.
ANGLES = 3


def with_rotations(
    pixels: Tensor, labels: Tensor, copies: int, classes: int
) -> tuple[Tensor, Tensor]:
    """Return images followed by rotated copies, and the labels of all.

    Copy ``j`` of image ``i`` is rotated by ``a = 1 + (i + j) mod 3`` quarters of a turn, against
    the clock. Its label is ``a * classes`` more than that of the image.

    Parameters
    ----------
    pixels : Tensor of shape (n_images, H, H, C), uint8
    labels : Tensor of shape (n_images,), int64
    copies : int
        Copies of each image, 1..3.
    classes : int
        Number of classes of the images.
    """
    places = torch.arange(len(pixels), device=pixels.device)
    images, names = [pixels], [labels]
    for copy in range(copies):
        quarters = 1 + (places + copy) % ANGLES
        rotated = torch.empty_like(pixels)
        for angle in range(1, ANGLES + 1):
            chosen = quarters == angle
            rotated[chosen] = torch.rot90(pixels[chosen], angle, (1, 2))
        images.append(rotated)
        names.append(labels + classes * quarters)
    return torch.cat(images), torch.cat(names)
