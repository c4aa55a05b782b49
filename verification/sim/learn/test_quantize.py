# SPDX-License-Identifier: MIT
"""Quantised means against exhaustive search over the levels, for every code width and map."""

import numpy as np
import pytest

from sim.learn.quantize import LEVEL_MAPS, decode, quantize

WIDTHS = range(1, 17)
MEANS = np.r_[np.linspace(0, 1, 4097), np.random.default_rng(0).random(2000)]


def written_levels(q: int, level_map: str) -> np.ndarray:
    """Return what each code stands for, from the words of the documentation."""
    m = np.arange(2**q)
    return {
        "contract": (m + (m >= 2 ** (q - 1))) / 2**q,
        "end_point": m / (2**q - 1),
        "mid_rise": (m + 0.5) / 2**q,
        "saturated": m / 2**q,
    }[level_map]


@pytest.mark.parametrize("q", WIDTHS)
@pytest.mark.parametrize("level_map", LEVEL_MAPS)
def test_every_mean_goes_to_the_nearest_level(q, level_map):
    levels = written_levels(q, level_map)
    above = np.searchsorted(levels, MEANS).clip(1, len(levels) - 1)
    nearest = np.minimum(np.abs(levels[above] - MEANS), np.abs(levels[above - 1] - MEANS))
    quantized = quantize(MEANS, q, level_map)
    assert np.abs(quantized.means - MEANS) == pytest.approx(nearest, abs=1e-12)
    assert quantized.max_error == pytest.approx(nearest.max())
    assert quantized.rms_error == pytest.approx(np.sqrt((nearest**2).mean()))


@pytest.mark.parametrize("q", WIDTHS)
@pytest.mark.parametrize("level_map", LEVEL_MAPS)
def test_codes_decode_to_their_levels_and_levels_return_to_their_codes(q, level_map):
    codes = np.arange(2**q)
    levels = decode(codes, q, level_map)
    assert levels.tolist() == written_levels(q, level_map).tolist()
    returned = quantize(levels, q, level_map)
    assert returned.codes is not None
    assert returned.codes.dtype == np.uint16
    assert returned.codes.tolist() == codes.tolist()
    assert returned.max_error < 1e-15


@pytest.mark.parametrize("q", WIDTHS)
@pytest.mark.parametrize("level_map", LEVEL_MAPS)
def test_codes_rise_with_the_means(q, level_map):
    codes = quantize(np.linspace(0, 1, 5001), q, level_map).codes
    assert codes is not None
    assert np.diff(codes.astype(int)).min() >= 0


@pytest.mark.parametrize("q", WIDTHS)
def test_end_points_are_those_of_each_map(q):
    ends = {name: quantize([0, 1], q, name).means.tolist() for name in LEVEL_MAPS}
    assert ends == {
        "contract": [0, 1],
        "end_point": [0, 1],
        "mid_rise": [2.0 ** -(q + 1), 1 - 2.0 ** -(q + 1)],
        "saturated": [0, 1 - 2.0**-q],
    }


@pytest.mark.parametrize("q", WIDTHS)
def test_map_of_the_contract_is_symmetric_and_within_its_error_bound(q):
    inside = MEANS[np.abs(MEANS - 0.5) > 2.0**-q]
    assert quantize(MEANS, q).max_error <= 2.0**-q
    if q > 1:
        assert quantize(inside, q).max_error <= 2.0 ** -(q + 1)
    codes = np.arange(2**q)
    assert (decode(codes, q) + decode(codes[::-1], q)).tolist() == [1] * 2**q


def test_one_half_goes_to_the_lower_level():
    assert quantize(0.5, 3).means == 3 / 8


def test_float_keeps_the_means():
    quantized = quantize(MEANS, "float")
    assert quantized.codes is None
    assert quantized.means.tolist() == MEANS.tolist()
    assert (quantized.max_error, quantized.rms_error) == (0, 0)


def test_shape_is_kept():
    assert quantize(np.full((3, 5), 0.2), 4).means.shape == (3, 5)
    assert quantize(np.zeros((0, 5)), 4).max_error == 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0.2], 0), ValueError, r"^Code width q must be an integer in 1\.\.16, not 0$"),
        (([0.2], 17), ValueError, r"^Code width q must be an integer in 1\.\.16, not 17$"),
        (([0.2], "8"), TypeError, r"^Code width q must be an integer in 1\.\.16, not '8'$"),
        (([1.25], 4), ValueError, r"^Means must be in 0\.\.1, not 1\.25$"),
        (([np.nan], 4), ValueError, r"^Means must be in 0\.\.1, not nan$"),
        ((["a"], 4), TypeError, r"^Means must be real numbers, not <U1$"),
        (
            ([0.2], 4, "floor"),
            ValueError,
            r"^Level map must be one of contract, end_point, mid_rise, saturated, not 'floor'$",
        ),
    ],
)
def test_wrong_input_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        quantize(*arguments)


def test_wrong_code_is_refused():
    with pytest.raises(ValueError, match=r"^Codes must be integers in 0\.\.15, not 16$"):
        decode([16], 4, "end_point")
