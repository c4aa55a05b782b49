# SPDX-License-Identifier: MIT
"""`engram run` with budgets, from outside: report, resuming, and every mistake with its message."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from sim.commands.run import RunCommand
from sim.compare.choice_bank import load_choice_bank
from sim.compare.comparison import Comparison
from sim.data.source import load_bank
from sim.study.config import CompareConfig, load_config
from sim.study.experiment import Experiment
from verification.sim.commands.test_run import files_in
from verification.sim.small_comparison import SMALL_COMPARISON, write_comparison
from verification.sim.study.test_study import without_seconds

Engram = Callable[..., tuple[int, str, str]]
Results = dict[str, Any]


def results_in(folder: Path) -> Results:
    results = json.loads((folder / "results.json").read_text())
    return {**results, "runs": without_seconds(results["runs"]), "command": None}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Results of a comparison that was not interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    RunCommand(
        config=str(write_comparison(folder)),
        assignments=[],
        seeds=None,
        out=folder / "out",
        jobs=1,
        data_dir=None,
        resume=False,
        command="",
    ).execute(Console(quiet=True))
    return results_in(folder / "out")


def test_comparison_writes_a_whole_report_and_nothing_else(engram: Engram, tmp_path: Path) -> None:
    config = write_comparison(tmp_path)
    status, out, err = engram("run", config, "--out", tmp_path / "out", "--jobs", 1)
    assert (status, err) == (0, "")
    assert files_in(tmp_path) == [
        "out/accuracy_by_budget.png",
        "out/report.md",
        "out/results.json",
        "small.yaml",
    ]
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["config"]["budgets"] == [0.0015, 0.004]
    assert [c["bits"] for c in results["candidates"]] == [1612, 2932, 1328, 2619]
    assert [(c["family"], c["budget_mb"]) for c in results["choices"]] == [
        ("latent", 0.004),
        ("hamming", 0.0015),
        ("hamming", 0.004),
    ]
    assert all(c["bits"] <= c["budget_mb"] * 1e6 for c in results["choices"])
    report = (tmp_path / "out" / "report.md").read_text()
    assert results["verdict"] in report
    assert re.search(r"\| latent \| 2 \| - \| \d+\.\d ± \d+\.\d \| - \| 0\.\d\d \|", report)
    assert re.search(r"Whatever their bits: joint training \d+\.\d ± \d+\.\d %\.", report)
    assert results["verdict"] in " ".join(out.split())


def test_a_budget_may_be_for_all_state(engram: Engram, tmp_path: Path) -> None:
    text = SMALL_COMPARISON.replace("head: {hidden: 8,", "covers: all\nhead: {kind: integer,")
    config = write_comparison(tmp_path, text)
    budgets = ["--set", "budgets=[0.0015, 0.014]"]
    status, _, err = engram("run", config, *budgets, "--out", tmp_path / "out", "--jobs", 1)
    assert (status, err) == (0, "")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    head = 10 * 128 * 8 + 64
    assert [c["bits"] for c in results["candidates"]] == [1612 + head, 2932 + head, 1328, 2619]
    assert [(c["family"], c["budget_mb"]) for c in results["choices"]] == [
        ("latent", 0.014),
        ("hamming", 0.0015),
        ("hamming", 0.014),
    ]
    assert [c["head_bits"] for c in results["choices"]] == [head, 0, 0]
    report = (tmp_path / "out" / "report.md").read_text()
    assert "The budget is for *all* bits that survive between tasks" in report
    assert "bits of all state that survives between tasks" in results["verdict"]


def test_chosen_candidates_are_the_best_in_validation_and_run_once_a_seed(whole: Results) -> None:
    best: dict[tuple[str, float], float] = {}
    for candidate in whole["candidates"]:
        for budget in whole["config"]["budgets"]:
            if candidate["bits"] <= budget * 1e6:
                key = candidate["family"], budget
                best[key] = max(best.get(key, 0), candidate["validation"][0])
    found = {(c["family"], c["budget_mb"]): c["validation"] for c in whole["choices"]}
    assert found == best
    chosen = list(dict.fromkeys(c["label"] for c in whole["choices"]))
    runs = [(run["label"], run["seed"]) for run in whole["runs"]]
    assert runs == [(label, s) for label in [*chosen, "joint training"] for s in (0, 1)]


@pytest.mark.parametrize(
    ("saves", "stage", "jobs"),
    [(12, "validation", 2), (16, "final", 1)],
    ids=["validation", "study"],
)
def test_interrupted_comparison_goes_on_bit_for_bit_for_any_number_of_processes(
    engram: Engram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    whole: Results,
    saves: int,
    stage: str,
    jobs: int,
) -> None:
    save, saved = Experiment.save, []

    def stop_after(experiment: Experiment, path: Path) -> None:
        save(experiment, path)
        saved.append(path)
        if len(saved) == saves:
            raise KeyboardInterrupt

    config, out = write_comparison(tmp_path), tmp_path / "out"
    monkeypatch.setattr(Experiment, "save", stop_after)
    assert engram("run", config, "--out", out, "--jobs", 1)[0] == 130
    monkeypatch.setattr(Experiment, "save", save)
    assert saved[-1].parent == tmp_path / "out.partial" / stage
    assert saved[-1].exists()
    assert not (out / "results.json").exists()
    status, told, _ = engram("run", config, "--out", out, "--jobs", jobs, "--resume")
    assert status == 0
    assert "Going on with validation: " in told
    assert results_in(out) == whole
    assert not (tmp_path / "out.partial").exists()


def test_unfinished_comparison_is_not_overwritten(engram: Engram, tmp_path: Path) -> None:
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "comparison.json").write_text("{}")
    status, _, err = engram("run", write_comparison(tmp_path), "--out", tmp_path / "out")
    assert status == 2
    assert "out.partial holds an unfinished comparison: go on with --resume, or remove" in err


def test_choice_that_changed_does_not_go_on_with_the_runs_of_another(
    engram: Engram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    config, out = write_comparison(tmp_path), tmp_path / "out"
    monkeypatch.setattr("sim.commands.run.ComparisonReport.write", stop)
    assert engram("run", config, "--out", out, "--jobs", 1)[0] == 130
    mark = tmp_path / "out.partial" / "final" / "study.json"
    mark.write_text(json.dumps({**json.loads(mark.read_text()), "choice": "other"}))
    status, _, err = engram("run", config, "--out", out, "--jobs", 1, "--resume")
    assert status == 2
    assert "final holds an unfinished study with another choice: go on with that one" in err


METHODS = "methods: [{replay: hamming}]\n"
TASKS = "data: {bits: 2, levels: 2}\ntasks: {base: 4, increment: 3}\n"
MISTAKES = {
    "no budget": (
        f"{METHODS}budgets: []\n",
        r"small\.yaml:2: budgets must be a list of 1 or more items, not \[\]",
    ),
    "budget of nothing": (
        f"{METHODS}budgets: [1, 0]\n",
        r"small\.yaml:2: budgets\.1 must be a number > 0 and <= 1000000, not 0",
    ),
    "negative budget": (
        f"{METHODS}budgets: [-1]\n",
        r"small\.yaml:2: budgets\.0 must be a number > 0 and <= 1000000, not -1",
    ),
    "budget twice": (
        f"{METHODS}budgets: [1, 0.5, 1.0]\n",
        r"small\.yaml:2: budgets: must name every budget once, not 1 again",
    ),
    "nothing fits": (
        f"{METHODS}budgets: [0.001]\n{TASKS}choice: {{base: 2, increment: 2}}\n",
        (
            r"small\.yaml:2: budgets must be enough for some method: the smallest, nearest "
            r"prototype \(Hamming\) K = 1, takes 0\.001328 Mb, and the largest budget is 0\.001 Mb"
        ),
    ),
    "unknown key of the choice": (
        f"{METHODS}budgets: [1]\nchoice: {{bass: 2}}\n",
        r"small\.yaml:3: choice\.bass is no known key: did you mean base\?",
    ),
    "no class after the base": (
        f"{METHODS}budgets: [1]\ntasks: {{base: 10, increment: 2}}\n",
        r"small\.yaml:3: tasks must leave classes to later tasks: .*, which brings all 10",
    ),
    "validation larger than the base": (
        f"{METHODS}budgets: [1]\n{TASKS}choice: {{base: 5}}\n",
        r"small\.yaml:5: choice\.base must be less than the 4 classes of the first task, not 5",
    ),
    "all samples held out": (
        f"{METHODS}budgets: [1]\nchoice: {{share: 1}}\n",
        r"small\.yaml:3: choice\.share must be a number > 0 and < 1, not 1",
    ),
    "choice on a bank of other embeddings": (
        f"{METHODS}budgets: [1]\n{TASKS}choice: {{base: 2, increment: 2, path: cifar100}}\n",
        r"small\.yaml:5: choice\.path must be a bank of D = 128 as the study's, not of 512",
    ),
    "choice on a bank of other samples": (
        (
            f"{METHODS}budgets: [1]\ndata: {{levels: 8}}\ntasks: {{base: 4, increment: 3}}\n"
            "choice: {base: 2, increment: 2, path: cifar100}\n"
        ),
        r"small\.yaml:5: choice\.path must be a bank of the study's own samples, in order",
    ),
    "claims": (
        f"claims: gbm\n{METHODS}budgets: [1]\n",
        r"small\.yaml:1: claims: must be left out if budgets are given: claims need a plain study",
    ),
    "tasks of a method's own": (
        "methods:\n  - replay: hamming\n    increment: 2\nbudgets: [1]\n",
        r"small\.yaml:3: methods\.0\.increment must be left out: all methods of a comparison",
    ),
    "bound twice": (
        f"{METHODS}budgets: [1]\nbounds: [{{replay: joint}}, {{replay: joint}}]\n",
        r"small\.yaml:1: bounds\.1 repeats the method 'joint training'",
    ),
    "more exemplars than validation leaves": (
        (
            f"methods: [{{replay: latent, exemplars: 140}}]\nbudgets: [10]\n{TASKS}"
            "choice: {base: 2, increment: 2}\n"
        ),
        (
            r"small\.yaml:1: methods\.0\.exemplars must be at most the 114 training samples that "
            r"validation leaves of the smallest class, not 140"
        ),
    ),
    "memory that grows with what it learns": (
        SMALL_COMPARISON.replace("methods:", "methods:\n  - replay: joint", 1),
        (
            r"small\.yaml:8: methods\.0: the bits of joint training must be known before it "
            r"learns, and were \d+ then and \d+ after: a method without a budget stands in bounds"
        ),
    ),
}


def test_choice_may_be_made_on_the_bank_of_another_network(tmp_path: Path) -> None:
    config, document = load_config("compare")
    assert isinstance(config, CompareConfig)
    bank = load_bank(config.data, config.tasks, document, None)
    other = load_choice_bank(config, bank, document)
    comparison = Comparison(config, (bank,), other, document, tmp_path)
    part = comparison.validation.banks[0]
    assert [len(task) for task in part.tasks] == [40, 2, 2, 2, 2, 2]
    its_own, the_studys = ({row.tobytes() for row in b.train} for b in (other, bank))
    rows = {row.tobytes() for row in np.concatenate([part.train, part.test])}
    assert rows <= its_own
    assert not rows & the_studys


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_in_the_configuration_is_one_message(
    engram: Engram, tmp_path: Path, mistake: str
) -> None:
    text, message = MISTAKES[mistake]
    config = write_comparison(tmp_path, text)
    status, _, err = engram("run", config, "--out", tmp_path / "out", "--jobs", 1)
    assert status == 2
    assert re.search(message, err), err
    assert "Traceback" not in err
    assert not (tmp_path / "out" / "results.json").exists()
