# SPDX-License-Identifier: MIT
"""Affine quantisation against exact fractions, every 8-bit code and every random word."""

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from golden.affine import Affine, calibrate, dequantize, fixed_point, quantize
from golden.lfsr import Lfsr
from golden.params import AffineParams, stream_params

ranges = st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)).filter(lambda r: r[1] - r[0] > 1e-3)


class AllWords:
    """A source that gives every 16-bit word once, in order."""

    params = SimpleNamespace(step=16)

    def __init__(self):
        self.ticks = 0

    def tick(self):
        self.ticks += 1
        return self.ticks - 1


def affine(**given):
    words: Any = AllWords() if "rounding" in given else None
    return Affine(AffineParams(**given), words)


@pytest.mark.parametrize("zero_point", [-128, -3, 0, 127])
@pytest.mark.parametrize("scale", [2.0**-7, 0.3, 17.0])
def test_every_8_bit_code_comes_back(scale, zero_point):
    params, codes = AffineParams(width=8, zero_point=zero_point), np.arange(-128, 128)
    reals = dequantize(codes, scale, zero_point)
    np.testing.assert_array_equal(quantize(reals, scale, params), codes)
    assert reals[zero_point + 128] == 0.0
    assert quantize(0.0, scale, params) == zero_point
    # Beyond the range codes stay at its ends.
    assert quantize([reals[0] - 9 * scale, reals[-1] + 9 * scale], scale, params).tolist() == [
        -128,
        127,
    ]


def test_halves_go_to_the_even_code():
    halves = np.arange(-4, 4) + 0.5
    codes = quantize(halves, 1.0, AffineParams(width=8))
    assert (
        codes.tolist() == [round(Fraction(half)) for half in halves] == [-4, -2, -2, 0, 0, 2, 2, 4]
    )


@given(ranges, st.sampled_from([2, 4, 8, 16, 32]), st.booleans())
def test_the_error_inside_a_calibrated_range_is_half_a_step_at_most(span, width, symmetric):
    low, high = span
    if symmetric:
        low = -high if high > 0 else low
        assume(low < high and abs(low) == abs(high))
    scale, params = calibrate(low, high, width, symmetric=symmetric)
    assume(scale >= np.finfo(np.float64).tiny)  # a smaller one has few digits itself
    values = np.linspace(low, high, 101)
    back = dequantize(quantize(values, scale, params), scale, params.zero_point)
    # The ends of a range that is not a whole number of steps from 0 saturate within half a step.
    assert np.abs(back - values).max() <= scale * (0.5 + 1e-6)
    assert quantize(0.0, scale, params) == params.zero_point


def test_the_printed_symmetric_form_fails_a_range_on_one_side():
    scale, params = calibrate(0.0, 255.0, 8, symmetric=True)
    assert (scale, params.zero_point) == (1.0, 0)
    assert dequantize(quantize(255.0, scale, params), scale) == 127.0
    scale, params = calibrate(0.0, 255.0, 8)
    assert (scale, params.zero_point) == (1.0, -128)
    assert dequantize(quantize(255.0, scale, params), scale, params.zero_point) == 255.0


@pytest.mark.parametrize("shift", [-3, 0, 1, 4, 9])
@pytest.mark.parametrize("multiplier", [1, 3, 201])
def test_nearest_even_is_that_of_exact_fractions(multiplier, shift):
    sums = np.arange(-1100, 1100)
    codes = affine(width=32, shift=shift, multiplier=multiplier).codes(sums)
    exact = [round(Fraction(int(x) * multiplier) / Fraction(2) ** shift) for x in sums]
    assert codes.tolist() == exact


def test_codes_saturate_after_the_zero_point_is_added():
    block = affine(width=8, shift=1, zero_point=100)
    assert block.codes([54, 52, 53, -460, 2**40, -(2**40)]).tolist() == [
        127,
        126,
        126,
        -128,
        127,
        -128,
    ]


