# SPDX-License-Identifier: MIT
"""The smallest state of a head that is enough, on numbers worked out by hand."""

from typing import Any

import pytest

from sim.study.report.groups import group_runs
from sim.study.report.head_state import head_states

FULL = {"components": 1, "latent_width": None, "head_start": None}


def runs(
    label: str, bits: int, accuracies: tuple[float, ...], method: str = "gbm", **changed: object
) -> list[dict[str, Any]]:
    return [
        {
            "method": method,
            "parameters": {**FULL, **changed},
            "label": label,
            "increment": None,
            "bits_paper": 7,
            "bits_full": bits,
            "average_incremental": accuracy,
            "seed": seed,
        }
        for seed, accuracy in enumerate(accuracies)
    ]


def study(*eight: float) -> list[dict[str, Any]]:
    """GBM beside heads of 32, 8 and 1 bits, given in a mixed order, and one more component."""
    return [
        *runs("8 bits", 8_000, eight, latent_width=8),
        *runs("32 bits", 32_000, (0.50, 0.52)),
        *runs("1 bit", 1_000, (0.40, 0.44), latent_width=1),
        *runs("two components", 9_000, (0.9, 0.9), components=2),
        *runs("exemplars", 9_000, (0.9, 0.9), method="latent"),
    ]


def test_the_smallest_state_within_half_a_point_is_named() -> None:
    (states,) = head_states(group_runs(study(0.496, 0.516)))
    assert [group.label for group in states.groups] == ["32 bits", "8 bits", "1 bit"]
    assert states.smallest.label == "8 bits"
    assert states.sentence == (
        "Within half a point of the best, the smallest state is that of 8 bits: 8.0 kb, of 32.0 kb "
        "at most. 1 bit is -9.0 ± 1.4 points from the best."
    )
    assert states.rows[1] == ["8 bits", "8.0", "50.6 ± 1.4", "-0.4 ± 0.0"]
    assert states.rows[0][-1] == ""


def test_a_state_that_loses_more_is_not_enough() -> None:
    (states,) = head_states(group_runs(study(0.494, 0.514)))
    assert states.smallest.label == "32 bits"
    assert "8 bits is -0.6 ± 0.0 points" in states.sentence


def test_a_smaller_state_may_be_the_best() -> None:
    only = [
        *runs("32 bits", 32_000, (0.50,)),
        *runs("none", 500, (0.55,), head_start="reset"),
    ]
    (states,) = head_states(group_runs(only))
    assert states.best.label == states.smallest.label == "none"
    assert states.sentence.endswith("32.0 kb at most. It is the smallest here.")
    assert states.rows[0][-1] == "-5.0"


@pytest.mark.parametrize("keep", ["32 bits", "exemplars"])
def test_a_memory_beside_one_state_has_no_row(keep: str) -> None:
    alone = [run for run in study(0.5, 0.5) if run["label"] == keep]
    assert head_states(group_runs(alone)) == []
