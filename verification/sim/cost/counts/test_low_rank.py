# SPDX-License-Identifier: MIT
"""Counts of the low-rank discriminant, by hand."""

from golden.params import LowRankParams, PrototypeClassifierParams, PrototypesParams
from sim.cost.counts import low_rank, prototype_classifier
from sim.cost.counts.tally import Action, Memory

# D = 11 in three beats of 4 lanes, q = 3; three directions of 4 bits.
MEMORY = PrototypesParams(features=11, lanes=4, code_width=3, components=5, classes=5)
PARAMS = LowRankParams(prototypes=MEMORY, rank=3, basis_width=4, factor_width=6)
SQUARES = PrototypeClassifierParams(prototypes=MEMORY, table_width=7)
WIDTH = 11  # |P| is at most 7 * 11 * 8 = 616, in ten bits and a sign


def test_memories_hold_the_metric_and_the_projections_of_all_prototypes() -> None:
    own = tuple(memory.within("squares") for memory in prototype_classifier.memories(SQUARES))
    assert PARAMS.projection_width == WIDTH
    assert low_rank.memories(PARAMS, 5) == (
        Memory("basis", 9, 16), Memory("factors", 3, 6), Memory("projections", 15, WIDTH), *own,
    )  # fmt: skip
    assert low_rank.memories(LowRankParams(prototypes=MEMORY, rank=0), 5) == own


def test_a_prototype_is_projected_plane_by_plane() -> None:
    tally = low_rank.append(PARAMS)
    assert low_rank.append_rows(PARAMS) == 4 * 9
    assert tally[Action("basis", "read", 16)] == 4 * 9
    assert tally[Action("projection", "accumulate", WIDTH)] == 4 * 9
    assert tally[Action("prototypes.memory", "read", 12)] == 9
    assert tally[Action("projections", "write", WIDTH)] == 3
    # Four entries of 4 bits: two sums of 5 bits, and one of 6.
    assert tally[Action("tree", "full_add")] == 4 * 9 * (2 * 4 + 5)


def test_a_picture_is_projected_once_and_compared_with_every_prototype() -> None:
    tally = low_rank.classify(PARAMS, 5)
    squares = prototype_classifier.classify(SQUARES, 1, classes=5, components=5)
    assert all(tally[action] == n for action, n in squares.within("squares").items())
    assert tally[Action("basis", "read", 16)] == 9
    assert tally[Action("projections", "read", WIDTH)] == 5 * 3
    assert tally[Action("square", "accumulate", 2 * WIDTH)] == 5 * 3 * WIDTH
    assert tally[Action("factor", "accumulate", 54)] == 5 * 3 * 6
    assert tally[Action("least", "compare", 54)] == 5
    assert low_rank.classify_rows(PARAMS, 5) == 9 + 5 * 3
    more = LowRankParams(prototypes=MEMORY, rank=8, basis_width=4, factor_width=6)
    assert low_rank.classify_rows(more, 5) == 24 + 5 * 8
