# SPDX-License-Identifier: MIT
"""Accuracies by the age of the classes, on numbers worked out by hand."""

from typing import Any

import numpy as np

from sim.replay.gbm import GbmParams
from sim.study.report.ages import AGE_COLUMNS, age_rows, has_ages, stability_plasticity
from sim.study.report.groups import group_runs


def run(seed: int, newest: float) -> dict[str, Any]:
    """A run of three tasks, of which the first brings twice the classes of the others."""
    return {
        "method": "gbm",
        "parameters": GbmParams().model_dump(),
        "label": "GBM K = 1, q = 8",
        "increment": None,
        "bits_paper": 100,
        "seed": seed,
        "accuracy_matrix": [
            [0.9, None, None],
            [0.7, 0.6, None],
            [0.5, 0.3, newest],
        ],
        "accuracy_seen": [0.9, 0.67, 0.5],
        "average_incremental": 0.69,
    }


def test_a_row_has_every_age() -> None:
    (row,) = age_rows(group_runs([run(0, 0.7)]))
    assert dict(zip(AGE_COLUMNS, row, strict=True)) == {
        "method": "GBM K = 1, q = 8",
        "average incremental (%)": "69.0",
        "without the first (%)": "58.5",
        "mean over tasks (%)": "50.0",
        "first task's classes (%)": "50.0",
        "later classes (%)": "50.0",
        "newest classes (%)": "70.0",
    }


def test_rows_have_the_spread_over_runs() -> None:
    (row,) = age_rows(group_runs([run(0, 0.7), run(1, 0.5)]))
    assert row[-2:] == ["45.0 ± 7.1", "60.0 ± 14.1"]


def test_the_picture_has_a_point_for_each_method() -> None:
    figure = stability_plasticity(group_runs([run(0, 0.7), run(1, 0.5)]))
    (axes,) = figure.axes
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(points) == 1
    np.testing.assert_allclose(np.array(points[0].get_xydata()), [[50.0, 45.0]])


def test_tasks_of_the_same_classes_have_no_age() -> None:
    assert has_ages([range(4), range(4, 7)])
    assert not has_ages([range(4)])
    assert not has_ages([range(10)] * 4)
