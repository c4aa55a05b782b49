# SPDX-License-Identifier: MIT
"""Herding against its definition in fractions, the public codes' forms and Avalanche's example."""

from fractions import Fraction
from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from golden.bits import pack
from sim.learn.herding import herding, herding_of_bits

tables = st.tuples(st.integers(1, 7), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(-5, 5))
)
bit_tables = st.tuples(st.integers(1, 8), st.integers(1, 70)).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 1))
)


def by_definition(features: np.ndarray) -> list[int]:
    """Try every free sample for each place and measure the distance of the two means."""
    rows = [[Fraction(int(value)) for value in row] for row in features]
    n = len(rows)
    mean = [sum(column) / n for column in zip(*rows, strict=True)]
    order: list[int] = []
    for k in range(1, n + 1):
        distances = {}
        for i in range(n):
            if i not in order:
                chosen = [rows[j] for j in [*order, i]]
                own = [sum(column) / k for column in zip(*chosen, strict=True)]
                distances[i] = sum((a - b) ** 2 for a, b in zip(mean, own, strict=True))
        order.append(min(distances, key=lambda i: (distances[i], i)))
    return order


def test_order_is_that_of_avalanches_example() -> None:
    # Its features are the sizes of 0, -4 and 5; its other strategy would give 1, 2, 0.
    assert herding(np.abs([[0], [-4], [5]])).tolist() == [1, 0, 2]


@settings(max_examples=60, deadline=None)
@given(tables)
def test_order_is_that_of_the_definition(features: np.ndarray) -> None:
    assert herding(features).tolist() == by_definition(features)


@settings(max_examples=40, deadline=None)
@given(bit_tables)
def test_order_of_bits_is_that_of_the_definition(bits: np.ndarray) -> None:
    found = herding_of_bits(pack(bits), bits.shape[1])
    assert found.tolist() == by_definition(2 * bits.astype(np.int64) - 1)


def test_order_of_bits_is_that_of_integers_in_every_small_case() -> None:
    for codes in product(range(8), repeat=4):
        bits = np.array(codes)[:, None] >> np.arange(3) & 1
        expected = herding(2 * bits - 1).tolist()
        assert herding_of_bits(pack(bits), 3).tolist() == expected, codes


@settings(max_examples=60, deadline=None)
@given(bit_tables)
def test_order_of_bits_is_wellings_as_icarls_public_code_has_it(bits: np.ndarray) -> None:
    """``argmax w . x``, then ``w += mu - x``, for samples of one length; all times n here."""
    x = 2 * bits.astype(int) - 1
    total = x.sum(axis=0)
    w, order = total.copy(), []
    for _ in x:
        scores = [-(10**9) if i in order else int(w @ x[i]) for i in range(len(x))]
        order.append(int(np.argmax(scores)))
        w = w + total - len(x) * x[order[-1]]
    assert herding_of_bits(pack(bits), bits.shape[1]).tolist() == order


@settings(max_examples=60, deadline=None)
@given(bit_tables, st.booleans(), st.data())
def test_a_smaller_memory_is_the_beginning_of_a_larger(
    bits: np.ndarray, normalized: bool, data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, len(bits)))
    packed, features = pack(bits), bits.shape[1]
    whole = herding_of_bits(packed, features, normalized=normalized)
    assert sorted(whole) == list(range(len(bits)))
    part = herding_of_bits(packed, features, count, normalized)
    np.testing.assert_array_equal(part, whole[:count])


@settings(max_examples=40, deadline=None)
@given(tables, st.integers(2, 9))
def test_one_length_for_all_features_changes_no_order(features: np.ndarray, scale: int) -> None:
    np.testing.assert_array_equal(herding(scale * features), herding(features))


@pytest.mark.parametrize("seed", range(6))
def test_normalized_mean_has_the_length_of_the_samples(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bits = (rng.random((40, 130)) < rng.random(130)).astype(int)
    x = 2 * bits - 1
    total = x.sum(axis=0)
    length = sqrt(130) / sqrt(total @ total)
    order: list[int] = []
    for k in range(1, 41):
        past = x[order].sum(axis=0)
        scores = k * length * (x @ total) - x @ past
        scores[order] = -np.inf
        order.append(int(scores.argmax()))
    found = herding_of_bits(pack(bits), 130, normalized=True).tolist()
    assert found == order
    assert found != herding_of_bits(pack(bits), 130).tolist()


def test_a_mean_of_zero_has_no_length_to_change() -> None:
    bits = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 1], [1, 1, 0]])
    orders = [herding_of_bits(pack(bits), 3, normalized=flag).tolist() for flag in (False, True)]
    assert orders == [[0, 1, 2, 3]] * 2


def test_what_is_no_table_of_integers_or_too_many_is_refused() -> None:
    with pytest.raises(TypeError, match="a table of integers, one row a sample, not float64 of"):
        herding(np.zeros((3, 2)))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"not int64 of shape \(3,\)"):
        herding(np.arange(3))
    with pytest.raises(ValueError, match=r"Exemplars must be an integer in 0..3, not 4"):
        herding(np.zeros((3, 2), int), 4)
    with pytest.raises(ValueError, match=r"Packed vectors of 65 bits must be uint64 with 2 words"):
        herding_of_bits(np.zeros((3, 1), np.uint64), 65)
