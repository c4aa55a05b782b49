# SPDX-License-Identifier: MIT
"""CWR* against the published arithmetic, numbers worked out by hand and exact fractions."""

import re
from fractions import Fraction
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.cwr import Cwr, past_weight
from golden.params import CwrParams


def cwr(classes=3, inputs=2, width: Any = "float", average="scalar"):
    return Cwr(CwrParams(classes=classes, inputs=inputs, width=width, average=average))


class Published:
    """The steps of ar1-pytorch (utils.py) with saved weights by class, centred by one average."""

    def __init__(self):
        self.saved, self.past = {}, {}

    def consolidate(self, tw, cur):
        present = [c for c in range(len(cur)) if cur[c]]
        globavg = np.average(tw[present])
        for c in present:
            new = tw[c] - globavg
            if c in self.saved:
                wpast = np.sqrt(self.past[c] / cur[c])
                self.saved[c] = (self.saved[c] * wpast + new) / (wpast + 1)
            else:
                self.saved[c] = new
            self.past[c] = self.past.get(c, 0) + cur[c]


def test_two_experiences_by_hand():
    block = cwr()
    # Classes 0 and 1, four samples each: the mean of (1, 3) and (5, -1) is 2.
    assert not block.begin(np.array([0, 1])).any()
    block.consolidate(np.array([[1.0, 3.0], [5.0, -1.0], [9.0, 9.0]]), np.array([4, 4, 0]))
    assert block.weights.tolist() == [[-1, 1], [3, -3], [0, 0]]
    # Class 1 again, one sample, and the new class 2: wpast = sqrt(4/1) = 2, the mean is 1.
    assert block.begin(np.array([1, 2])).tolist() == [[0, 0], [3, -3], [0, 0]]
    block.consolidate(np.array([[7.0, 7.0], [4.0, 1.0], [-2.0, 1.0]]), np.array([0, 1, 5]))
    assert block.weights.tolist() == [[-1, 1], [3, -2], [-3, 0]]
    assert block.past.tolist() == [4, 5, 5]


@pytest.mark.parametrize("seed", range(5))
def test_any_sequence_is_that_of_the_published_code(seed):
    rng = np.random.default_rng(seed)
    block, published = cwr(6, 9), Published()
    for _ in range(8):
        cur = rng.integers(0, 50, 6) * (rng.random(6) < 0.6)
        cur[rng.integers(6)] += 1
        tw = rng.normal(size=(6, 9))
        start = block.begin(np.flatnonzero(cur))
        for c in range(6):
            kept = published.saved.get(c, np.zeros(9)) if cur[c] else np.zeros(9)
            np.testing.assert_allclose(start[c], kept, atol=1e-12)
        block.consolidate(tw, cur)
        published.consolidate(tw, cur)
        for c, row in published.saved.items():
            np.testing.assert_allclose(block.weights[c], row, atol=1e-12)
        assert {c: n for c, n in enumerate(block.past.tolist()) if n} == published.past


def test_past_counts_are_the_samples_of_every_class_so_far():
    """Avalanche's test_cwrstar: after a stream, past_j is the number of all targets j."""
    stream = [[0, 0, 1], [2, 2, 2, 1], [0, 3]]
    block = cwr(5, 2)
    for targets in stream:
        block.consolidate(np.ones((5, 2)), np.bincount(targets, minlength=5))
    assert block.past.tolist() == [3, 2, 3, 1, 0]


def test_an_average_for_each_row():
    block = cwr(average="row")
    block.consolidate(np.array([[1.0, 3.0], [5.0, -1.0], [9.0, 9.0]]), np.array([1, 1, 0]))
    assert block.weights.tolist() == [[-1, 1], [3, -3], [0, 0]]
    block = cwr(2, 2, 8, "row")
    block.consolidate(np.array([[1, 2], [5, 100]], np.int32), np.array([1, 1]))
    # The means 1.5 and 52.5 go to the even 2 and 52.
    assert block.weights.tolist() == [[-1, 0], [-47, 48]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 2**31))
