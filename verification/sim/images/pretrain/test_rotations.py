# SPDX-License-Identifier: MIT
"""Rotated images, pixel by pixel, and their labels."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.pretrain.rotations import with_rotations

IMAGES = np.random.default_rng(0).integers(0, 128, (7, 5, 5, 3)).astype(np.uint8)
LABELS = np.array([0, 3, 1, 2, 3, 0, 1])


def quarter(image: np.ndarray) -> np.ndarray:
    """Rotate against the clock: the right column becomes the top row."""
    side = len(image)
    out = np.empty_like(image)
    for r in range(side):
        for c in range(side):
            out[r, c] = image[c, side - 1 - r]
    return out


def rotated(image: np.ndarray, quarters: int) -> np.ndarray:
    for _ in range(quarters):
        image = quarter(image)
    return image


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_every_copy_is_its_image_at_another_angle_with_a_label_of_its_own(copies: int) -> None:
    images, labels = with_rotations(torch.tensor(IMAGES), torch.tensor(LABELS), copies, 4)
    assert len(images) == len(labels) == 7 * (1 + copies)
    np.testing.assert_array_equal(images[:7].numpy(), IMAGES)
    np.testing.assert_array_equal(labels[:7].numpy(), LABELS)
    angles: dict[int, set[int]] = {i: set() for i in range(7)}
    for place in range(7, len(labels)):
        i = place % 7
        angle, label = divmod(int(labels[place]), 4)
        assert label == LABELS[i]
        assert 1 <= angle <= 3
        np.testing.assert_array_equal(images[place].numpy(), rotated(IMAGES[i], angle))
        angles[i].add(angle)
    assert all(len(found) == copies for found in angles.values())
    assert set.union(*angles.values()) == {1, 2, 3}
