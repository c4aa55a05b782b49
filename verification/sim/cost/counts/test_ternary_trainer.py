# SPDX-License-Identifier: MIT
"""Counts of the counters of a ternary head, by hand."""

import pytest

from golden.params import MvuParams, TernaryTrainerParams
from sim.cost.counts import ternary_trainer
from sim.cost.counts.tally import Action, Memory

# D = 11 in three rows of 4 lanes a class, or two words of 8 bits a plane.
PARAMS = TernaryTrainerParams(features=11, classes=3, width=5, threshold=4)


def test_a_class_has_a_row_a_beat() -> None:
    assert ternary_trainer.memories(PARAMS, 4) == (Memory("counters", 9, 20, ports=2),)


def test_a_sample_moves_the_rows_of_two_classes_and_rewrites_their_planes() -> None:
    assert ternary_trainer.move_rows(PARAMS, 4) == 6
    assert ternary_trainer.move(PARAMS, MvuParams(simd=8), 4, 2) == {
        Action("ternary.counters", "read", 20): 12,
        Action("ternary.counters", "write", 20): 12,
        Action("ternary.move", "accumulate", 5): 48,
        Action("ternary.planes", "compare", 5): 96,
        Action("network.mvu.weights", "write", 8): 16,
    }


def test_a_number_of_samples_is_no_less_than_0() -> None:
    with pytest.raises(ValueError, match=r"^Samples must be an integer >= 0, not -1$"):
        ternary_trainer.move(PARAMS, MvuParams(simd=8), 4, -1)