def test_the_weight_of_the_past_is_rounded_down(past, present):
    weight = past_weight(past, present)
    assert Fraction(weight, 256) ** 2 <= Fraction(past, present) < Fraction(weight + 1, 256) ** 2


@given(
    st.sampled_from([8, 16, 32]),
    st.sampled_from(["scalar", "row"]),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 900), st.integers(0, 9)), max_size=4),
    st.integers(0, 2**32),
)
def test_codes_are_those_of_exact_fractions(width, average, experiences, seed):
    rng, highest = np.random.default_rng(seed), 2 ** (width - 1) - 1
    block = cwr(3, 4, width, average)
    kept, past = [[0] * 4 for _ in range(3)], [0] * 3
    for cur in experiences:
        if not any(cur):
            continue
        tw = rng.integers(-highest - 1, highest + 1, (3, 4)).astype(np.int32)
        block.consolidate(tw, np.array(cur))
        present = [c for c in range(3) if cur[c]]
        every = [int(w) for c in present for w in tw[c]]
        for c in present:
            mean = every if average == "scalar" else [int(w) for w in tw[c]]
            centre = round(Fraction(sum(mean), len(mean)))
            t = past_weight(past[c], cur[c])
            for j in range(4):
                mixed = Fraction(kept[c][j] * t + (int(tw[c, j]) - centre) * 256, t + 256)
                kept[c][j] = max(-highest - 1, min(highest, round(mixed)))
            past[c] += cur[c]
        assert block.weights.tolist() == kept


def test_thirty_two_bits_follow_the_reals():
    rng, real, wide = np.random.default_rng(1), cwr(4, 8), cwr(4, 8, 32)
    for _ in range(6):
        tw, cur = rng.uniform(-0.5, 0.5, (4, 8)), rng.integers(1, 60, 4)
        real.consolidate(tw, cur)
        wide.consolidate(np.rint(tw * 2**31).astype(np.int32), cur)
    # The weight of the past has 8 fractional bits.
    np.testing.assert_allclose(wide.weights / 2**31, real.weights, atol=2.0**-8)


def test_replaying_the_same_weights_changes_nothing_but_their_mean():
    block = cwr(2, 3)
    block.consolidate(np.array([[1.0, 2, 3], [3, 2, 1]]), np.array([10, 10]))
    before = block.weights.copy()
    for cur in (1, 100, 7):
        block.consolidate(block.begin(np.arange(2)), np.array([cur, cur]))
    np.testing.assert_allclose(block.weights, before, atol=1e-12)
    assert past_weight(10, 10) == 256
    assert sqrt(10 / 10) == 1


def test_counts_stay_at_their_largest():
    block = cwr(1, 1)
    for _ in range(3):
        block.consolidate(np.ones((1, 1)), np.array([2**31]))
    assert block.past.tolist() == [2**32 - 1]


@pytest.mark.parametrize("width", ["float", 16])
def test_it_goes_on_from_its_state(width):
    first, second = cwr(width=width), cwr(width=width)
    tw = np.array([[1, 3], [5, -1], [9, 9]]).astype(first.weights.dtype)
    first.consolidate(tw, np.array([1, 2, 3]))
    second.load_state(first.state_dict())
    for block in (first, second):
        block.consolidate(tw, np.array([0, 2, 9]))
    np.testing.assert_array_equal(first.weights, second.weights)
    assert first.past.tolist() == second.past.tolist() == [1, 4, 12]
    assert first.weights.dtype == second.weights.dtype


@pytest.mark.parametrize(
    ("temporary", "counts", "message"),
    [
        ((2, 2), [1, 1, 1], "Temporary weights must have the shape (3, 2), not (2, 2)"),
        ((3, 2), [1, 1], "Counts must be 3 numbers >= 0, one at least above 0"),
        ((3, 2), [1, -1, 1], "Counts must be 3 numbers >= 0, one at least above 0"),
        ((3, 2), [0, 0, 0], "Counts must be 3 numbers >= 0, one at least above 0"),
    ],
)
def test_what_is_refused(temporary, counts, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        cwr().consolidate(np.zeros(temporary), np.array(counts))
