# SPDX-License-Identifier: MIT
"""Head against ternary weights in real numbers; ties and classes not seen yet."""

import numpy as np
import pytest

from golden.head import Head
from golden.params import HeadParams

SMALL = HeadParams(features=4, classes=3, hidden=2)


def drawn(seed, **sizes):
    params = HeadParams(**sizes)
    rng = np.random.default_rng(seed)
    hidden = rng.integers(0, 2, (params.hidden, params.features), np.uint8)
    planes = rng.integers(0, 2, (2, params.classes, params.concat), np.uint8)
    return Head(params, hidden, *planes), rng.integers(0, 2, (20, params.features), np.uint8)


def signs(bits):
    return 2.0 * bits - 1.0


@pytest.mark.parametrize("hidden", [0, 1, 7, 128])
def test_two_binary_planes_are_twice_a_ternary_layer_of_real_weights(hidden):
    head, x = drawn(hidden, features=70, classes=9, hidden=hidden)
    h = np.where(signs(x) @ signs(head.hidden_weights).T >= 0, 1.0, -1.0)
    z = np.concatenate([h, signs(x)], axis=1)
    ternary = (signs(head.plane_a) + signs(head.plane_b)) / 2
    assert set(np.unique(ternary)) == {-1, 0, 1}
    assert np.array_equal(head.logits(x), 2 * (z @ ternary.T))


def test_a_ternary_layer_is_a_binary_layer_over_inputs_given_twice():
    head, x = drawn(5, features=33, classes=4, hidden=0)
    twice = np.concatenate([signs(x), signs(x)], axis=1)
    weights = np.concatenate([signs(head.plane_a), signs(head.plane_b)], axis=1)
    assert np.array_equal(head.logits(x), twice @ weights.T)


def test_hidden_bits_come_before_the_embedding():
    hidden = np.ones((1, 2), np.uint8)
    planes = np.array([[1, 0, 0]], np.uint8)
    head = Head(HeadParams(features=2, classes=1, hidden=1), hidden, planes, planes)
    # x = (0, 1): the hidden sum is 0, so h = +1, and z = (+1, -1, +1) meets (+1, -1, -1).
    assert head.hidden(np.array([0, 1], np.uint8)).tolist() == [1]
    assert head.logits(np.array([0, 1], np.uint8)).tolist() == [2]


def test_a_tie_goes_to_the_lowest_class():
    head, x = drawn(6, features=10, classes=5, hidden=3)
    alike = np.repeat(head.plane_a[:1], 5, axis=0)
    tied = Head(head.params, head.hidden_weights, alike, alike)
    assert (tied.classify(x, 5) == 0).all()


def test_only_classes_seen_are_answers():
    head, x = drawn(7, features=30, classes=8, hidden=4)
    for n in range(1, 9):
        logits = head.logits(x)[:, :n].tolist()
        assert head.classify(x, n).tolist() == [row.index(max(row)) for row in logits]


@pytest.mark.parametrize("n", [0, 9])
def test_class_counts_out_of_range_are_refused(n):
    head, x = drawn(8, features=30, classes=8, hidden=4)
    with pytest.raises(ValueError, match=rf"Classes seen must be an integer in 1..8, not {n}"):
        head.classify(x, n)


@pytest.mark.parametrize(
    ("hidden", "a", "b", "message"),
    [
        ((1, 4), (3, 6), (3, 6), r"Head hidden weights must have the shape \(2, 4\), not \(1, 4\)"),
        ((2, 4), (3, 4), (3, 6), r"Head plane a must have the shape \(3, 6\), not \(3, 4\)"),
        ((2, 4), (3, 6), (2, 6), r"Head plane b must have the shape \(3, 6\), not \(2, 6\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(hidden, a, b, message):
    with pytest.raises(ValueError, match=message):
        Head(SMALL, np.zeros(hidden, np.uint8), np.zeros(a, np.uint8), np.zeros(b, np.uint8))


def test_inputs_that_do_not_fit_are_refused():
    head, x = drawn(9, features=30, classes=8, hidden=4)
    message = r"Head inputs must have the shape \(..., 30\), not \(20, 29\)"
    with pytest.raises(ValueError, match=message):
        head.logits(x[:, :29])
