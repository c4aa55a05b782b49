# SPDX-License-Identifier: MIT
"""Augmentation against plain loops over pixels."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.pretrain.augment import augment
from sim.images.pretrain.sections import AugmentConfig

IMAGES = np.random.default_rng(1).integers(1, 128, (40, 5, 6, 3)).astype(np.uint8)


def moved(image: np.ndarray, down: int, right: int, mirror: bool, fill: str) -> np.ndarray:
    """Pixel by pixel: what the output shows at (r, c) lies at (r + down, c + right)."""
    height, width, _ = image.shape
    out = np.zeros_like(image)
    for r in range(height):
        for c in range(width):
            row, column = r + down, c + right
            if mirror:
                column = width - 1 - column
            inside = 0 <= row < height and 0 <= column < width
            if inside or fill == "edge":
                out[r, c] = image[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
    return out


@pytest.mark.parametrize("fill", ["edge", "zero"])
@pytest.mark.parametrize("flip", [False, True])
def test_every_image_is_one_shift_and_perhaps_its_mirror(fill: Any, flip: bool) -> None:
    config = AugmentConfig(flip=flip, shift=2, fill=fill)
    result = augment(torch.from_numpy(IMAGES), config, np.random.default_rng(5), 127).numpy()
    seen = set()
    for image, got in zip(IMAGES, result, strict=True):
        ways = [
            (d, r, m)
            for d in range(-2, 3)
            for r in range(-2, 3)
            for m in (False, True)
            if np.array_equal(got, moved(image, d, r, m, fill))
        ]
        assert len(ways) == 1
        seen.update(ways)
    assert {m for _, _, m in seen} == ({False, True} if flip else {False})
    assert {d for d, _, _ in seen} == {r for _, r, _ in seen} == set(range(-2, 3))


def test_no_change_leaves_the_images() -> None:
    config = AugmentConfig(flip=False, shift=0)
    result = augment(torch.from_numpy(IMAGES), config, np.random.default_rng(5), 127)
    np.testing.assert_array_equal(result.numpy(), IMAGES)
