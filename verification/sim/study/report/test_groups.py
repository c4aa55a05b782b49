# SPDX-License-Identifier: MIT
"""Groups of runs, their spread, and which of them are plain."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from sim.replay.gbm import GbmParams
from sim.report.spread import Spread
from sim.study.report.groups import group_runs, plain_or_all


def run(method: str, label: str, bits: int, accuracy: float, seed: int) -> dict[str, Any]:
    return {
        "method": method,
        "parameters": {"bits": bits},
        "label": label,
        "increment": None,
        "bits_paper": bits,
        "average_incremental": accuracy,
        "seed": seed,
    }


def test_spread_is_the_sample_standard_deviation() -> None:
    assert Spread.of([1.0, 2.0, 3.0]) == Spread(2.0, 1.0, 3)
    assert Spread(0.5, 0.01, 3).percent() == "50.0 ± 1.0"
    assert Spread(0.5, 0.01, 3).points() == "+50.0 ± 1.0"


@pytest.mark.parametrize(
    ("values", "clear"),
    [
        # Two-sided quantiles of Student's t at 95 %: 12.706 of one degree of freedom, 4.303 of two.
        ([1.0, 1.17], True),  # t = 12.76
        ([1.0, 1.18], False),  # t = 12.11
        ([-0.43, -0.43 * 1.5, -0.43 * 2], True),  # t = -5.2
        ([0.5, 1.0, 1.5], False),  # t = 3.46
        ([2.0, 2.0], True),
        ([0.0, 0.0], False),
        ([0.1], True),
        ([0.0], False),
    ],
)
def test_a_mean_is_clear_if_its_interval_leaves_out_zero(values: list[float], clear: bool) -> None:
    assert Spread.of(values).clear == clear
    if len(values) > 1 and np.std(values):
        chance = np.array(ttest_1samp(values, 0))[1]
        assert (chance < 0.05) == clear


def test_single_seed_has_no_spread() -> None:
    assert Spread.of([0.4]) == Spread(0.4, None, 1)
    assert Spread.of([0.4]).percent() == "40.0"


def test_methods_with_other_parameters_are_never_one_group() -> None:
    runs = [run("gbm", "GBM", 10, 0.4, 0), run("gbm", "GBM", 20, 0.5, 0)]
    assert [len(group.runs) for group in group_runs(runs)] == [1, 1]


def test_variants_and_own_tasks_are_not_plain() -> None:
    def gbm(label: str, **params: Any) -> dict[str, Any]:
        values = GbmParams.model_validate(params).model_dump()
        return {**run("gbm", label, 100, 0.5, 0), "parameters": values}

    runs = [
        gbm("GBM K = 1, q = 8"),
        gbm("GBM K = 1, q = 8, mode = serial", mode="serial"),
        {**gbm("GBM K = 1, q = 8, 10 classes a task"), "increment": 10},
    ]
    groups = group_runs(runs)
    assert [group.variant for group in groups] == ["", ", mode = serial", ", 10 classes a task"]
    # A study of the variants of one method has them all, but for those with other tasks.
    assert plain_or_all(groups) == groups[:2]
    other = group_runs([run("hamming", "Hamming", 100, 0.5, 0)])
    assert plain_or_all([*groups, *other]) == [groups[0], *other]
    assert plain_or_all(groups[1:]) == groups[1:2]
