# SPDX-License-Identifier: MIT
"""The folder of work under way: whose it is, and that nothing foreign in it is ever lost."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from sim.work.arrays_file import save_arrays
from sim.work.errors import UserError
from sim.work.study_folder import StudyFolder

IDENTITY = {"version": "1", "configuration": "c", "data": "d"}


def opened(path: Path) -> StudyFolder:
    folder = StudyFolder(path, IDENTITY)
    folder.open(resume=False)
    return folder


def test_results_come_back_and_end_the_checkpoint(tmp_path: Path) -> None:
    folder = opened(tmp_path / "w")
    folder.checkpoint(2).write_bytes(b"checkpoint")
    assert not folder.has_result(2)
    folder.write_result(2, {"final": 0.5})
    assert folder.has_result(2)
    assert folder.result(2) == {"final": 0.5}
    assert not folder.checkpoint(2).exists()


def test_files_of_a_run_elsewhere_are_taken_as_it_would_leave_them_here(tmp_path: Path) -> None:
    here, there = opened(tmp_path / "here"), opened(tmp_path / "there")
    here.take(2, {"run-2.arrays": b"checkpoint"})
    assert here.checkpoint(2).read_bytes() == b"checkpoint"
    there.write_result(2, {"final": 0.5})
    save_arrays(there.exemplars(2), {"a": np.arange(3)})
    here.take(2, {path.name: path.read_bytes() for path in there.path.glob("*-2.*")})
    assert here.result(2) == {"final": 0.5}
    assert here.exemplars(2).read_bytes() == there.exemplars(2).read_bytes()
    assert not here.checkpoint(2).exists()


def test_unfinished_study_is_not_overwritten(tmp_path: Path) -> None:
    opened(tmp_path)
    with pytest.raises(UserError, match=r"holds an unfinished study: go on with --resume, or remo"):
        opened(tmp_path)


def test_same_study_goes_on(tmp_path: Path) -> None:
    opened(tmp_path).write_result(0, {"final": 0.5})
    folder = StudyFolder(tmp_path, IDENTITY)
    folder.open(resume=True)
    assert folder.has_result(0)


def test_resume_with_nothing_to_resume_starts(tmp_path: Path) -> None:
    StudyFolder(tmp_path / "new", IDENTITY).open(resume=True)
    assert (tmp_path / "new" / "study.json").exists()


def test_resume_names_every_damaged_file_and_removes_none(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    for i in range(3):
        folder.write_result(i, {"final": 0.5})
    save_arrays(folder.checkpoint(4), {"a": np.arange(3)})
    save_arrays(folder.exemplars(0), {"a": np.arange(3)})
    (tmp_path / "run-1.json").write_text('{"sha256": "", "result": {}}')
    for name in ("exemplars-0.arrays", "run-4.arrays"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-1])
    cure = "remove it, and --resume does that run again"
    damage = f"is damaged: it must end in the SHA-256 of its other bytes; {cure}"
    with pytest.raises(UserError) as caught:
        StudyFolder(tmp_path, IDENTITY).open(resume=True)
    assert str(caught.value).splitlines() == [
        f"{tmp_path / 'exemplars-0.arrays'} {damage}",
        f"{tmp_path / 'run-1.json'} is damaged: {cure}",
        f"{tmp_path / 'run-4.arrays'} {damage}",
    ]
    assert len(list(tmp_path.iterdir())) == 6
    for name in ("exemplars-0.arrays", "run-1.json", "run-4.arrays"):
        (tmp_path / name).unlink()
    StudyFolder(tmp_path, IDENTITY).open(resume=True)


@pytest.mark.parametrize("key", sorted(IDENTITY))
def test_study_of_another_version_configuration_or_data_is_refused(
    tmp_path: Path, key: str
) -> None:
    opened(tmp_path)
    other = StudyFolder(tmp_path, {**IDENTITY, key: "other"})
    with pytest.raises(UserError, match=f"holds an unfinished study with another {key}: go on"):
        other.open(resume=True)


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", "[" * 100_000])
def test_damaged_mark_is_refused_and_kept(tmp_path: Path, damage: str) -> None:
    folder = opened(tmp_path)
    (tmp_path / "study.json").write_text(damage)
    message = "study.json is damaged: remove|holds an unfinished study with another version"
    with pytest.raises(UserError, match=message):
        folder.open(resume=True)
    assert (tmp_path / "study.json").read_text() == damage


@pytest.mark.parametrize("damage", ["", "{}", "[1]", '{"sha256": "0", "result": {"final": 1}}'])
def test_damaged_result_is_named(tmp_path: Path, damage: str) -> None:
    folder = opened(tmp_path)
    (tmp_path / "run-4.json").write_text(damage)
    message = r"run-4\.json is damaged: remove it, and --resume does that run again"
    with pytest.raises(UserError, match=message):
        folder.result(4)


@pytest.mark.parametrize("resume", [False, True])
def test_folder_of_something_else_is_in_the_way(tmp_path: Path, resume: bool) -> None:
    (tmp_path / "notes.txt").write_text("precious")
    message = "is in the way: it is not the folder of an unfinished study"
    with pytest.raises(UserError, match=message):
        StudyFolder(tmp_path, IDENTITY).open(resume)
    assert (tmp_path / "notes.txt").read_text() == "precious"


def test_close_removes_its_own_files_and_no_others(tmp_path: Path) -> None:
    folder = opened(tmp_path / "w")
    folder.write_result(0, {})
    folder.checkpoint(1).write_bytes(b"")
    folder.exemplars(0).write_bytes(b"")
    (tmp_path / "w" / f".{'0' * 32}.tmp").write_bytes(b"of a process that was killed")
    foreign = ["notes.txt", "run-notes.json", ".vim.tmp", "run-1.json.bak"]
    for name in foreign:
        (tmp_path / "w" / name).write_text("precious")
    (tmp_path / "w" / "run-7.json").mkdir()
    folder.close()
    left = sorted(p.name for p in (tmp_path / "w").iterdir())
    assert left == sorted([*foreign, "run-7.json"])
    shutil.rmtree(tmp_path / "w")
    opened(tmp_path / "w").close()
    assert not (tmp_path / "w").exists()


def test_folder_that_is_a_link_to_another_disk_is_emptied_and_left(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "w").symlink_to(tmp_path / "big")
    folder = opened(tmp_path / "w")
    folder.write_result(0, {})
    folder.close()
    assert list((tmp_path / "big").iterdir()) == []
