# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""Brightness, contrast and saturation of images, in integers."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["blend", "brightness", "contrast", "grey", "jitter", "saturation"]

#: A factor is a multiple of 1/256.
_ONE = 256

#: Weights of red, green and blue in grey, in 65536ths (ITU-R BT.601).
_RED, _GREEN, _BLUE = 19595, 38470, 7471


def jitter(images: Tensor, size: float, rng: np.random.Generator, full_scale: int) -> Tensor:
    """Return images of changed brightness, then contrast, then saturation.

    Parameters
    ----------
    images : Tensor of shape (n_images, H, W, C), uint8
    size : float
        j, 0..1.
    rng : numpy.random.Generator
        Draws a factor of each image, uniform in ``1-j..1+j``, for each change in turn.
    full_scale : int
        Largest value of a pixel.
    """
    for change in (brightness, contrast, saturation):
        images = change(images, rng.uniform(1 - size, 1 + size, len(images)), full_scale)
    return images


def brightness(images: Tensor, factors: NDArray[np.float64], full_scale: int) -> Tensor:
    """Return images that are brighter by a factor each.

    Parameters
    ----------
    images : Tensor of shape (n_images, H, W, C), uint8
    factors : ndarray of shape (n_images,), float64
    full_scale : int
        Largest value of a pixel.
    """
    return blend(images, torch.zeros_like(images), factors, full_scale)


def contrast(images: Tensor, factors: NDArray[np.float64], full_scale: int) -> Tensor:
    """Return images whose pixels differ more from the mean grey, by a factor each.

    Parameters
    ----------
    images, factors, full_scale
        As of `brightness`.
    """
    greys = grey(images).long().flatten(1)
    pixels = greys.shape[1]
    mean = (2 * greys.sum(1) + pixels) // (2 * pixels)
    return blend(images, mean.view(-1, 1, 1, 1), factors, full_scale)


def saturation(images: Tensor, factors: NDArray[np.float64], full_scale: int) -> Tensor:
    """Return images whose pixels differ more from their grey, by a factor each.

    Parameters
    ----------
    images, factors, full_scale
        As of `brightness`.
    """
    return blend(images, grey(images), factors, full_scale)


def grey(images: Tensor) -> Tensor:
    """Return the grey (n_images, H, W, 1) int32 of pixels; their mean where there are not three."""
    whole = images.to(torch.int32)
    if whole.shape[3] != 3:
        n = whole.shape[3]
        return (2 * whole.sum(3, keepdim=True, dtype=torch.int32) + n) // (2 * n)
    red, green, blue = whole.split(1, 3)
    return (_RED * red + _GREEN * green + _BLUE * blue + 32768) >> 16


def blend(images: Tensor, other: Tensor, factors: NDArray[np.float64], full_scale: int) -> Tensor:
    """Return ``other + f (images - other)``, rounded half up and kept in the range of a pixel.

    Parameters
    ----------
    images : Tensor of shape (n_images, H, W, C), uint8
    other : Tensor
        What a factor of 0 gives; of a shape that fits.
    factors : ndarray of shape (n_images,), float64
        f, rounded to multiples of 1/256.
    full_scale : int
        Largest value of a pixel.
    """
    steps = torch.from_numpy(np.rint(factors * _ONE).astype(np.int32)).to(images.device)
    whole, base = images.to(torch.int32), other.to(torch.int32)
    moved = base * _ONE + steps.view(-1, 1, 1, 1) * (whole - base)
    return ((moved + _ONE // 2) >> 8).clamp(0, full_scale).to(torch.uint8)
