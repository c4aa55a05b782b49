# SPDX-License-Identifier: MIT
"""Progress of long work: bars that leave a terminal as it was, plain lines everywhere else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO

import pytest
from rich.console import Console

from sim.work.progress import Bars, Progress, RunBars


@dataclass(frozen=True)
class Named:
    label: str


@dataclass(frozen=True)
class TwoRuns:
    runs: Sequence[tuple[Named, int]] = field(
        default_factory=lambda: [(Named("gbm, K = 1"), 0), (Named("latent [7]"), 1)]
    )


def terminal() -> Console:
    return Console(record=True, file=StringIO(), width=120, force_terminal=True)


def plain() -> tuple[Console, StringIO]:
    written = StringIO()
    return Console(file=written, width=40), written


def test_without_a_terminal_every_step_is_a_plain_line() -> None:
    console, written = plain()
    with Bars(console, "work", 2) as bars:
        bars.update(1, "first")
        bars.update_part("a", 0.5, "a part")
        bars.tell("a step [of] two, whose line is longer than the width of the console")
        bars.remove_part("a")
        bars.tell("the other one")
    assert written.getvalue() == (
        "a step [of] two, whose line is longer than the width of the console\nthe other one\n"
    )


def test_dumb_terminal_has_lines_and_quiet_console_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    written = StringIO()
    for console in (Console(file=written, force_terminal=True), Console(quiet=True)):
        with Bars(console, "work", 1) as bars:
            bars.tell("a step")
    assert written.getvalue() == "a step\n"


def test_terminal_shows_bars_and_no_lines() -> None:
    console = terminal()
    with Bars(console, "work", 2) as bars:
        bars.update(1, "work [half]")
        bars.update_part("a", 0.25, "a part")
        bars.update_part("b", 0.75, "another")
        bars.remove_part("b")
        bars.remove_part("c")
        assert [task.description for task in bars._bars.tasks] == ["work [half]", "a part"]
        bars.tell("a step")
        bars._bars.refresh()
    text = console.export_text()
    assert "work [half]" in text
    assert " 50 %" in text
    assert "a part" in text
    assert " 25 %" in text
    assert "a step" not in text


def test_lines_of_a_study_tell_tasks_and_runs_that_have_ended() -> None:
    console, written = plain()
    with RunBars(TwoRuns(), 0, console, "validation") as bars:
        bars.show(0, Progress(0, 2, 1, 5, 0.5))
        bars.show(1, Progress(1, 2, 5, 5, 0.875))
        bars.show(0, Progress(0, 2, 2, 5, 0.75))
        bars.show(0, Progress(1, 2, 1, 5, 0.25))
        bars.show(0, Progress(2, 2, 0, 5, 1.0))
        bars.show(1, Progress(2, 2, 0, 5, 1.0))
    assert written.getvalue().splitlines() == [
        "gbm, K = 1, seed 0: task 1/2 done, train 75.0 %",
        "gbm, K = 1, seed 0: task 2/2 done, train 25.0 %",
        "gbm, K = 1, seed 0: done (validation: 1/2)",
        "latent [7], seed 1: task 2/2 done, train 87.5 %",
        "latent [7], seed 1: done (validation: 2/2)",
    ]


def test_run_that_tells_of_no_epoch_has_one_line() -> None:
    console, written = plain()
    with RunBars(TwoRuns(), 1, console) as bars:
        bars.show(1, Progress(2, 2, 0, 5, 1.0))
    assert written.getvalue() == "latent [7], seed 1: done (all runs: 2/2)\n"


def test_bars_of_a_study_show_all_runs_and_those_under_way() -> None:
    console = terminal()
    with RunBars(TwoRuns(), 0, console) as bars:
        bars.show(0, Progress(2, 2, 0, 5, 1.0))
        bars.show(1, Progress(1, 2, 0, 5, 0.875))
        bars._bars.refresh()
    text = console.export_text()
    assert "all runs" in text
    assert " 75 %" in text
    assert "latent [7], seed 1: task 2/2, epoch 0, train 87.5 %" in text
    assert "done" not in text
