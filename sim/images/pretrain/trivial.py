# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""TrivialAugment: one drawn change of each image (Mueller and Hutter, 2021).

The fourteen changes and their ranges are those that the paper calls the space of RandAugment:

=============================================== =================================================
change                                          at strength m of 0..30
=============================================== =================================================
identity, autocontrast, equalize                has no strength
brightness, colour, contrast, sharpness         factor ``1 + 0.9 m/30`` or ``1 - 0.9 m/30``
posterize                                       drops the ``round(4 m/30)`` lowest bits
solarize                                        inverts pixels from ``(1 - m/30) 2^b`` up
rotate                                          by ``m`` degrees to either side
shear_x, shear_y                                by ``0.3 m/30`` to either side
translate_x, translate_y                        by ``10/32 m/30`` of the side, to either side
=============================================== =================================================

What moves in from outside is grey.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sim.images.pretrain.colours import blend, brightness, contrast, saturation

__all__ = ["CHANGES", "STRENGTHS", "trivial"]

#: Number of strengths.
STRENGTHS = 31

Numbers = NDArray[np.float64]


def trivial(images: Tensor, rng: np.random.Generator, full_scale: int) -> Tensor:
    """Return images that are changed in one way each.

    Parameters
    ----------
    images : Tensor of shape (n_images, H, W, C), uint8
    rng : numpy.random.Generator
        Draws for each image a place in `CHANGES`, then a strength, then a side, each uniformly.
    full_scale : int
        Largest value of a pixel, ``2**b - 1``.
    """
    drawn = rng.integers(len(CHANGES), size=len(images))
    strengths = rng.integers(STRENGTHS, size=len(images)) / (STRENGTHS - 1)
    signed = strengths * (2 * rng.integers(2, size=len(images)) - 1)
    changed = images.clone()
    for place, change in enumerate(CHANGES.values()):
        chosen = np.flatnonzero(drawn == place)
        if len(chosen):
            where = torch.from_numpy(chosen).to(images.device)
            changed[where] = change(images[where], signed[chosen], full_scale)
    return changed


