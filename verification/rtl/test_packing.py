# SPDX-License-Identifier: MIT

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtl.packing import flat_weights, threshold_rows, weight_rows


@given(st.data())
def test_rows_are_in_the_order_of_the_window(data: st.DataObject) -> None:
    groups, outputs, channels, kernel, pe, simd = (
        data.draw(st.integers(1, 5), label=name)
        for name in ("groups", "outputs", "channels", "kernel", "pe", "simd")
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    weights = rng.integers(0, 2, (groups * outputs, kernel, kernel, channels), np.uint8)
    rows = iter(weight_rows(weights, groups, pe, simd))
    for group in range(groups):
        first = group * channels
        for tile in range(-(-outputs // pe)):
            for row in range(kernel):
                for column in range(kernel):
                    for word in range(first // simd, (first + channels - 1) // simd + 1):
                        found = next(rows)
                        for lane in range(pe):
                            for bit in range(simd):
                                output, channel = tile * pe + lane, word * simd + bit - first
                                if output < outputs and 0 <= channel < channels:
                                    own = weights[group * outputs + output, row, column, channel]
                                    assert found[lane, bit] == own
    assert next(rows, None) is None


@pytest.mark.parametrize(("channels", "words"), [(3, 1), (4, 1), (5, 2), (9, 3)])
def test_lanes_without_a_channel_never_agree_with_an_empty_map(channels: int, words: int) -> None:
    weights = np.zeros((2, 6 * channels), np.uint8)
    flat = flat_weights(weights, channels, 4)
    assert flat.shape == (2, 6 * words, 4)
    assert flat.sum() == 2 * 6 * (4 * words - channels)
    rows = weight_rows(flat[:, np.newaxis], 1, 2, 4)
    assert np.array_equal(rows.swapaxes(0, 1), flat)


def test_rows_of_thresholds_hold_one_group_each() -> None:
    found = threshold_rows(np.arange(1, 11), 2, 3)
    assert found.tolist() == [[1, 2, 3], [4, 5, 0], [6, 7, 8], [9, 10, 0]]
