# SPDX-License-Identifier: MIT
"""Selector: classes and components, exactly where words can be listed."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.params import SelectorParams, stream_params
from golden.selector import Selector, count_not_above, cumulative_thresholds


def words(stream, seed, count):
    """Return 16-bit words, the register stepped bit by bit."""
    params = stream_params(seed, stream, 16)
    state, drawn = params.seed, []
    for _ in range(count):
        drawn.append(state % 2**16)
        for _ in range(16):
            fresh = sum(state >> (t - 1) & 1 for t in params.taps) % 2
            state = (state << 1 | fresh) % 2**64
    return drawn


def test_round_robin_goes_round_and_survives_new_classes():
    block = Selector(SelectorParams())
    assert block.request(3, 5).tolist() == [0, 1, 2, 0, 1]
    assert block.request(5, 6).tolist() == [2, 3, 4, 0, 1, 2]
    assert block.request(5, 0).tolist() == []
    assert block.class_lfsr.ticks == 0


def test_round_robin_passes_over_classes_that_were_removed():
    block = Selector(SelectorParams())
    assert block.request(5, 7, removed={0, 3, 4}).tolist() == [1, 2, 1, 2, 1, 2, 1]
    # The pointer stands behind the class named last, whatever is there.
    assert block.request(5, 3).tolist() == [2, 3, 4]
    assert block.request(5, 2, removed={0}).tolist() == [1, 2]


@pytest.mark.parametrize("mode", ["uniform", "weighted"])
def test_a_word_that_names_a_removed_class_is_used_up(mode):
    block = Selector(SelectorParams(mode=mode, seed=9))
    block.set_class_weights([0.25] * 4)
    named = [r >> 14 for r in words(18, 9, 200)]
    expected = [label for label in named if label not in (1, 2)]
    assert block.request(4, len(expected), removed=[1, 2]).tolist() == expected
    last = max(i for i, label in enumerate(named) if label not in (1, 2))
    assert block.class_lfsr.ticks == last + 1


def test_where_all_classes_were_removed_none_is_named():
    block = Selector(SelectorParams())
    with pytest.raises(ValueError, match="Classes must be left to name, not all of 2 removed"):
        block.request(2, 1, removed={0, 1})


def test_where_no_word_names_a_class_that_is_left_none_is_named():
    block = Selector(SelectorParams(mode="weighted"))
    block.set_class_weights([0.5, 0, 0.5])
    with pytest.raises(ValueError, match="Classes must be left to name, not all of 3 removed"):
        block.request(3, 1, removed={0, 2})
    assert block.request(3, 4, removed={0}).tolist() == [2, 2, 2, 2]


@pytest.mark.parametrize("n", [1, 3, 7, 100])
def test_uniform_scales_a_word_of_stream_18(n):
    block = Selector(SelectorParams(mode="uniform", seed=9))
    expected = [r * n // 65536 for r in words(18, 9, 500)]
    assert block.request(n, 500).tolist() == expected
    assert (block.class_lfsr.ticks, block.component_lfsr.ticks) == (500, 0)


def test_uniform_gives_every_class_its_share_of_all_words():
    for n in (1, 3, 10, 100, 1000):
        shares = np.bincount(np.arange(65536) * n >> 16, minlength=n)
        assert shares.max() - shares.min() <= 1


def test_weighted_counts_the_thresholds_not_above_a_word():
    block = Selector(SelectorParams(mode="weighted", seed=4))
    block.set_class_weights([0.5, 0.25, 0.25])
    expected = [(r >= 32768) + (r >= 49152) for r in words(18, 4, 300)]
    assert block.request(3, 300).tolist() == expected


def test_components_use_a_word_of_stream_17_each_also_alone():
    block = Selector(SelectorParams(seed=6))
    drawn = words(17, 6, 4)
    assert [block.component(np.array([20000], np.uint16)) for _ in range(2)] == [
        int(r >= 20000) for r in drawn[:2]
    ]
    assert block.component(np.zeros(0, np.uint16)) == 0
    assert block.component_lfsr.ticks == 3
    assert block.component_lfsr.word() == drawn[3]
    assert block.class_lfsr.ticks == 0


@pytest.mark.parametrize("weights", [[1.0], [0.5, 0.5], [0.1, 0.0, 0.65, 0.25], [1 / 3] * 3])
def test_all_words_share_out_as_the_weights_do(weights):
    thresholds = cumulative_thresholds(weights)
    assert thresholds.dtype == np.uint16
    chosen = Counter(count_not_above(thresholds, r) for r in range(65536))
    for k, weight in enumerate(weights):
        assert abs(chosen[k] - 65536 * weight) <= 1


def test_thresholds_round_halves_up_and_stop_at_65535():
    assert cumulative_thresholds([1.0, 0.0, 0.0]).tolist() == [65535, 65535]
    assert cumulative_thresholds([0.0, 1.0]).tolist() == [0]
    assert cumulative_thresholds([2.5 / 65536, 1 - 2.5 / 65536]).tolist() == [3]


def test_new_seeds_change_the_words_and_not_the_pointer():
    block = Selector(SelectorParams(mode="uniform", seed=9))
    block.request(7, 3)
    block.reseed(5)
    assert block.request(7, 50).tolist() == [r * 7 // 65536 for r in words(18, 5, 50)]
    thresholds = np.array([20000, 40000], np.uint16)
    expected = [int(r >= 20000) + int(r >= 40000) for r in words(17, 5, 50)]
    assert [block.component(thresholds) for _ in range(50)] == expected
    robin = Selector(SelectorParams())
    robin.request(4, 3)
    robin.reseed(5)
    assert robin.request(4, 2).tolist() == [3, 0]


def test_selection_is_uniform_over_many_draws():
    block = Selector(SelectorParams(mode="uniform"))
    counts = np.bincount(block.request(10, 20000), minlength=10)
    assert ((counts - 2000) ** 2 / 2000).sum() < 27.9  # chi-square, 9 degrees, p = 0.001


def test_state_goes_round():
    block = Selector(SelectorParams(mode="weighted", seed=3))
    block.set_class_weights([0.2, 0.8])
    block.request(2, 5)
    block.component(np.zeros(0, np.uint16))
    copy = Selector(SelectorParams(mode="weighted", seed=3))
    copy.load_state(block.state_dict())
    assert copy.request(2, 50).tolist() == block.request(2, 50).tolist()
    assert copy.component_lfsr.word() == block.component_lfsr.word()
    assert copy.component_lfsr.ticks == 1
    robin = Selector(SelectorParams())
    robin.request(4, 3)
    copy = Selector(SelectorParams())
    copy.load_state(robin.state_dict())
    assert copy.request(4, 2).tolist() == [3, 0]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.5, 0.4], r"Weights must sum to 1, not 0.9"),
        ([1.5, -0.5], r"Weights must be >= 0, not -0.5"),
        ([1.0, float("nan")], r"Weights must be >= 0, not nan"),
        ([1.0, float("inf")], r"Weights must sum to 1, not inf"),
        ([], r"Weights must have shape \(K,\), not \(0,\)"),
        ([[1.0]], r"Weights must have shape \(K,\), not \(1, 1\)"),
    ],
)
def test_what_are_no_weights_is_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        cumulative_thresholds(weights)


def test_requests_that_cannot_be_are_refused():
    block = Selector(SelectorParams(mode="weighted"))
    with pytest.raises(ValueError, match="Class weights must be 3, one a class, not 1"):
        block.request(3, 1)
    with pytest.raises(ValueError, match="Classes must be an integer >= 1, not 0"):
        block.request(0, 1)
    with pytest.raises(ValueError, match="Requests must be an integer >= 0, not -1"):
        block.request(1, -1)


@given(st.lists(st.integers(1, 2**20), min_size=2, max_size=40))
def test_thresholds_are_those_of_exact_sums(shares):
    weights = np.array(shares) / sum(shares)
    exact, wanted = Fraction(0), []
    for weight in weights[:-1].tolist():
        exact += Fraction(weight)
        wanted.append(min(65535, (65536 * exact + Fraction(1, 2)).__floor__()))
    assert cumulative_thresholds(weights).tolist() == wanted
