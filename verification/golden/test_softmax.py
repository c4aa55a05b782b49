# SPDX-License-Identifier: MIT
"""Integer softmax against decimals of forty digits, the real softmax and exact symmetric cases."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.softmax import exponentials, softmax

ONE = 2**28


def test_every_table_entry_is_the_nearest_integer():
    with localcontext() as context:
        context.prec = 40
        for table, step in zip(exponentials(), (Decimal(8), Decimal(2048)), strict=True):
            exact = [(Decimal(2**30) * (-Decimal(i) / step).exp()) for i in range(256)]
            assert table.tolist() == [int(e.to_integral_value(ROUND_HALF_EVEN)) for e in exact]


@pytest.mark.parametrize("width", [8, 16, 32])
@pytest.mark.parametrize("count", [1, 2, 3, 100])
def test_equal_logits_share_the_whole(width, count):
    shares = softmax(np.full((1, count), -5, np.int64), width)
    assert set(shares.ravel().tolist()) == {(2 * ONE + count) // (2 * count)}


@given(st.lists(st.integers(-128, 127), min_size=1, max_size=20), st.sampled_from([8, 16, 32]))
def test_probabilities_are_near_those_of_the_reals(codes, width):
    logits = np.array([codes], np.int64) << (width - 8)
    reals = np.array(codes) / 8
    powers = np.exp(reals - reals.max())
    np.testing.assert_allclose(softmax(logits, width)[0] / ONE, powers / powers.sum(), atol=2e-8)


@pytest.mark.parametrize("width", [16, 32])
def test_fine_logits_are_told_apart(width):
    step = 1 << (width - 16)
    first, second = softmax(np.array([[step, 0]], np.int64), width)[0]
    assert abs((first - second) / ONE - np.tanh(2.0**-12)) < 2e-8
    # Below 2^-11 a distance is rounded down to a whole step: here, to none.
    if width == 32:
        assert np.ptp(softmax(np.array([[step - 1, 0]], np.int64), width)) == 0


def test_the_extremes_of_the_range_are_certain():
    lowest, highest = -(2**31), 2**31 - 1
    assert softmax(np.array([[highest, lowest]]), 32).tolist() == [[ONE, 0]]
    assert softmax(np.array([[127, -128]]), 8).tolist() == [[ONE, 0]]
