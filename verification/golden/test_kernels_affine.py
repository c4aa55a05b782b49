# SPDX-License-Identifier: MIT
"""The compiled rounding equals the plain one in every code, and leaves its source alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.affine import Affine
from golden.kernels import affine as kernel
from golden.lfsr import Lfsr
from golden.params import AffineParams, LfsrParams, stream_params

sums = st.lists(st.integers(-(2**30), 2**30), max_size=40)


@given(
    sums,
    st.integers(1, 32),
    st.integers(-31, 61),
    st.integers(1, 2**31 - 1) | st.just(1),
    st.sampled_from(["nearest_even", "stochastic"]),
    st.integers(1, 64),
    st.integers(0, 2**64 - 1),
)
def test_codes_and_source_are_those_of_the_plain_definition(
    values, width, shift, multiplier, rounding, lanes, seed
):
    if shift < 0:
        multiplier = 1
    zero_point = seed % 2**width - 2 ** (width - 1)
    params = AffineParams(
        width=width,
        shift=shift,
        multiplier=multiplier,
        zero_point=zero_point,
        rounding=rounding,
        lanes=lanes,
    )
    source, twin = (Lfsr(stream_params(seed, 21, params.word_width)) for _ in range(2))
    if seed % 5 == 0:  # a fault that both recover from
        source.state = twin.state = 0
    values = np.array(values, np.int64)
    if seed % 2 and len(values):
        values = np.stack([values, values[::-1]])
    expected = Affine(params, source).codes(values)
    np.testing.assert_array_equal(kernel.codes(Affine(params, twin), values), expected)
    assert (twin.state, twin.ticks) == (source.state, source.ticks)


@pytest.mark.parametrize("size", [0, 1, 4, 252, 253, 256, 257, 1000, 5000])
@pytest.mark.parametrize("stream", [3, 21])
def test_long_rows_of_lone_lanes_use_the_words_one_after_another(size, stream):
    """From 64 blocks of four words on, the kernel finds them from each other."""
    source, twin = (Lfsr(stream_params(size, stream, 16)) for _ in range(2))
    params = AffineParams(width=8, shift=16, rounding="stochastic")
    values = np.random.default_rng(size).integers(-(2**23), 2**23, (2, size))
    for _ in range(2):
        expected = Affine(params, source).codes(values)
        np.testing.assert_array_equal(kernel.codes(Affine(params, twin), values), expected)
        assert (twin.state, twin.ticks) == (source.state, source.ticks)


@pytest.mark.parametrize("rounding", ["nearest_even", "stochastic"])
@pytest.mark.parametrize("shift", [0, 1, 3, 16, 17, 18, 29])
@pytest.mark.parametrize("width", [1, 8, 32])
def test_narrow_products_have_the_codes_of_wide_ones(rounding, shift, width):
    """Up to the largest that may be."""
    params = AffineParams(width=width, shift=shift, rounding=rounding, lanes=2)
    most = 2**31 - 1 - 2**shift
    rng = np.random.default_rng(shift)
    wide = np.concatenate([rng.integers(-most, most, 90), [most, -most, 0, 1, -1]])[np.newaxis]
    narrow = wide.astype(np.int32)
    sources = [kernel.register(Lfsr(stream_params(1, 21, params.word_width))) for _ in range(2)]
    for values, source in zip((wide, narrow), sources, strict=True):
        kernel.round_all(values, kernel.rule(params), source)
    np.testing.assert_array_equal(narrow, wide)
    np.testing.assert_array_equal(sources[0], sources[1])


def test_shapes_are_kept_and_no_source_is_needed_to_round_to_nearest():
    values = np.arange(-12, 12).reshape(2, 3, 4)
    block = Affine(AffineParams(width=3, shift=1))
    codes = kernel.codes(block, values)
    assert codes.shape == values.shape
    np.testing.assert_array_equal(codes, block.codes(values))


@pytest.mark.parametrize("rounding", ["nearest_even", "stochastic"])
def test_sums_may_lie_in_any_order_in_memory(rounding):
    params = AffineParams(width=8, shift=3, rounding=rounding, lanes=2)
    sums = np.random.default_rng(0).integers(-900, 900, (4, 3, 6))
    for values in (sums.T, sums[::2, ::-1], np.asfortranarray(sums), sums[0, 0, 0], 1000, []):
        source, twin = (Lfsr(stream_params(4, 21, params.word_width)) for _ in range(2))
        values = np.asarray(values, np.int64)
        expected = Affine(params, source).codes(values)
        found = kernel.codes(Affine(params, twin), values)
        np.testing.assert_array_equal(found, expected)
        assert found.shape == values.shape
        assert (twin.state, twin.ticks) == (source.state, source.ticks)


def test_rows_without_values_use_no_word():
    params = AffineParams(width=8, shift=16, rounding="stochastic")
    for shape in ((0, 3), (3, 0)):
        source = kernel.register(Lfsr(stream_params(1, 21, 16)))
        before = source.copy()
        kernel.round_all(np.empty(shape, np.int64), kernel.rule(params), source)
        np.testing.assert_array_equal(source, before)


@pytest.mark.parametrize("given", [{"width": 33, "taps": (33, 20)}, {"width": 32}])
def test_an_lfsr_unlike_those_of_the_streams_is_refused(given):
    taps = {"taps": (32, 30, 26, 25)} | given
    lfsr = Lfsr(LfsrParams(**taps, seed=1, step=16))
    affine = Affine(AffineParams(width=8, shift=3, rounding="stochastic"), lfsr)
    message = rf"must have 64 bits and 4 taps, not {given['width']} and {len(taps['taps'])}"
    with pytest.raises(ValueError, match=message):
        kernel.codes(affine, [5])


def test_what_the_plain_definition_refuses_is_refused():
    with pytest.raises(TypeError, match=r"Sums must be integers, not float64"):
        kernel.codes(Affine(AffineParams(width=8)), [0.5])
