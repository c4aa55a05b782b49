# SPDX-License-Identifier: MIT
"""Thermometer code against its rule in real numbers, over all pixels of many codes."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest

from golden.params import MapShape, ThermometerParams
from golden.thermometer import Thermometer

CODES = [
    (b, t) for b in range(1, 9) for t in {1, 2, 3, 5, 2**b // 3, 2**b - 1, 2**b} if 1 <= t <= 2**b
]
CODES += [(7, 85), (8, 85), (12, 100), (16, 2**16)]


def one_pixel(bits, levels, channels=1):
    shape = MapShape(height=1, width=1, channels=channels)
    return Thermometer(ThermometerParams(bits=bits, levels=levels, input=shape))


def codes_of_all_pixels(bits, levels):
    pixels = np.arange(2**bits).reshape(-1, 1, 1, 1)
    return one_pixel(bits, levels).encode(pixels).reshape(2**bits, levels)


def test_threshold_j_is_the_middle_of_step_j_rounded_up():
    for bits, levels in CODES:
        real = [(j + Fraction(1, 2)) * 2**bits / levels for j in range(levels)]
        expected = [ceil(t) for t in real]
        assert one_pixel(bits, levels).thresholds.tolist() == expected, (bits, levels)


def test_code_grows_with_the_pixel_and_its_ones_come_first():
    for bits, levels in CODES[:-1]:
        codes = codes_of_all_pixels(bits, levels).astype(int)
        assert (np.diff(codes, axis=0) >= 0).all(), (bits, levels)
        assert (np.diff(codes, axis=1) <= 0).all(), (bits, levels)


def test_value_of_a_code_is_within_half_a_step_of_the_pixel():
    for bits, levels in CODES[:-1]:
        thermometer = one_pixel(bits, levels)
        pixels = np.arange(2**bits).reshape(-1, 1, 1, 1)
        values = thermometer.decode(thermometer.encode(pixels)).ravel()
        # In integers, since the bound is reached: |2^b ones - v T| <= 2^b / 2.
        ones = np.rint(values * levels).astype(int)
        near = 2 * abs(2**bits * ones - np.arange(2**bits) * levels) <= 2**bits
        assert near.all(), (bits, levels)


def test_every_pixel_has_its_own_code_at_full_depth():
    assert len(np.unique(codes_of_all_pixels(6, 64), axis=0)) == 64


def test_channels_are_colour_major():
    thermometer = one_pixel(2, 2, channels=2)  # thresholds 1 and 3
    code = [[[1, 1, 1, 0]]]
    assert thermometer.encode(np.array([[[3, 1]]])).tolist() == code
    assert thermometer.decode(np.array(code, np.uint8)).tolist() == [[[1.0, 0.5]]]


def test_slides_network_codes_128_values_on_85_thresholds():
    assert one_pixel(7, 85, channels=3).params.output.channels == 255


@pytest.mark.parametrize(
    ("pixels", "kind", "message"),
    [
        (np.zeros((1, 1, 1)), TypeError, "Pixels must be an integer array, not float64"),
        ([[[0]]], TypeError, "Pixels must be an integer array, not list"),
        (
            np.zeros((1, 2, 1), int),
            ValueError,
            r"Pixels must have the shape \(..., 1, 1, 1\), not \(1, 2, 1\)",
        ),
        (np.full((1, 1, 1), 16), ValueError, r"Pixels must be in 0..15, not 16"),
        (np.full((1, 1, 1), -1), ValueError, r"Pixels must be in 0..15, not -1"),
    ],
)
def test_bad_pixels_are_refused(pixels, kind, message):
    with pytest.raises(kind, match=message):
        one_pixel(4, 5).encode(pixels)


def test_codes_of_another_shape_are_refused():
    message = r"Thermometer bits must have the shape \(..., 1, 1, 5\), not \(1, 1, 4\)"
    with pytest.raises(ValueError, match=message):
        one_pixel(4, 5).decode(np.zeros((1, 1, 4), np.uint8))
