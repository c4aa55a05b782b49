# SPDX-License-Identifier: MIT
"""The table of published figures: every row is whole, and says what the reports have."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sim.work.errors import UserError
from verification.published import ROWS, Reports, main, outcome_of

REPORTS = Path(__file__).parents[1] / "reports"


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    runs = [
        {"label": label, "average_incremental": value}
        for label, values in {"a": (0.5, 0.54), "b": (0.48, 0.53)}.items()
        for value in values
    ]
    choices = [{"family": "gbm", "budget_mb": 1, "average_incremental": [0.25]}]
    results = {"runs": runs, "choices": choices, "accuracy": [[1.0], [0.5, 0.75]]}
    results["rows"] = [{"binarizer": "none", "before": None, "after": 0.5}]
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "results.json").write_text(json.dumps(results))
    return Reports(tmp_path)


def row(ours: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"ours": {"report": "r", **ours}, **more}


@pytest.mark.parametrize(
    ("given", "ours", "holds"),
    [
        (row({"label": "a"}, published=52.4, band=0.5), "52.0 ± 2.8", True),
        (row({"label": "a"}, published=52.6, band=0.5), "52.0 ± 2.8", False),
        (row({"family": "gbm", "budget": 1}, published=25.0, band=0.0), "25.0", True),
        (row({"row": "none", "column": "after"}, published=50.0, band=0.5), "50.0", True),
        (row({"last_row_of": "accuracy"}, published=97.0, band=1.0), "62.5", False),
        # Differences are seed by seed: 2 and 1 points, whatever the accuracies' own spread.
        (
            row({"label": "a"}, over={"report": "r", "label": "b"}, published="ahead"),
            "+1.5 ± 0.7",
            True,
        ),
        (
            row({"label": "b"}, over={"report": "r", "label": "a"}, published="ahead"),
            "-1.5 ± 0.7",
            False,
        ),
    ],
)
def test_outcome_is_what_the_report_has(
    reports: Reports, given: dict[str, Any], ours: str, holds: bool
) -> None:
    found = outcome_of(given, reports)
    assert (found.ours, found.holds) == (ours, holds)


def test_a_run_that_is_not_there_is_told(reports: Reports) -> None:
    with pytest.raises(UserError, match=r"report r must have the run of .*'label': 'c'"):
        outcome_of(row({"label": "c"}, published=1.0, band=1.0), reports)


def test_every_row_says_what_is_published_and_what_was_not_run_says_why() -> None:
    for section in YAML(typ="safe", pure=True).load(ROWS):
        for given in section["rows"]:
            assert {"what", "source"} <= set(given)
            assert "why" in given if "ours" not in given else "published" in given
            assert given.get("published") in (None, "ahead") or "band" in given


def test_what_does_not_hold_says_why() -> None:
    reports = Reports(REPORTS)
    for section in YAML(typ="safe", pure=True).load(ROWS):
        for given in section["rows"]:
            if "ours" in given and not outcome_of(given, reports).holds:
                assert "why" in given, given["what"]


def test_committed_report_is_that_of_the_committed_reports(tmp_path: Path) -> None:
    main(["--reports", str(REPORTS), "--out", str(tmp_path)])
    made, kept = ((p / "report.md").read_text() for p in (tmp_path, REPORTS / "published"))
    assert made.replace(str(tmp_path), "reports/published") == kept
