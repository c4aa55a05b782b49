# SPDX-License-Identifier: MIT
"""Lines of memories that fail, on numbers worked out by hand."""

import math
from typing import Any

import pytest

from sim.study.report.faults import columns, conclusion, fault_lines, fault_rows
from sim.study.report.groups import group_runs, plain_or_all

Runs = list[dict[str, Any]]


def runs(label: str, accuracies: tuple[float, ...], method: str = "gbm", **faults: Any) -> Runs:
    return [
        {
            "method": method,
            "parameters": {"components": 1, "faults": None, "head_faults": None, **faults},
            "label": label,
            "increment": None,
            "average_incremental": accuracy,
            "seed": seed,
        }
        for seed, accuracy in enumerate(accuracies)
    ]


def share(value: float, **more: Any) -> dict[str, Any]:
    return {"share": value, "spared": 0, **more}


SOUND = runs("GBM", (0.50, 0.52))
STUDY = [
    *runs("a", (0.48, 0.50), faults=share(0.1)),
    *SOUND,
    *runs("b", (0.50, 0.52), faults=share(0.001)),
    *runs("c", (0.496, 0.516), faults=share(0.01)),
    *runs("d", (0.40, 0.44), faults=share(0.1, plane=0)),
    *runs("e", (0.50, 0.52), faults=share(0)),
    *runs("f", (0.499, 0.519), head_faults=share(0.1)),
    *runs("other", (0.3, 0.3), method="latent", faults=share(0.1)),
]


def test_lines_join_what_differs_in_the_share_alone() -> None:
    lines = fault_lines(group_runs(STUDY))
    assert [line.name for line in lines] == [
        "GBM",
        "GBM, plane 0 alone",
        "GBM, weights of the head",
    ]
    assert [s for s, _ in lines[0].failing] == [0.001, 0.01, 0.1]
    assert {line.sound.label for line in lines} == {"GBM"}


def test_one_point_is_lost_between_the_shares_around_it() -> None:
    all_planes, plane, head = fault_lines(group_runs(STUDY))
    # 0.4 points at 0.01 and 2 at 0.1: one point at 0.6 / 1.6 of the decade.
    assert all_planes.bearable == pytest.approx(10 ** (-2 + 0.6 / 1.6))
    assert all_planes.said == "about 0.02 (0.01 to 0.1)"
    assert plane.bearable == 0.1
    assert plane.said == "at most 0.1"
    assert head.bearable is None
    assert head.said == "over 0.1"


def test_a_supply_at_which_no_cell_fails_has_no_column_and_cells_are_told_apart() -> None:
    def at(volts: float, mean: float) -> dict[str, Any]:
        cell = {"mean": mean, "deviation": 0.01}
        return {"voltage": volts, "spared": 0, "cell": cell}

    study = [
        *SOUND,
        *runs("a", (0.5, 0.52), faults=at(2.0, 0.5)),
        *runs("b", (0.4, 0.42), faults=at(0.5, 0.5)),
        *runs("c", (0.3, 0.32), faults=at(0.4, 0.4)),
    ]
    one, other = fault_lines(group_runs(study))
    assert (one.name, other.name) == (
        "GBM, least supply 0.5 ± 0.01 V",
        "GBM, least supply 0.4 ± 0.01 V",
    )
    assert [s for s, _ in one.failing] == [s for s, _ in other.failing] == [0.5]


def test_rows_hold_differences_run_by_run() -> None:
    lines = fault_lines(group_runs(STUDY))
    assert columns(lines) == [
        "memory",
        "sound (%)",
        "0.001 fail",
        "0.01 fail",
        "0.1 fail",
        "one point is lost at",
    ]
    rows = fault_rows(lines)
    assert rows[0][:5] == ["GBM", "51.0 ± 1.4", "+0.0 ± 0.0", "-0.4 ± 0.0", "-2.0 ± 0.0"]
    assert rows[1] == ["GBM, plane 0 alone", "51.0 ± 1.4", "", "", "-9.0 ± 1.4", "at most 0.1"]


def test_a_share_of_zero_and_a_memory_without_a_sound_twin_have_no_line() -> None:
    only = [*SOUND, *runs("e", (0.5, 0.5), faults=share(0))]
    assert fault_lines(group_runs(only)) == []
    assert fault_lines(group_runs(runs("a", (0.5, 0.5), faults=share(0.1)))) == []


