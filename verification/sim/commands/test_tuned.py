# SPDX-License-Identifier: MIT
"""`engram run` of a study that chooses a key of the head for every method, from outside."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sim.commands.run import RunCommand
from sim.study.experiment import Experiment
from verification.sim.commands.test_run import files_in
from verification.sim.small_study import write_config

Engram = Callable[..., tuple[int, str, str]]

TUNED = """\
title: A tuned study
data: {name: digits, bits: 2, levels: 2}
tasks: {base: 6, increment: 2, orders: [given, 1]}
head: {kind: integer, epochs: 1, batch: 64}
tuned: {rate: [18, 9, 13]}
choice: {base: 2, increment: 2}
methods:
  - {replay: gbm, code_width: 4}
  - {replay: gbm, code_width: 4, increment: 4}
  - {replay: latent, exemplars: 2}
  - {replay: latent, exemplars: 3, rate: 10}
  - {replay: hamming}
seeds: 1
"""


def results_of(folder: Path) -> dict[str, Any]:
    results = json.loads((folder / "results.json").read_text())
    for run in results["runs"]:
        del run["seconds"]
    return {**results, "command": None}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuned")
    RunCommand(
        config=str(write_config(folder, TUNED)),
        assignments=[],
        seeds=None,
        out=folder / "out",
        jobs=1,
        data_dir=None,
        resume=False,
        command="",
    ).execute(Console(quiet=True))
    assert not (folder / "out.partial").exists()
    return folder / "out"


def test_every_method_trains_with_the_value_that_did_best_in_validation(whole: Path) -> None:
    results = results_of(whole)
    best = {}
    for row in results["choices"]:
        assert [tried["value"] for tried in row["tried"]] == [18, 9, 13]
        best[row["label"]] = max(row["tried"], key=lambda tried: tried["validation"])["value"]
    assert set(best) == {"GBM K = 1, q = 4", "latent replay E = 2"}
    # A rate of 18 hardly moves a weight: a choice without looking would take the first.
    assert 18 not in best.values()
    tuned = {run["label"]: run.get("tuned", {}).get("rate") for run in results["runs"]}
    assert tuned == {
        **best,
        "GBM K = 1, q = 4, 4 classes a task": best["GBM K = 1, q = 4"],
        "latent replay E = 3, rate = 10": None,
        "nearest prototype (Hamming) K = 1": None,
    }


def test_runs_are_those_of_a_study_with_that_rate(engram: Engram, whole: Path) -> None:
    (run, *_) = results_of(whole)["runs"]
    folder = whole.parent / "plain"
    text = TUNED.replace("tuned: {rate: [18, 9, 13]}\nchoice: {base: 2, increment: 2}\n", "")
    text = text.replace("batch: 64", f"batch: 64, rate: {run['tuned']['rate']}")
    config = write_config(whole.parent, text)
    assert engram("run", config, "--out", folder, "--jobs", 1)[0] == 0
    (plain, *_) = results_of(folder)["runs"]
    assert {**plain, "tuned": run["tuned"]} == run


def test_report_says_what_was_chosen_and_how(whole: Path) -> None:
    report = (whole / "report.md").read_text()
    (run, *_) = results_of(whole)["runs"]
    (row,) = [line for line in report.splitlines() if line.startswith("| GBM K = 1, q = 4 | 5.1")]
    assert row.endswith(f" {run['tuned']['rate']} |")
    assert "The last column was chosen before any test, for every method that trains" in report
    assert "no value of its own, of 18, 9 or 13: the best" in report
    assert "training samples of the 6 classes of the first task, 20 % of each class" in report


@pytest.mark.parametrize(("saves", "stage"), [(4, "validation"), (20, "final")])
def test_an_interrupted_study_goes_on_to_the_same_results(
    engram: Engram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    whole: Path,
    saves: int,
    stage: str,
) -> None:
    save, saved = Experiment.save, []

    def stop_after(experiment: Experiment, path: Path) -> None:
        save(experiment, path)
        saved.append(path)
        if len(saved) == saves:
            raise KeyboardInterrupt

    config, out = write_config(tmp_path, TUNED), tmp_path / "out"
    monkeypatch.setattr(Experiment, "save", stop_after)
    assert engram("run", config, "--out", out, "--jobs", 1)[0] == 130
    monkeypatch.setattr(Experiment, "save", save)
    assert saved[-1].parent == tmp_path / "out.partial" / stage
    assert engram("run", config, "--out", out, "--jobs", 1, "--resume")[0] == 0
    assert results_of(out) == results_of(whole)
    assert [f for f in files_in(tmp_path) if "partial" in f] == []


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("tuned={}", "tuned: must name rate, logit_gain, margin or balance, a key of the head"),
        ("tuned={rate: [1], balance: [2]}", "tuned: must name balance alone: every head has it"),
        ("tuned={rate: [1], margin: [1]}", "tuned.margin must be left out: the integer head has"),
        ("tuned={logit_gain: [1, 4]}", "tuned.logit_gain must be left out: the integer head has"),
        ("tuned={rate: []}", "tuned.rate must be a list of 1 or more items"),
        ("tuned={rate: [9, 9]}", "tuned: must name every value once, not 9 again"),
        ("tuned={rate: [25]}", "tuned.rate.0 must be an integer in 0..24, not 25"),
        ("choice.base=6", "choice.base must be less than the 6 classes of the first task"),
        ("choice.path=cifar100", "a bank of D = 128 as the study's, not of 512"),
        ("tasks={base: 10}", "parameters are chosen on those of the first alone"),
        ("methods.2.exemplars=140", "at most the"),
    ],
)
def test_what_cannot_be_chosen_is_refused(
    engram: Engram, tmp_path: Path, assignment: str, message: str
) -> None:
    config = write_config(tmp_path, TUNED)
    out = tmp_path / "out"
    status, _, err = engram("run", config, "--set", assignment, "--out", out)
    assert status == 2
    assert message in " ".join(err.split())
    assert not out.exists()


def test_a_choice_of_nothing_is_refused(engram: Engram, tmp_path: Path) -> None:
    config = write_config(tmp_path, TUNED.replace("tuned: {rate: [18, 9, 13]}\n", ""))
    status, _, err = engram("run", config, "--out", tmp_path / "out")
    assert status == 2
    assert "choice must be left out without tuned: nothing is chosen" in " ".join(err.split())


def test_where_no_method_chooses_nothing_is_said_of_a_choice(
    engram: Engram, tmp_path: Path
) -> None:
    config = write_config(tmp_path, TUNED)
    alone = ("--set", "methods=[{replay: hamming}, {replay: latent, rate: 9, exemplars: 1}]")
    assert engram("run", config, *alone, "--out", tmp_path / "out", "--jobs", 1)[0] == 0
    assert "before any test" not in (tmp_path / "out" / "report.md").read_text()
    assert "choices" not in results_of(tmp_path / "out")
