# SPDX-License-Identifier: MIT
"""Counts of the low-rank discriminant, by hand."""

import pytest

from golden.params import LowRankParams, PrototypesParams
from sim.cost.counts import low_rank
from sim.cost.counts.tally import Action, Memory

# D = 11 in three beats of 4 lanes, q = 3; three directions of 4 bits.
MEMORY = PrototypesParams(features=11, lanes=4, code_width=3, components=5, classes=5)
PARAMS = LowRankParams(prototypes=MEMORY, rank=3, basis_width=4, factor_width=6)
WIDTH = 11  # |P| is at most 7 * 11 * 8 = 616, in ten bits and a sign


def test_memories_hold_the_metric_and_the_projections_of_all_prototypes() -> None:
    assert PARAMS.projection_width == WIDTH
    # A picture projects to 7 * 11 = 77 at most; |u|^2 is at most 11 * 64 = 704.
    assert low_rank.memories(PARAMS) == (
        Memory("picture", 3, 4), Memory("basis", 9, 16), Memory("factors", 3, 6),
        Memory("measured", 3, 8), Memory("projections", 15, WIDTH), Memory("norms", 5, 10),
    )  # fmt: skip


def test_a_prototype_is_projected_plane_by_plane() -> None:
    tally = low_rank.project(PARAMS, classes=1, components=1)
    assert tally[Action("basis", "read", 16)] == 4 * 9
    # Each of three directions and the prototype itself, over three rows of four planes.
    assert tally[Action("total", "accumulate", WIDTH)] == 4 * 4 * 3
    assert tally[Action("prototypes.memory", "read", 12)] == 4 * 3
    assert tally[Action("projections", "write", WIDTH)] == 3
    # Four numbers of 5 bits: two sums of 6 bits, and one of 7.
    assert tally[Action("tree", "full_add")] == 4 * 4 * 3 * (2 * 5 + 6)


def test_a_picture_is_projected_once_and_compared_with_every_prototype() -> None:
    tally = low_rank.classify(PARAMS, 1, classes=5, components=5)
    assert tally[Action("basis", "read", 16)] == 9
    assert tally[Action("measured", "write", 8)] == 3
    assert tally[Action("prototypes.memory", "read", 12)] == 5 * 3
    assert tally[Action("projections", "read", WIDTH)] == 5 * 3
    assert tally[Action("square", "full_add")] == 5 * 3 * WIDTH**2
    assert tally[Action("penalty", "accumulate", 54)] == 5 * 3
    assert tally[Action("least", "compare", 54)] == 5
    # Eight stages each: memory, term, two levels, sum, and three to the comparison.
    more = LowRankParams(prototypes=MEMORY, rank=8, basis_width=4, factor_width=6)
    assert low_rank.classify_cycles(PARAMS, 1, components=5) == 3 + 12 + 8 + 1 + 15 + 8 + 1
    assert low_rank.classify_cycles(more, 1, components=5) == 3 + 27 + 8 + 1 + 40 + 8 + 1


def test_without_a_direction_there_is_no_such_block() -> None:
    with pytest.raises(ValueError, match="Rank R of a block must be an integer >= 1, not 0"):
        low_rank.memories(LowRankParams(prototypes=MEMORY, rank=0))
