# SPDX-License-Identifier: MIT
"""XNOR and popcount are the integer dot product of vectors of +1 and -1."""

import numpy as np
import pytest

from golden.bits import pack
from golden.params import XnorParams
from golden.xnor import Xnor, fires

LENGTHS = range(1, 131)


def signs(bits):
    return 2 * bits.astype(int) - 1


def test_dot_is_the_integer_dot_product_of_signs():
    for n in LENGTHS:
        rng = np.random.default_rng(n)
        x, w = rng.integers(0, 2, (9, n), np.uint8), rng.integers(0, 2, (7, n), np.uint8)
        x[0], x[1], w[0] = 0, 1, 0  # the extremes
        xnor = Xnor(XnorParams(inputs=n))
        expected = signs(x) @ signs(w).T
        assert np.array_equal(xnor.dot(pack(x), pack(w)), expected), n
        assert np.array_equal(2 * xnor.agree(pack(x), pack(w)) - n, expected), n


def test_a_tie_fires():
    for n in (n for n in LENGTHS if n % 2 == 0):
        x = np.ones(n, np.uint8)
        w = np.repeat([0, 1], n // 2).astype(np.uint8)[np.newaxis]
        dot = Xnor(XnorParams(inputs=n)).dot(pack(x), pack(w))
        assert dot.tolist() == [0], n
        assert fires(dot).tolist() == [1], n


def test_short_vectors_agree_by_definition():
    xnor = Xnor(XnorParams(inputs=3))
    for x in range(8):
        for w in range(8):
            count = sum((x >> j & 1) == (w >> j & 1) for j in range(3))
            words = np.array([x], np.uint64), np.array([[w]], np.uint64)
            assert xnor.agree(*words).tolist() == [count]


def test_leading_axes_stay():
    x = np.zeros((2, 3, 2), np.uint64)
    w = np.zeros((5, 2), np.uint64)
    assert Xnor(XnorParams(inputs=100)).dot(x, w).shape == (2, 3, 5)


def test_threshold_and_polarity_follow_the_table():
    dot = np.array([[-2, -2, 0, 0, 2, 2, 1, 1]])
    theta = np.array([0, 0, 0, 0, 2, 2, 2, 2], np.int32)
    p = np.array([1, 0, 1, 0, 1, 0, 1, 0], np.uint8)
    assert fires(dot, theta, p).tolist() == [[0, 1, 1, 0, 1, 0, 0, 1]]


def test_batch_normalisation_folds_into_threshold_and_polarity():
    rng = np.random.default_rng(4)
    n = 9
    dot = np.arange(-n, n + 1)[:, np.newaxis]
    gamma = rng.choice([-1, 1], 400) * rng.uniform(0.1, 3, 400)
    beta, mean, deviation = rng.normal(0, 2, 400), rng.normal(0, 3, 400), rng.uniform(0.2, 4, 400)
    wanted = gamma * (dot - mean) / deviation + beta >= 0
    edge = mean - beta * deviation / gamma  # the sign of gamma turns the comparison round
    theta = np.where(gamma > 0, np.ceil(edge), np.floor(edge) + 1).astype(np.int32)
    assert np.array_equal(fires(dot, theta, (gamma > 0).astype(np.uint8)), wanted)


@pytest.mark.parametrize(
    ("x", "kind", "message"),
    [
        (np.zeros(2, np.int64), TypeError, "Inputs must be a uint64 array, not int64"),
        ([0, 0], TypeError, "Inputs must be a uint64 array, not list"),
        (
            np.zeros(1, np.uint64),
            ValueError,
            r"Inputs of 65 bits must have the shape \(..., 2\), not \(1,\)",
        ),
        (
            np.array([0, 2], np.uint64),
            ValueError,
            "Inputs of 65 bits must have unused bits of 0, not 1",
        ),
    ],
)
def test_vectors_that_are_not_packed_are_refused(x, kind, message):
    with pytest.raises(kind, match=message):
        Xnor(XnorParams(inputs=65)).dot(x, np.zeros((1, 2), np.uint64))