@given(st.floats(2.0**-20, 2.0**20), st.integers(-(2**30), 2**30), st.integers(-128, 127))
def test_a_fixed_point_ratio_is_within_a_step_of_the_real_one(ratio, total, zero_point):
    multiplier, shift = fixed_point(ratio)
    assert 2**30 <= multiplier < 2**31 or (multiplier == 1 and Fraction(2) ** -shift == ratio)
    assert abs(Fraction(multiplier) / Fraction(2) ** shift / Fraction(ratio) - 1) <= Fraction(
        1, 2**31
    )
    wanted = total * ratio + zero_point
    assume(abs(wanted) < 2**31)
    block = affine(width=32, multiplier=multiplier, shift=shift, zero_point=zero_point)
    assert abs(int(block.codes(total)) - wanted) <= 0.5 + abs(wanted) * 2.0**-31 + 2.0**-20


def test_a_ratio_just_below_a_power_of_two_is_that_power():
    assert fixed_point(1 - 2.0**-40) == (2**30, 30)


@pytest.mark.parametrize("exponent", [-61, -31, -1, 0, 1, 31])
def test_a_ratio_that_is_a_power_of_two_multiplies_by_one(exponent):
    assert fixed_point(2.0**exponent) == (1, -exponent)


@given(
    st.floats(-1e6, 1e6), st.floats(2.0**-30, 2.0**10), st.integers(-128, 127), st.integers(2, 16)
)
def test_codes_are_those_of_exact_quotients(value, scale, zero_point, width):
    params = AffineParams(width=width, zero_point=zero_point % 2 ** (width - 1))
    exact = Fraction(value) / Fraction(scale)
    below = exact.numerator // exact.denominator  # a half goes to the even of its two neighbours
    rest = exact - below
    nearest = below + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and below % 2 == 1))
    wanted = min(max(nearest + params.zero_point, params.lowest), params.highest)
    assert quantize([value], scale, params).tolist() == [wanted]


def test_a_quotient_that_float64_rounds_to_a_half_is_no_half():
    # -1.95 / 0.1 is -19.5 in float64; the two numbers themselves are a little more than that.
    assert quantize([-1.95], 0.1, AffineParams(width=16)).tolist() == [-19]


def test_the_zero_point_of_a_range_about_zero_is_exact():
    # -128 + 127.5 is a half; low / S in float64 is not.
    assert calibrate(-9.3, 9.3, 8)[1].zero_point == 0
    for tenths in range(1, 2000):
        assert calibrate(-tenths / 10, tenths / 10, 8)[1].zero_point == 0


@pytest.mark.parametrize("shift", [1, 2, 7, 16])
def test_stochastic_rounding_has_no_bias_over_all_words(shift):
    for total in (-5, -1, 0, 1, 3, 2**shift - 1, 7 * 2**shift + 3):
        block = affine(width=32, shift=shift, rounding="stochastic")
        codes = block.codes(np.full(2**16, total))
        assert set(codes.tolist()) <= {total >> shift, (total >> shift) + 1}
        assert Fraction(int(codes.sum()), 2**16) == Fraction(total, 2**shift)


@pytest.mark.parametrize("shift", [17, 20, 40, 61])
def test_a_fraction_finer_than_the_words_leaves_no_bias_to_either_side(shift):
    for fraction in (0.0, 1e-6, 0.3, 0.5, 0.999999):
        total = int(fraction * 2**shift)
        sums = []
        for sign in (1, -1):
            block = affine(width=32, shift=shift, rounding="stochastic")
            codes = block.codes(np.full(2**16, sign * total))
            sums.append(int(codes.sum()))
            assert abs(Fraction(sums[-1], 2**16) - Fraction(sign * total, 2**shift)) <= Fraction(
                1, 2**17
            )
        assert abs(sums[0] + sums[1]) <= 1


