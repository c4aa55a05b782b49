# SPDX-License-Identifier: MIT
"""What an exploration says: outcome, files, figures and designs that run."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

pytest.importorskip("optuna")

from sim.explore.designs.costs import shortened
from sim.explore.found.outcome import Outcome
from sim.explore.found.report import ExplorationReport
from sim.explore.page.exploration import read_exploration
from sim.explore.search.trials import TrialRecord
from sim.explore.space.rung import Rung
from sim.study.config import load_config
from verification.sim.small_space import SPACE, config_of, evaluator_of, space_of

GBM = 5  # places of designs among the points of the space
LATENT, NCM = 384, -1


def record(number: int, place: int, accuracies: tuple[float, ...], **bits: float) -> TrialRecord:
    """Return a trial that went through all rungs, of a design of the space."""
    space, evaluator = space_of(), evaluator_of()
    parameters = space.points()[place]
    point = space.point(parameters)
    static = evaluator.static(point) | bits
    rungs = (Rung(0, (60.0,), (70.0, 50.0)), Rung(1, (50.0,), (70.0, 50.0, 40.0, 40.0)),
             Rung(2, accuracies, (70.0, 50.0, 41.0, 40.0)))  # fmt: skip
    return TrialRecord(
        number=number,
        state="complete",
        parameters=parameters,
        label=point.label,
        yaml=point.yaml(),
        static=static,
        cost=evaluator.costs(point),
        violations=evaluator.violations(static),
        rungs=rungs,
        seconds=2.5,
        cache_hits=3,
    )


BEST = replace(record(0, GBM, (81.0, 82.0)), reference=True)
SMALL = record(1, LATENT, (60.0, 60.0), bits=0.005)
TWIN = replace(BEST, number=2, reference=False)
BEATEN = record(3, GBM, (70.0, 72.0))
BEATEN = replace(BEATEN, parameters={**BEATEN.parameters, "gbm.mode": "serial"})
PRUNED = replace(record(4, GBM, ()), state="pruned", rungs=(Rung(0, (40.0,), (40.0, 40.0)),))
INFEASIBLE = replace(
    record(5, GBM, ()), state="infeasible", rungs=(), violations={"bits <= 100 kb": 0.5}
)
FAILED = TrialRecord(number=6, state="failed", parameters={"replay": "gbm"}, message="no memory")
RUNNING = TrialRecord(number=7, state="running", parameters={"replay": "gbm"})
RECORDS = [BEST, SMALL, TWIN, BEATEN, PRUNED, INFEASIBLE, FAILED, RUNNING]


def report(records: list[TrialRecord] = RECORDS, text: str = SPACE) -> ExplorationReport:
    bank = evaluator_of().bank
    return ExplorationReport(config_of(text), records, "engram explore space.yaml", bank)


def test_designs_are_what_went_through_and_broke_nothing_each_once() -> None:
    broken = replace(BEATEN, number=8, violations={"accuracy >= 90 %": 0.1})
    outcome = Outcome(config_of(), [*RECORDS[:-1], broken])
    assert [r.number for r in outcome.designs] == [0, 1, 3]
    assert outcome.counts == {"complete": 5, "pruned": 1, "infeasible": 1, "failed": 1}


def test_front_is_in_order_of_accuracy() -> None:
    outcome = report().outcome
    assert [r.number for r in outcome.front] == [0, 1]
    assert [r.number for r in outcome.skyline] == [0, 1]


def test_reference_on_the_front_has_no_gap() -> None:
    outcome = report().outcome
    assert outcome.reference == BEST
    assert outcome.reference_gaps is not None
    assert set(outcome.reference_gaps.values()) == {0.0}


def test_reference_off_the_front_has_a_gap() -> None:
    behind = replace(BEATEN, reference=True)
    outcome = report([replace(BEST, reference=False), behind]).outcome
    assert outcome.reference_gaps is not None
    assert outcome.reference_gaps["accuracy"] == pytest.approx(10.5)


def test_a_verdict_is_a_sentence() -> None:
    assert report().verdict.startswith(f"For 0.1 Mb take {BEST.label}: 81.5 %, ")
    several = report(text=SPACE.replace("recommend: [0.1]", "recommend: [1, 0.01, 0.001]"))
    assert several.verdict == (
        f"Recommended: for 0.01 Mb {SMALL.label} (60.0 %); for 1 Mb {BEST.label} (81.5 %)."
    )
    assert report([PRUNED]).verdict == "For 0.1 Mb nothing that was tried is small enough."


def test_folder_has_all_files_and_the_page_reads_it(tmp_path: Path) -> None:
    report().write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "exploration.json",
        "front.png",
        "recommended-0.1Mb.yaml",
        "report.md",
    ]
    exploration = read_exploration(tmp_path)
    assert [t.number for t in exploration.front] == [0, 1]
    assert exploration.recommended[0].trial == 0
    document = json.loads((tmp_path / "exploration.json").read_text())
    trials = {trial["number"]: trial for trial in document["trials"]}
    assert trials.keys() == {0, 1, 2, 3, 4, 5, 6}
    best = trials[0]
    assert best["values"]["accuracy"] == 81.5
    assert best["spread"]["accuracy"] == pytest.approx(0.5**0.5)
    assert (best["seeds"], best["rung"], best["front"], best["reference"]) == (2, 2, True, True)
    assert best["accuracy_by_task"] == [70.0, 50.0, 41.0, 40.0]
    assert best["command"] == "engram run trial-0.yaml --seeds 2"
    assert trials[4]["values"]["accuracy"] == 40.0
    assert trials[4]["spread"] == {}
    assert trials[5]["violations"] == {"bits <= 100 kb": 0.5}
    assert trials[6]["message"] == "no memory"
    assert document["space_sha256"] == config_of().digest()


def test_the_recommended_design_is_a_study(tmp_path: Path) -> None:
    report().write(tmp_path)
    config, _ = load_config(str(tmp_path / "recommended-0.1Mb.yaml"))
    assert config == space_of().point(BEST.parameters).config


def test_markdown_says_what_came_out(tmp_path: Path) -> None:
    report().write(tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert text.startswith("# A small space\n\nMade by `engram explore space.yaml` (engram ")
    assert "7 trials: 4 complete, 1 pruned, 1 infeasible, 1 failed. They took 15 s" in text
    assert f"{BEST.label} is on the front of all objectives." in text
    assert "81.50 ± 0.71" in text
    assert f"| {SMALL.label} | 60.00 ± 0.00 | 0.005 |" in text
    assert "main effects" not in text  # too few trials


def test_enough_trials_tell_what_matters(tmp_path: Path) -> None:
    points = space_of().points()
    many = [record(i, i * 7, (60.0 + i, 61.0 + i)) for i in range(len(points) // 70)]
    made = report(many)
    shares = {(s.parameter, s.objective): s.share for s in made.outcome.sensitivity}
    assert shares["gbm.code_width", "bits"] > 0.3
    assert shares["hardware.pe", "bits"] < 0.2
    made.write(tmp_path)
    assert (tmp_path / "sensitivity.png").stat().st_size > 1000
    assert "## What matters" in (tmp_path / "report.md").read_text()


def test_command_of_a_trial_is_whole_and_says_what_it_does_more(tmp_path: Path) -> None:
    made = replace(report(), data_dir=Path("my data"))
    made.write(tmp_path)
    trials = {
        t["number"]: t for t in json.loads((tmp_path / "exploration.json").read_text())["trials"]
    }
    assert trials[0]["command"] == "engram run trial-0.yaml --seeds 2 --data-dir 'my data'"
    assert trials[0]["note"] == ""
    assert trials[4]["note"] == "The command runs all 4 tasks; this accuracy is of the first 2."


def test_a_reference_that_did_not_go_through_is_told(tmp_path: Path) -> None:
    report([replace(PRUNED, reference=True), SMALL]).write(tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert f"{PRUNED.label} did not go through all rungs, it is pruned." in text


def test_the_table_fits_a_terminal() -> None:
    console = Console(file=StringIO(), width=100)
    console.print(report().terminal_table)
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert "81.5" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("records", [[], [FAILED], [PRUNED]], ids=["none", "failed", "pruned"])
def test_a_report_of_little_is_written_all_the_same(
    records: list[TrialRecord], tmp_path: Path
) -> None:
    report(records).write(tmp_path)
    assert (tmp_path / "report.md").exists()


def test_parts_are_the_largest_and_the_rest() -> None:
    parts = {str(i): float(i) for i in range(11)}
    found = shortened(parts)
    assert [part["name"] for part in found] == [*["10", "9", "8", "7", "6", "5", "4", "3"], "other"]
    assert found[-1]["value"] == 1 + 2
