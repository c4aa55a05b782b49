# SPDX-License-Identifier: MIT
"""Products by table against plain matrix products."""

import numpy as np
import pytest

from golden.kernels.bit_rows import ROWS, BitRows


@pytest.mark.parametrize("n_vectors", [1, 7, 8, 9, 20])
@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (6, 6), (9, 47), (3, 48), (4, 49), (33, 301)])
def test_dot_is_the_matrix_product(n_vectors, shape):
    rng = np.random.default_rng(1)
    bits = (rng.random(shape) < 0.5).astype(np.uint8)
    # Small integers: every partial sum is exact, so that equality is, too.
    vectors = rng.integers(-1000, 1000, (n_vectors, shape[1])).astype(np.float64)
    assert BitRows(bits).dot(vectors).tolist() == (vectors @ bits.T).tolist()


def test_dot_of_any_memory_order():
    rng = np.random.default_rng(2)
    bits = (rng.random((60, 50)) < 0.5).astype(np.uint8)
    vectors = rng.standard_normal((60, 9))
    assert BitRows(bits.T).dot(vectors.T) == pytest.approx(vectors.T @ bits)


def test_every_single_bit_selects_its_own_column():
    columns = np.arange(1.0, 101.0)[np.newaxis]
    assert BitRows(np.eye(100, dtype=np.uint8)).dot(columns).tolist() == columns.tolist()


@pytest.mark.parametrize("n_columns", [1, 47, 48, 49, 96])
def test_a_row_of_ones_follows_the_bits(n_columns):
    bits = (np.random.default_rng(3).random((5, n_columns)) < 0.5).astype(np.uint8)
    vectors = np.arange(2.0 * n_columns).reshape(2, n_columns)
    rows = BitRows(bits, ones=True)
    assert rows.shape == (6, n_columns)
    below = np.vstack([bits, np.ones((1, n_columns), np.uint8)])
    assert rows.dot(vectors).tolist() == (vectors @ below.T).tolist()


def test_rows_beyond_those_of_one_turn_have_the_same_bits():
    """Rows are taken in turns; each has the sums that it has without those before it."""
    rng = np.random.default_rng(4)
    bits = (rng.random((2 * ROWS + 5, 100)) < 0.5).astype(np.uint8)
    vectors = rng.standard_normal((9, 100))
    alone = [BitRows(bits[i : i + 1000]).dot(vectors) for i in range(0, len(bits), 1000)]
    assert BitRows(bits).dot(vectors).tolist() == np.hstack(alone).tolist()
