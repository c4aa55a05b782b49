# SPDX-License-Identifier: MIT
"""Values that papers print: every one has unit and source, and a fault names its line."""

from fractions import Fraction
from pathlib import Path

import pytest

from sim.data.published import Paper, load_paper, load_value, papers, read_published
from sim.work.errors import UserError

PAPER = """\
title: A paper
citation: Somebody, somewhere
values:
  accuracy:
    what: accuracy after each task
    value: [0.8, 0.40]
    unit: "1"
    locator: figure 2
    condition: {megabits: 0.5, increment: 10}
  drop:
    what: what few bits cost
    printed: a notable drop
    unit: points
    locator: section 3
"""


def paper_file(folder: Path, old: str = "", new: str = "") -> Path:
    path = folder / "paper.yaml"
    assert old in PAPER
    path.write_text(PAPER.replace(old, new, 1))
    return path


@pytest.mark.parametrize("name", papers())
def test_every_value_has_unit_and_source(name: str) -> None:
    paper = load_paper(name)
    assert "," in paper.citation
    for value in paper.values.values():
        assert value.what
        assert value.unit
        assert value.locator


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '    unit: "1"\n',
            "",
            ":4: values.accuracy.unit is missing: it must be one of %, ",
        ),
        ("    locator: figure 2\n", "", ":4: values.accuracy.locator is missing"),
        ("unit: points", "unit: dB", ":13: values.drop.unit must be one of %, points, 1, x, bits,"),
        ("locator: section 3", "locator: ''", ":14: values.drop.locator must be text of 1 or more"),
        ("0.40", "high", ":6: values.accuracy.value.1 must be a number, not 'high'"),
        ("    printed: a notable drop\n", "", ":10: values.drop: value or printed must be given"),
        ("value: [0.8, 0.40]", "value: []", ":4: values.accuracy: value must have a number for"),
        ("locator: figure 2", "place: figure 2", ":8: values.accuracy.place is no known key"),
        ("citation: Somebody, somewhere\n", "", ":1: citation is missing"),
    ],
    ids=[
        "no unit",
        "no locator",
        "unit",
        "empty",
        "number",
        "nothing",
        "no task",
        "unknown",
        "citation",
    ],
)
def test_faults_name_file_line_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = paper_file(tmp_path, old, new)
    with pytest.raises(UserError) as caught:
        read_published(Paper, path)
    assert f"{path}{message}" in str(caught.value)


def test_a_value_after_each_task_ends_in_its_number(tmp_path: Path) -> None:
    value = read_published(Paper, paper_file(tmp_path)).values["accuracy"]
    assert value.curve == (0.8, 0.4)
    assert value.number == 0.4
    assert value.exact == Fraction(2, 5)
    assert value.count("increment") == 10


def test_values_are_found_by_their_condition(tmp_path: Path) -> None:
    paper = read_published(Paper, paper_file(tmp_path))
    assert list(paper.having("megabits", "increment")) == ["accuracy"]
    assert paper.having("megabits", "replay") == {}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gmb.accuracy", r"the paper one of anp_i, .*: 'gmb.accuracy'"),
        ("gbm.accurate", r"a value of gbm, one of accuracy, .*, not 'accurate'"),
        ("gbm", r"a value of gbm, one of accuracy, .*, not ''"),
    ],
)
def test_a_value_that_is_not_there_is_told(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_value(name)