@pytest.mark.parametrize("shift", [-2, 0, 5])
def test_every_number_takes_one_word_in_row_major_order(shift):
    lfsr, twin = (Lfsr(stream_params(7, 21, 16)) for _ in range(2))
    sums = np.arange(24).reshape(2, 3, 4) * 11 - 100
    block = Affine(AffineParams(width=16, shift=shift, rounding="stochastic"), lfsr)
    codes = block.codes(sums)
    assert (lfsr.ticks, codes.shape) == (24, sums.shape)
    for code, total in zip(codes.flat, sums.flat, strict=True):
        word = twin.tick()
        if shift > 0:
            assert code == (int(total) + (word >> (16 - shift))) >> shift
        else:
            assert code == int(total) << -shift


@pytest.mark.parametrize(("lanes", "width"), [(1, 16), (3, 18), (49, 64), (64, 64)])
@pytest.mark.parametrize("shift", [0, 5, 20])
def test_neighbours_in_a_row_share_a_word(lanes, width, shift):
    lfsr, twin = (Lfsr(stream_params(7, 21, width)) for _ in range(2))
    sums = np.arange(2 * 150).reshape(2, 1, 150) * 1111 - 9999
    params = AffineParams(width=20, shift=shift, rounding="stochastic", lanes=lanes)
    codes = Affine(params, lfsr).codes(sums)
    assert params.word_width == width
    for row, numbers in zip(codes.reshape(2, 150), sums.reshape(2, 150), strict=True):
        for first in range(0, 150, lanes):
            bits = f"{twin.tick():0{width}b}"[::-1]
            for place in range(first, min(first + lanes, 150)):
                mine = [bits[(place - first + i) % width] for i in range(16)]
                noise = (2 * int("".join(mine[::-1]), 2) + 1) * 2**shift >> 17
                assert row[place] == (int(numbers[place]) + noise) >> shift
    assert (lfsr.state, lfsr.ticks) == (twin.state, 2 * -(-150 // lanes))


def test_each_lane_rounds_up_with_the_probability_of_its_fraction():
    lfsr = Lfsr(stream_params(3, 21, 64))
    block = Affine(AffineParams(width=8, shift=4, rounding="stochastic", lanes=64), lfsr)
    ups = block.codes(np.full((4000, 64), 5)).mean(axis=0)
    assert np.abs(ups - 5 / 16).max() < 4.5 * (5 / 16 * 11 / 16 / 4000) ** 0.5


def test_a_source_is_not_used_by_what_rounds_to_nearest():
    lfsr = Lfsr(stream_params(7, 21, 16))
    Affine(AffineParams(width=8, shift=3), lfsr).codes(np.arange(5))
    assert lfsr.ticks == 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: Affine(AffineParams(width=8, rounding="stochastic")),
            ValueError,
            r"Stochastic rounding must have an LFSR of 16-bit words",
        ),
        (
            lambda: Affine(
                AffineParams(width=8, rounding="stochastic", lanes=2),
                Lfsr(stream_params(7, 21, 16)),
            ),
            ValueError,
            r"Stochastic rounding must have an LFSR of 17-bit words",
        ),
        (lambda: affine(width=8).codes([0.5]), TypeError, r"Sums must be integers, not float64"),
        (
            lambda: affine(width=8, multiplier=4).codes([-(2**60)]),
            ValueError,
            r"Sums times 4 must be below 2\*\*62 in magnitude, not -1152921504606846976",
        ),
        (
            lambda: quantize([0, np.nan], 1.0, AffineParams(width=8)),
            ValueError,
            r"Values must be finite, not nan",
        ),
        (
            lambda: quantize(0, 0.0, AffineParams(width=8)),
            ValueError,
            r"Scale must be a positive real, not 0.0",
        ),
        (lambda: dequantize(0, -1.0), ValueError, r"Scale must be a positive real, not -1.0"),
        (
            lambda: calibrate(1.0, 1.0, 8),
            ValueError,
            r"Range must have a finite low < high, not 1.0..1.0",
        ),
        (lambda: calibrate(0.0, 1.0, 33), ValueError, r"Code width q must .* 1..32, not 33"),
        (
            lambda: fixed_point(2.0**63),
            ValueError,
            r"Ratio must be in 2\*\*-31..2\*\*62, not 9.22",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
