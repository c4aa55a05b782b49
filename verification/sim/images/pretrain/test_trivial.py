# SPDX-License-Identifier: MIT
"""Every change of TrivialAugment against its definition or Pillow, and what is drawn."""

import math

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

torch = pytest.importorskip("torch", reason="PyTorch (extra `train`) is not installed")

from sim.images.pretrain.trivial import CHANGES, STRENGTHS, trivial

RNG = np.random.default_rng(0)
IMAGES = np.concatenate(
    [
        RNG.integers(0, 256, (3, 32, 32, 3)),
        RNG.integers(90, 140, (2, 32, 32, 3)),  # a narrow range
        np.full((1, 32, 32, 3), 77),  # one value
    ]
).astype(np.uint8)
SIGNED = np.array([-1.0, -0.5, 0.0, 0.3, 0.8, 1.0])


def changed(name: str, images: np.ndarray = IMAGES, full_scale: int = 255) -> np.ndarray:
    return CHANGES[name](torch.tensor(images), SIGNED[: len(images)], full_scale).numpy()


def test_identity_changes_nothing() -> None:
    np.testing.assert_array_equal(changed("identity"), IMAGES)


@pytest.mark.parametrize(
    ("name", "pillow", "tolerance"),
    [
        ("autocontrast", lambda image, s: ImageOps.autocontrast(image), 1),
        ("equalize", lambda image, s: ImageOps.equalize(image), 0),
        ("posterize", lambda image, s: ImageOps.posterize(image, 8 - round(4 * abs(s))), 0),
        ("solarize", lambda image, s: ImageOps.solarize(image, math.ceil(256 - 256 * abs(s))), 0),
        ("brightness", lambda image, s: ImageEnhance.Brightness(image).enhance(1 + 0.9 * s), 1),
        ("colour", lambda image, s: ImageEnhance.Color(image).enhance(1 + 0.9 * s), 1),
        ("contrast", lambda image, s: ImageEnhance.Contrast(image).enhance(1 + 0.9 * s), 1),
        ("sharpness", lambda image, s: ImageEnhance.Sharpness(image).enhance(1 + 0.9 * s), 2),
    ],
)
def test_colours_are_those_of_pillow(name: str, pillow: object, tolerance: int) -> None:
    assert callable(pillow)
    for image, strength, got in zip(IMAGES, SIGNED, changed(name), strict=True):
        theirs = np.asarray(pillow(Image.fromarray(image), strength)).astype(int)
        assert np.abs(got - theirs).max() <= tolerance


def source_by_loops(name: str, r: float, c: float, s: float) -> tuple[float, float]:
    """Where a pixel comes from; all places are from the centre of 32 x 32."""
    angle = math.radians(30 * s)
    return {
        "rotate": (
            r * math.cos(angle) - c * math.sin(angle),
            r * math.sin(angle) + c * math.cos(angle),
        ),
        "shear_x": (r, c + 0.3 * s * r),
        "shear_y": (r + 0.3 * s * c, c),
        "translate_x": (r, c + 10 * s),
        "translate_y": (r + 10 * s, c),
    }[name]


@pytest.mark.parametrize("name", ["rotate", "shear_x", "shear_y", "translate_x", "translate_y"])
def test_places_are_the_nearest_by_definition(name: str) -> None:
    for image, s, got in zip(IMAGES, SIGNED, changed(name), strict=True):
        for r in range(32):
            for c in range(32):
                row, column = (
                    math.floor(x + 15.5 + 0.5) for x in source_by_loops(name, r - 15.5, c - 15.5, s)
                )
                inside = 0 <= row < 32 and 0 <= column < 32
                assert got[r, c].tolist() == (image[row, column].tolist() if inside else [128] * 3)


def test_rotation_is_that_of_pillow_but_for_ties() -> None:
    for image, s, ours in zip(IMAGES, SIGNED, changed("rotate"), strict=True):
        theirs = np.asarray(Image.fromarray(image).rotate(-30 * s, fillcolor=(128,) * 3))
        assert (ours == theirs).all(2).mean() > 0.99


def test_narrow_pixels_stay_in_their_range() -> None:
    images = (IMAGES >> 1)[:, :9, :6]
    for name in CHANGES:
        got = changed(name, images, 127)
        assert got.dtype == np.uint8
        assert got.shape == images.shape
        assert got.max() <= 127, name
    stretched = changed("autocontrast", images, 127)
    assert stretched[0].max() == 127
    assert stretched[0].min() == 0
    np.testing.assert_array_equal(stretched[5], images[5])
    np.testing.assert_array_equal(changed("solarize", images, 127)[5], 127 - images[5])


def test_every_image_is_one_change_and_every_change_comes() -> None:
    images = np.random.default_rng(4).integers(0, 128, (280, 8, 8, 3)).astype(np.uint8)
    got = trivial(torch.tensor(images), np.random.default_rng(9), 127)
    draws = np.random.default_rng(9)
    places, strengths = draws.integers(14, size=280), draws.integers(31, size=280)
    sides = 2 * draws.integers(2, size=280) - 1
    assert set(places) == set(range(len(CHANGES)))
    for i, place in enumerate(places):
        signed = np.array([sides[i] * strengths[i] / (STRENGTHS - 1)])
        change = list(CHANGES.values())[place]
        one = change(torch.tensor(images[i : i + 1]), signed, 127)
        assert torch.equal(got[i], one[0])


def test_grey_images_have_every_change() -> None:
    images = np.random.default_rng(5).integers(0, 16, (60, 8, 8, 1)).astype(np.uint8)
    got = trivial(torch.tensor(images), np.random.default_rng(9), 15)
    assert got.shape == images.shape
    assert got.max() <= 15
