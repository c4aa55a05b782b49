# SPDX-License-Identifier: MIT
"""Studies: the same bits for any number of processes, and after a kill."""

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.study.config import load_config
from sim.study.report.groups import group_runs
from sim.study.study import Study
from sim.work.arrays_file import load_arrays, save_arrays
from sim.work.errors import UserError
from sim.work.parallel import Report
from sim.work.progress import Progress
from verification.sim.small_study import small_bank, small_config, write_config


def study_in(folder: Path) -> Study:
    config = small_config(folder)
    return Study.of(config, [small_bank(config)], folder / "study.partial")


def run(study: Study, jobs: int, resume: bool = False) -> list[dict[str, Any]]:
    study.folder.open(resume)
    return without_seconds(study.run(jobs, lambda *_: None))


def without_seconds(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in r.items() if k != "seconds"} for r in runs]


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return run(study_in(tmp_path_factory.mktemp("serial")), jobs=1)


def test_results_come_in_the_order_of_methods_and_seeds(serial: list[dict[str, Any]]) -> None:
    assert [(r["label"], r["seed"]) for r in serial[:6]] == [
        ("joint training", 0),
        ("joint training", 1),
        ("fine-tuning", 0),
        ("fine-tuning", 1),
        ("latent replay E = 1", 0),
        ("latent replay E = 1", 1),
    ]
    assert len(serial) == 22


def test_every_run_is_done_in_every_order_of_the_later_classes(tmp_path: Path) -> None:
    methods = "methods=[{replay: none}, {replay: gbm, code_width: 2}]"
    path = str(write_config(tmp_path))
    config, _ = load_config(path, [methods, "tasks.orders=[given, 3]"], 2)
    bank = small_bank(config)
    study = Study.of(config, [bank], tmp_path / "study.partial")
    runs = run(study, jobs=1)
    named = [(r["label"], r["order"], r["seed"]) for r in runs]
    assert named == [
        (label, order, seed)
        for label in ("fine-tuning", "GBM K = 1, q = 2")
        for order in ("given", 3)
        for seed in (0, 1)
    ]
    # One group a method, whose spread is over orders and seeds.
    assert [len(group.runs) for group in group_runs(runs)] == [4, 4]
    # A run in an order is the run of a study whose own class order that is.
    names = bank.in_order(3).class_names
    order = [bank.class_names.index(name) for name in names]
    alone, _ = load_config(path, [methods, f"tasks.order={order}"], 2)
    expected = run(Study.of(alone, [small_bank(alone)], tmp_path / "alone.partial"), jobs=1)
    assert [r["confusion"] for r in runs if r["order"] == 3] == [r["confusion"] for r in expected]
    # The first task has the same classes in every order.
    first = [r["accuracy_matrix"][0][0] for r in runs]
    assert first[0::4] == first[2::4]
    assert first[1::4] == first[3::4]
    assert runs[0]["confusion"] != runs[2]["confusion"]


def test_parallel_study_equals_serial_bit_for_bit(
    serial: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert run(study_in(tmp_path), jobs=2) == serial


def test_interrupted_study_goes_on_bit_for_bit(
    serial: list[dict[str, Any]], tmp_path: Path
) -> None:
    study = study_in(tmp_path)
    study.folder.open(resume=False)

    def interrupt(index: int, progress: Progress) -> None:
        if index == 8 and progress.task == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study.run(1, interrupt)
    assert study.ended == 8
    assert study.folder.checkpoint(8).exists()
    assert run(study, jobs=1, resume=True) == serial


def test_study_task_by_task_in_folders_elsewhere_equals_serial_bit_for_bit(
    serial: list[dict[str, Any]], tmp_path: Path
) -> None:
    study = study_in(tmp_path)
    study.folder.open(resume=False)
    told: list[tuple[int, int]] = []

    def elsewhere(study: Study, pending: Sequence[int], report: Report) -> list[Counter[Any]]:
        for i in pending:
            for number in range(9):
                folder = tmp_path / f"{i}-{number}"
                folder.mkdir()
                other = study.elsewhere(folder)
                if study.folder.checkpoint(i).exists():
                    shutil.copy(study.folder.checkpoint(i), folder)
                other.run_one(i, report, tasks=1)
                study.folder.take(i, {path.name: path.read_bytes() for path in folder.iterdir()})
                if study.folder.has_result(i):
                    break
        return []

    def report(index: int, progress: Progress) -> None:
        if progress.task == progress.n_tasks:
            told.append((index, progress.n_tasks))

    assert without_seconds(study.run(elsewhere, report)) == serial
    assert [index for index, _ in told] == list(range(len(serial)))
    assert not any(study.folder.checkpoint(i).exists() for i in range(len(serial)))
    assert study.folder.exemplars(8).exists()


def test_fault_in_a_worker_reaches_the_caller(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    study.folder.open(resume=False)
    study.folder.checkpoint(3).write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"run-3\.arrays is damaged"):
        study.run(2, lambda *_: None)


@pytest.mark.parametrize("jobs", [1, 2])
def test_all_bad_checkpoints_are_named_before_any_run_begins(tmp_path: Path, jobs: int) -> None:
    study = study_in(tmp_path)
    study.folder.open(resume=False)
    begun = study._new_run(*study.runs[0])
    begun.step(lambda _: None)
    begun.save(study.folder.checkpoint(0))
    whole = load_arrays(study.folder.checkpoint(0))
    about = json.loads(whole["about"].tobytes())
    # All of them have a good hash.
    damaged = {
        1: whole,
        2: whole | {"about": np.frombuffer(b"{", np.uint8)},
        3: {},
    }
    descriptions = {4: {}, 5: {"task": 9}, 6: {"task": "one"}, 7: {"seconds": None}}
    for i, change in descriptions.items():
        own = about | {"identity": study._new_run(*study.runs[i])._identity()} | change
        kept = own if change else {"identity": own["identity"]}
        damaged[i] = whole | {"about": np.frombuffer(json.dumps(kept).encode(), np.uint8)}
    for i, arrays in damaged.items():
        save_arrays(study.folder.checkpoint(i), arrays)
    study.folder.open(resume=True)
    with pytest.raises(UserError) as caught:
        study.run(jobs, lambda *_: pytest.fail("a run began"))
    lines = str(caught.value).splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        str(study.folder.checkpoint(i)) for i in range(1, 8)
    ]
    described = [study._new_run(*run)._described() for run in study.runs]
    cure = "; remove it, and --resume does that run again"
    for i in (1, 2, 3):
        assert lines[i - 1].endswith(f" must be a checkpoint of {described[i]}{cure}")
    assert lines[3].endswith(f" has no valid description of {described[4]}: 'task'{cure}")
    assert lines[4].endswith(f"{described[5]}: task 9 is not one of 0 to 3{cure}")
    assert not any(study.folder.has_result(i) for i in range(len(study.runs)))