def _identity(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    return images


def _autocontrast(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    """Stretch each channel to the whole range."""
    whole = images.to(torch.int32)
    low, high = whole.amin((1, 2), keepdim=True), whole.amax((1, 2), keepdim=True)
    stretched = (whole - low) * full_scale // (high - low).clamp(min=1)
    return torch.where(high > low, stretched, whole).to(torch.uint8)


def _equalize(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    """Make the values of each channel about equally frequent."""
    values = images.permute(0, 3, 1, 2).flatten(2).long()  # image, channel, pixel
    counts = torch.zeros((*values.shape[:2], full_scale + 1), dtype=torch.long).to(values.device)
    counts.scatter_add_(2, values, torch.ones_like(values))
    last = counts.gather(2, values.amax(2, keepdim=True))  # of the largest value there is
    step = (values.shape[2] - last) // full_scale
    before = counts.cumsum(2) - counts
    table = ((before + step // 2) // step.clamp(min=1)).clamp(max=full_scale)
    found = torch.where(step > 0, table.gather(2, values), values)
    _, height, width, _ = images.shape
    return found.unflatten(2, (height, width)).permute(0, 2, 3, 1).to(torch.uint8)


def _brightness(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    return brightness(images, 1 + 0.9 * signed, full_scale)


def _colour(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    return saturation(images, 1 + 0.9 * signed, full_scale)


def _contrast(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    return contrast(images, 1 + 0.9 * signed, full_scale)


def _sharpness(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    """Blend with a smooth image, whose pixel has weight 5 of 13 and its neighbours 1 each."""
    whole = images.to(torch.int32)
    smooth = whole.clone()
    height, width = whole.shape[1:3]
    if min(height, width) > 2:  # pixels of the edge stay as they are
        total = 4 * whole[:, 1:-1, 1:-1]
        for row in range(3):
            for column in range(3):
                total = total + whole[:, row : height - 2 + row, column : width - 2 + column]
        smooth[:, 1:-1, 1:-1] = (2 * total + 13) // 26
    return blend(images, smooth, 1 + 0.9 * signed, full_scale)


def _posterize(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    dropped = np.rint(4 * np.abs(signed)).astype(np.int32).clip(0, full_scale.bit_length())
    shifts = torch.from_numpy(dropped).to(images.device).view(-1, 1, 1, 1)
    return ((images.to(torch.int32) >> shifts) << shifts).to(torch.uint8)


def _solarize(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    edges = np.ceil((1 - np.abs(signed)) * (full_scale + 1)).astype(np.int32)
    edge = torch.from_numpy(edges).to(images.device).view(-1, 1, 1, 1)
    return torch.where(images.to(torch.int32) >= edge, full_scale - images, images)


def _rotate(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    angles = np.deg2rad(30 * signed)
    cosine, sine = np.cos(angles), np.sin(angles)
    return _affine(images, full_scale, cosine, -sine, sine, cosine)


def _shear_x(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    return _affine(images, full_scale, column_of_row=0.3 * signed)


def _shear_y(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    return _affine(images, full_scale, row_of_column=0.3 * signed)


def _translate_x(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    return _affine(images, full_scale, right=signed * images.shape[2] * 10 / 32)


def _translate_y(images: Tensor, signed: Numbers, full_scale: int) -> Tensor:
    return _affine(images, full_scale, down=signed * images.shape[1] * 10 / 32)


def _affine(
    images: Tensor,
    full_scale: int,
    row_of_row: Numbers | float = 1.0,
    row_of_column: Numbers | float = 0.0,
    column_of_row: Numbers | float = 0.0,
    column_of_column: Numbers | float = 1.0,
    down: Numbers | float = 0.0,
    right: Numbers | float = 0.0,
) -> Tensor:
    """Return images whose pixels come from elsewhere, the nearest pixel each.

    A pixel at ``(r, c)`` from the centre is that at ``(row_of_row r + row_of_column c + down,
    column_of_row r + column_of_column c + right)``.
    """
    n_images, height, width, _ = images.shape
    r = (np.arange(height) - (height - 1) / 2)[:, np.newaxis]
    c = (np.arange(width) - (width - 1) / 2)[np.newaxis, :]

    def each(values: Numbers | float) -> Numbers:
        return np.broadcast_to(values, n_images)[:, np.newaxis, np.newaxis]

    rows = each(row_of_row) * r + each(row_of_column) * c + each(down) + (height - 1) / 2
    columns = each(column_of_row) * r + each(column_of_column) * c + each(right) + (width - 1) / 2
    rows, columns = (np.floor(x + 0.5).astype(np.int64) for x in (rows, columns))
    outside = (rows < 0) | (rows >= height) | (columns < 0) | (columns >= width)
    image = torch.arange(n_images, device=images.device).view(-1, 1, 1)
    indices = (
        torch.from_numpy(x.clip(0, size - 1)).to(images.device)
        for x, size in ((rows, height), (columns, width))
    )
    moved = images[image, *indices]
    mask = torch.from_numpy(outside).to(images.device).unsqueeze(3)
    return moved.masked_fill(mask, (full_scale + 1) // 2)


#: Changes by name, of images, of strengths in -1..1 and of the largest value of a pixel.
CHANGES: dict[str, Callable[[Tensor, Numbers, int], Tensor]] = {
    "identity": _identity,
    "autocontrast": _autocontrast,
    "equalize": _equalize,
    "brightness": _brightness,
    "colour": _colour,
    "contrast": _contrast,
    "sharpness": _sharpness,
    "posterize": _posterize,
    "solarize": _solarize,
    "rotate": _rotate,
    "shear_x": _shear_x,
    "shear_y": _shear_y,
    "translate_x": _translate_x,
    "translate_y": _translate_y,
}
