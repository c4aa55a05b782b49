# SPDX-License-Identifier: MIT
"""Alignment of representations: its invariances, a value by hand, and its form by Gram matrices."""

import numpy as np
import pytest

from sim.learn.similarity import linear_cka


def representation(seed: int, features: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((40, features))


def test_value_by_hand() -> None:
    # Centred x = (-1, 0, 1), y = (-1, 2, -1) / 3 and (-1, 0, 1): products 0 and 2, norms 2 and
    # |[[2/3, 0], [0, 2]]|.
    x = [[0], [1], [2]]
    y = [[0, 0], [1, 1], [0, 2]]
    assert linear_cka(x, y) == pytest.approx(4 / (2 * np.sqrt(4 / 9 + 4)))


def test_one_with_itself_and_zero_where_columns_are_uncorrelated() -> None:
    x = representation(0)
    assert linear_cka(x, x) == pytest.approx(1)
    hadamard = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    assert linear_cka(hadamard[:, :1], hadamard[:, 1:]) == 0


def test_rotation_factor_shift_and_order_of_the_two_change_nothing() -> None:
    x, y = representation(0), representation(1, features=3)
    rotation, _ = np.linalg.qr(np.random.default_rng(2).standard_normal((5, 5)))
    expected = linear_cka(x, y)
    assert 0 < expected < 1
    assert linear_cka(7 * x @ rotation + 3, y) == pytest.approx(expected)
    assert linear_cka(y, x) == pytest.approx(expected)
    order = np.random.default_rng(3).permutation(40)
    assert linear_cka(x[order], y[order]) == pytest.approx(expected)


def test_equals_the_alignment_of_centred_gram_matrices() -> None:
    """Kornblith et al. (2019), equations 3 and 4: HSIC(K, L) over the root of the own ones."""
    x, y = representation(4), representation(5, features=7)
    centre = np.eye(40) - 1 / 40

    def hsic(k: np.ndarray, m: np.ndarray) -> float:
        return float(np.trace(k @ centre @ m @ centre))

    k, m = x @ x.T, y @ y.T
    assert linear_cka(x, y) == pytest.approx(hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m)))


def test_bits_count_as_they_are_and_a_constant_is_like_nothing() -> None:
    bits = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.uint8)
    assert linear_cka(bits, 2.0 * bits - 1) == pytest.approx(1)
    assert linear_cka(bits, np.ones((4, 3))) == 0


def test_other_numbers_of_samples_are_refused() -> None:
    message = (
        "^Representations must be tables with the same number of samples, "
        r"not of shapes \(3, 1\) and \(2,"
    )
    with pytest.raises(ValueError, match=message):
        linear_cka(np.zeros((3, 1)), np.zeros((2, 1)))