def test_the_bracket_holds_for_every_die() -> None:
    study = [
        *SOUND,
        *runs("a", (0.495, 0.515), faults=share(0.001)),
        *runs("b", (0.498, 0.505), faults=share(0.003)),  # the second die loses 1.5 points
        *runs("c", (0.495, 0.500), faults=share(0.01)),  # the first loses half a point
        *runs("d", (0.45, 0.45), faults=share(0.03)),
    ]
    (line,) = fault_lines(group_runs(study))
    assert line.bracket == (0.001, 0.03)
    # 0.85 points at 0.003 and 1.25 at 0.01.
    assert line.said == "about 0.005 (0.001 to 0.03)"
    (line,) = fault_lines(group_runs(study[:-2]))
    assert line.said == "about 0.005 (over 0.001)"
    (line,) = fault_lines(group_runs([*SOUND, *runs("c", (0.495, 0.5), faults=share(0.01))]))
    assert line.said == "any that was tried, by the die"


def test_orders_of_one_die_count_as_their_mean() -> None:
    def ordered(label: str, accuracies: tuple[float, float], **faults: Any) -> Runs:
        found = runs(label, accuracies, **faults)
        return [{**run, "seed": 0, "order": order} for order, run in enumerate(found)]

    # The orders lose 0 and 1.8 points: 0.9 in the mean.
    study = [
        *ordered("GBM", (0.5, 0.52)),
        *ordered("a", (0.5, 0.502), faults=share(0.01)),
        *ordered("b", (0.4, 0.4), faults=share(0.1)),
    ]
    (line,) = fault_lines(group_runs(study))
    assert line.bracket == (0.01, 0.1)


def test_seeds_on_one_named_die_are_one_die() -> None:
    study = [*SOUND, *runs("a", (0.5, 0.502), faults=share(0.1, die=7))]
    (line,) = fault_lines(group_runs(study))
    assert line.bracket == (0.1, math.inf)
    assert line.said == "over 0.1"


def test_memories_that_fail_at_once_have_a_line_where_as_many_cells_of_each_fail() -> None:
    def network(found: Runs, value: float, key: str = "network_faults") -> Runs:
        return [{**run, key: {"share": value}} for run in found]

    study = [
        *SOUND,
        *network(runs("a", (0.4, 0.42), faults=share(0.1)), 0.1),
        *network(runs("b", (0.49, 0.51), faults=share(0.01)), 0.01),
        *network(runs("c", (0.3, 0.32), faults=share(0.01)), 0.1),
        *network(network(runs("d", (0.3, 0.32)), 0.1), 0.1, "map_faults"),
    ]
    both, maps = fault_lines(group_runs(study))
    assert both.name == "GBM, the past and weights of the network at once"
    assert [s for s, _ in both.failing] == [0.01, 0.1]
    assert maps.name == "GBM, weights of the network and maps of the network at once"


ALIKE = [
    *SOUND,
    *runs("a", (0.498, 0.518), faults=share(0.01)),
    *runs("b", (0.48, 0.50), faults=share(0.1)),
    *runs("c", (0.499, 0.519), head_faults=share(0.01)),
    *runs("d", (0.47, 0.49), head_faults=share(0.1)),
]


@pytest.mark.parametrize(
    ("study", "sentence"),
    [
        (STUDY, ("One point is first lost at a share of failing cells of about 0.02 (0.01 to 0.1) "
                "for GBM, which the dice do not tell from another; 1 of the 3 lose less than one "
                "point at every share tried.")),
        (STUDY[:-4], ("Each of 2 memories loses one point at a share of failing cells of at most "
                     "0.1; the dice do not tell which of them loses it first.")),
        (ALIKE, ("Each of 2 memories loses one point at a share of failing cells of 0.01 to 0.1; "
                "the dice do not tell which of them loses it first.")),
        ([*STUDY[:-4], *runs("h", (0.499, 0.519), head_faults=share(0.1)),
          *runs("i", (0.4, 0.4), head_faults=share(0.3))],
         ("One point is first lost at a share of failing cells of about 0.02 (0.01 to 0.1) for "
          "GBM, which the dice do not tell from another, and last at 0.1 to 0.3 for GBM, weights "
          "of the head.")),
        (STUDY[:4], "One point is lost at a share of failing cells of at most 0.1: GBM."),
    ],
)  # fmt: skip
def test_one_sentence_concludes(study: Runs, sentence: str) -> None:
    assert conclusion(fault_lines(group_runs(study))) == sentence


def test_memories_that_fail_are_shown_only_where_none_is_sound() -> None:
    groups = group_runs(STUDY)
    assert [group.label for group in plain_or_all(groups)] == ["GBM"]
    failing = [group for group in groups if group.faults]
    assert plain_or_all(failing) == failing
