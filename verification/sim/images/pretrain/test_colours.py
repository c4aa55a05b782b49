# SPDX-License-Identifier: MIT
"""Changes of colour against their definitions, pixel by pixel, and against Pillow."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.pretrain.colours import brightness, contrast, grey, jitter, saturation

IMAGES = np.random.default_rng(1).integers(0, 256, (6, 7, 5, 3)).astype(np.uint8)
FACTORS = np.array([0.0, 0.25, 0.75, 1.0, 1.5, 2.0])


def by_definition(name: str, image: np.ndarray, factor: float, full_scale: int) -> np.ndarray:
    """Blend in real numbers, and round half up."""
    height, width, channels = image.shape
    greys = np.empty((height, width))
    for r in range(height):
        for c in range(width):
            if channels == 3:
                red, green, blue = (int(v) for v in image[r, c])
                exact = (19595 * red + 38470 * green + 7471 * blue) / 65536
            else:
                exact = float(image[r, c].mean())
            greys[r, c] = np.floor(exact + 0.5)
    other = {
        "brightness": np.zeros((height, width)),
        "contrast": np.full((height, width), np.floor(greys.mean() + 0.5)),
        "saturation": greys,
    }[name][:, :, np.newaxis]
    blended = np.floor(other + factor * (image - other) + 0.5)
    return blended.clip(0, full_scale).astype(np.uint8)


CHANGES = {"brightness": brightness, "contrast": contrast, "saturation": saturation}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize(("channels", "full_scale"), [(3, 255), (3, 127), (1, 255), (2, 31)])
def test_changes_are_blends_by_definition(name: str, channels: int, full_scale: int) -> None:
    images = IMAGES[..., :channels] & full_scale
    got = CHANGES[name](torch.tensor(images), FACTORS, full_scale).numpy()
    for image, factor, changed in zip(images, FACTORS, got, strict=True):
        np.testing.assert_array_equal(changed, by_definition(name, image, factor, full_scale))


@pytest.mark.parametrize(
    ("name", "pillow"),
    [
        ("brightness", ImageEnhance.Brightness),
        ("contrast", ImageEnhance.Contrast),
        ("saturation", ImageEnhance.Color),
    ],
)
def test_pillow_gives_the_same_but_for_rounding(name: str, pillow: type) -> None:
    got = CHANGES[name](torch.tensor(IMAGES), FACTORS, 255).numpy()
    for image, factor, changed in zip(IMAGES, FACTORS, got, strict=True):
        theirs = np.asarray(pillow(Image.fromarray(image)).enhance(factor)).astype(int)
        assert np.abs(changed - theirs).max() <= 1


def test_grey_is_that_of_pillow() -> None:
    for image, got in zip(IMAGES, grey(torch.tensor(IMAGES)).numpy(), strict=True):
        np.testing.assert_array_equal(got[:, :, 0], np.asarray(Image.fromarray(image).convert("L")))


def test_jitter_draws_a_factor_of_each_image_for_each_change_in_turn() -> None:
    images = torch.tensor(IMAGES & 127)
    draws = np.random.default_rng(3).uniform(0.6, 1.4, (3, 6))
    expected = images
    for change, factors in zip(CHANGES.values(), draws, strict=True):
        expected = change(expected, factors, 127)
    got = jitter(images, 0.4, np.random.default_rng(3), 127)
    assert torch.equal(got, expected)
    assert got.max() <= 127
    assert len({image.numpy().tobytes() for image in got}) == 6
