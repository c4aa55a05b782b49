# SPDX-License-Identifier: MIT
"""Linear scores: against their definition, and with rows that are equal."""

import numpy as np
import pytest

from golden.bits import pack
from sim.replay import linear
from sim.replay.linear import best_row, distinct_rows


def test_rows_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2, (3000, 70), np.uint8)
    weights, constants = rng.integers(-9, 9, (40, 70)), rng.integers(-99, 99, 40)
    scores = bits.astype(np.int64) @ weights.T + constants
    assert (np.sort(scores, axis=1)[:, -1] == np.sort(scores, axis=1)[:, -2]).any()  # ties
    assert best_row(pack(bits), 70, weights, constants).tolist() == scores.argmax(axis=1).tolist()


def test_of_equal_rows_the_lowest_wins_whatever_blas_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = []
    monkeypatch.setattr(
        linear, "distinct_rows", lambda rows: given.append(rows) or distinct_rows(rows)
    )
    rng = np.random.default_rng(2)
    bits = rng.integers(0, 2, (500, 70), np.uint8)
    weights, constants = rng.standard_normal((5, 70)), rng.standard_normal(5)
    copies = [0, 1, 0, 2, 1, 3, 4, 4]
    winners = best_row(pack(bits), 70, weights[copies], constants[copies])
    wanted = [copies.index(row) for row in best_row(pack(bits), 70, weights, constants)]
    assert winners.tolist() == wanted
    assert len(set(wanted)) > 2
    assert [rows.shape for rows in given] == [(8, 71), (5, 71)]


def test_distinct_rows_keep_their_order() -> None:
    rows = np.array([[3, 1], [0, 2], [3, 1], [9, 9], [0, 2]])
    kept, which = distinct_rows(rows)
    assert kept.tolist() == [0, 1, 3]
    assert which.tolist() == [0, 1, 0, 2, 1]
