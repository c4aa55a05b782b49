# SPDX-License-Identifier: MIT
"""The table of published values: every row is whole, and says what the reports have."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sim.cost.published.chips import load_chips
from sim.cost.published.comparison import published_rows
from sim.cost.published.learning_chips import published_learners
from sim.cost.published.papers import paper_values
from sim.data.published import PrintedValue, load_paper, papers
from sim.images.native.published import published_runs
from sim.study.report.claims import gbm_claims
from sim.study.report.groups import group_runs
from sim.work.errors import UserError
from verification.published import Reports, main, outcome_of
from verification.published_table import Comparison, load_table
from verification.sim.study.report.test_claims import LATENT, at_five_tasks, gbm

REPORTS = Path(__file__).parents[1] / "reports"


RUNS = {"a": (0.5, 0.54), "b": (0.48, 0.53), "c": (0.6, 0.642), "d": (0.5,), "e": (0.53,)}


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    runs = [
        {"label": label, "average_incremental": value}
        for label, values in RUNS.items()
        for value in values
    ]
    choices = [{"family": "gbm", "budget_mb": 1, "average_incremental": [0.25]}]
    results = {"runs": runs, "choices": choices, "accuracy": [[1.0], [0.5, 0.75]]}
    results["rows"] = [{"binarizer": "none", "before": None, "after": 0.5}]
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "results.json").write_text(json.dumps(results))
    return Reports(tmp_path)


def row(ours: dict[str, Any], **more: Any) -> Comparison:
    given = {"what": "accuracy", "source": "paper", "ours": {"report": "r", **ours}, **more}
    if "band" in given:
        given["values"] = ("gbm.accuracy",)
    return Comparison.model_validate(given)


def difference(label: str, other: str, **more: Any) -> Comparison:
    return row({"label": label}, over={"report": "r", "label": other}, **more)


@pytest.mark.parametrize(
    ("given", "published", "ours", "holds"),
    [
        (row({"label": "a"}, band=0.5), "52.4", "52.0 ± 2.8", "yes"),
        (row({"label": "a"}, band=0.5), "52.6", "52.0 ± 2.8", "no"),
        (row({"family": "gbm", "budget": 1}, band=0.0), "25.0", "25.0", "yes"),
        (row({"row": "none", "column": "after"}, band=0.5), "50.0", "50.0", "yes"),
        (row({"last_row_of": "accuracy"}, band=1.0), "97.0", "62.5", "no"),
        # Differences are run by run: 2 and 1 points, t = 3 below the quantile of 12.7.
        (difference("a", "b"), None, "+1.5 ± 0.7", "no"),
        (difference("b", "a"), None, "-1.5 ± 0.7", "no"),
        # 10.0 and 10.2 points: t = 101.
        (difference("c", "a"), None, "+10.1 ± 0.1", "yes"),
        (difference("c", "a"), "5.1", "+10.1 ± 0.1", "yes"),
        (difference("c", "a"), "5.0", "+10.1 ± 0.1", "order alone"),
        (difference("c", "a"), "20.2", "+10.1 ± 0.1", "yes"),
        (difference("c", "a"), "20.3", "+10.1 ± 0.1", "order alone"),
        (difference("a", "c"), "10.1", "-10.1 ± 0.1", "no"),
        (difference("c", "a", least=10.2), None, "+10.1 ± 0.1", "no"),
        (difference("e", "d"), None, "+3.0", "yes, of one run"),
        (difference("e", "d"), "9.0", "+3.0", "order alone, of one run"),
    ],
)
def test_outcome_is_what_the_report_has(
    reports: Reports, given: Comparison, published: str | None, ours: str, holds: str
) -> None:
    found = outcome_of(given, None if published is None else Decimal(published), reports)
    assert (found.ours, found.holds) == (ours, holds)


def test_a_run_that_is_not_there_is_told(reports: Reports) -> None:
    with pytest.raises(UserError, match=r"report r must have the run of .*'label': 'x'"):
        outcome_of(row({"label": "x"}, band=1.0), Decimal(1), reports)


def test_every_row_says_what_is_published_and_what_was_not_run_says_why() -> None:
    for section in load_table().sections:
        for given in section.rows:
            assert given.what
            assert given.source
            assert given.why if given.ours is None else given.values or given.band is None
            assert given.band is None or given.published is not None


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"shown": "s"}, "s"),
        ({"guess": "g"}, "not found; perhaps g"),
        ({}, "not found"),
    ],
)
def test_a_reason_is_shown_or_said_to_be_unknown(keys: dict[str, str], reason: str) -> None:
    assert difference("a", "b", **keys).reason == reason


def test_committed_report_is_that_of_the_committed_reports(tmp_path: Path) -> None:
    main(["--reports", str(REPORTS), "--out", str(tmp_path)])
    made, kept = ((p / "report.md").read_text() for p in (tmp_path, REPORTS / "published"))
    assert made.replace(str(tmp_path), "reports/published") == kept


def test_a_row_at_fault_names_file_line_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = tmp_path / "published.yaml"
    rows.write_text(
        "sections:\n- title: A table\n  rows:\n"
        "  - {what: a, source: b, values: [gbm.accurate], band: 1, ours: {report: r, label: l}}\n"
    )
    monkeypatch.setattr("verification.published_table.ROWS", rows)
    with pytest.raises(UserError) as caught:
        load_table()
    place = f"{rows}:4: sections.0.rows.0.values: must be a value of gbm, one of accuracy, "
    assert str(caught.value).startswith(place)
    assert str(caught.value).endswith("not 'accurate'")


def test_every_published_value_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from sim.images.binplay.report import published_accuracy

    values = {
        id(value): f"{name}.{key}"
        for name in papers()
        for key, value in load_paper(name).values.items()
    }
    used = set()

    def read(value: PrintedValue, name: str) -> object:
        if name in ("value", "printed"):
            used.add(id(value))
        return object.__getattribute__(value, name)

    monkeypatch.setattr(PrintedValue, "__getattribute__", read)
    published_runs.cache_clear()
    published_runs()
    paper_values()
    published_learners()
    for data in ("mnist", "fashion-mnist", "cifar10"):
        assert published_accuracy(data) != "none"
    cells = [{"init": i, "pi": p} for i in ("random", "centroid") for p in ("fixed", "trainable")]
    tasks_of_ten = [
        run
        for components in (1, 4)
        for cell in cells
        for run in at_five_tasks(gbm(0.5, components=components, mixture=cell))
    ]
    widths = [*gbm(0.45, code_width=2), *gbm(0.5), *gbm(0.5, code_width=16)]
    runs = [*LATENT, *widths, *gbm(0.51, components=16), *tasks_of_ten]
    assert len(gbm_claims(group_runs(runs))) == 8
    main(["--reports", str(REPORTS), "--out", str(tmp_path)])
    assert sorted(values[i] for i in values.keys() - used) == []


def test_every_published_value_of_a_chip_is_used() -> None:
    chips = load_chips().values()
    assert len(published_rows()) == sum(len(chip.values) for chip in chips)
