# SPDX-License-Identifier: MIT
"""First rows of a classifier: against logarithms of another library, symmetry, exact roundings."""

import math
from decimal import localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from golden.bernoulli import probability
from golden.first_rows import SHARE, first_rows, first_weights
from golden.params import TrainerParams


def params(q_b: Any = 8, r: int = -3, hidden: int = 0) -> TrainerParams:
    width = 8 if q_b != "float" else "float"
    return TrainerParams(
        features=4, classes=3, hidden=hidden, forward_width=width, backward_width=q_b,
        binary_width="float" if q_b == "float" else 4, weight_exponent=r,
    )  # fmt: skip


@pytest.mark.parametrize("q", [1, 3, 8, 12])
@pytest.mark.parametrize(("q_b", "r"), [(8, -3), (8, 0), (16, -3), (32, -2)])
def test_weights_are_a_share_of_the_log_odds(q: int, q_b: int, r: int) -> None:
    table = first_weights(params(q_b, r), q)
    chances = np.clip(probability(np.arange(2**q), q), 0.02, 0.98)
    exact = np.log(chances / (1 - chances)) / 20 * 2.0 ** (q_b - 1 - r)
    limit = 2 ** (q_b - 1)
    assert np.abs(table - np.clip(exact, -limit, limit - 1)).max() <= 0.5 + 1e-5 * (q_b == 32)
    assert (np.diff(table.astype(np.int64)) >= 0).all()


def test_the_precision_of_the_caller_is_no_matter() -> None:
    first_weights.cache_clear()
    with localcontext(prec=6):
        coarse = first_weights(params(32, -2), 4)
    first_weights.cache_clear()
    np.testing.assert_array_equal(coarse, first_weights(params(32, -2), 4))


def test_weights_of_mirrored_codes_have_opposite_signs() -> None:
    table = first_weights(params(16, 0), 8).astype(np.int64)
    np.testing.assert_array_equal(table, -table[::-1])


def test_values_worked_out_by_hand() -> None:
    table = first_weights(params(16, -3), 2)
    # P = 0, 1/4, 3/4, 1: ln(49) / 20 * 2^18 = 51010.87, ln(3) / 20 * 2^18 = 14399.79; the first is
    # more than 16 bits hold.
    assert math.log(49) / 20 * 2**18 == pytest.approx(51010.87, abs=0.01)
    assert table.tolist() == [-32768, -14400, 14400, 32767]
    assert first_weights(params(16, 0), 2).tolist() == [-6376, -1800, 1800, 6376]


def test_real_weights_are_the_log_odds_themselves() -> None:
    table = first_weights(params("float"), 2)
    assert table.tolist() == pytest.approx([-math.log(49) / 20, -math.log(3) / 20,
                                            math.log(3) / 20, math.log(49) / 20])  # fmt: skip
    assert Fraction(1, 20) == SHARE


def test_rows_have_zeros_for_hidden_bits() -> None:
    codes = np.array([[0, 1, 2, 3], [3, 2, 1, 0]])
    rows = first_rows(params(hidden=2), codes, 2)
    table = first_weights(params(), 2)
    np.testing.assert_array_equal(rows, np.hstack([np.zeros((2, 2)), table[codes]]))


@pytest.mark.parametrize("codes", [np.zeros((2, 5), int), np.zeros(4, int), np.full((1, 4), 4)])
def test_codes_of_another_shape_or_width_are_refused(codes: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Codes must"):
        first_rows(params(), codes, 2)
