# SPDX-License-Identifier: MIT
"""A folder written in one step: whatever fails or is killed, it is the old one or the new one."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sim.work import folder as module
from sim.work.errors import UserError
from sim.work.folder import write_folder

OLD = {"a.png": "old figure", "gone.png": "old only", "report.md": "old", "results.json": "{}"}
NEW = {"a.png": "new figure", "b.png": "new only", "report.md": "new", "results.json": "[]"}
KEPT = {"notes.txt": "mine", "deep/er/notes.txt": "mine too"}

# Writes the new files over the old ones in a fork, which is killed, or fails, at its n-th operation
# on files; prints what the folders then hold, for n = 0, 1, 2, ... until nothing happens any more.
TRY = """\
import errno, json, os, signal, sys
from pathlib import Path
from sim.work.errors import UserError
from sim.work.folder import write_folder
from verification.sim.work.test_folder import KEPT, NEW, OLD, contents, make
parent, fault = Path(sys.argv[1]), sys.argv[2]
KILLED = ("open", "os.", "shutil.", "fcntl.", "ctypes.")
FULL = ("open", "os.mkdir", "os.link", "os.rename")

def write(n):
    count = 0
    def hook(event, arguments):
        nonlocal count
        if fault == "kill" and event.startswith(KILLED):
            count += 1  # before the kill, which is an operation, too
            if count == n + 1:
                os.kill(os.getpid(), signal.SIGKILL)
        if fault == "full" and event in FULL and (event != "open" or arguments[2] & os.O_CREAT):
            count += 1
            if count > n:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    sys.addaudithook(hook)
    try:
        write_folder(parent / "out", NEW, drop=["gone.png"])
    except UserError as error:
        assert str(error).endswith("the disk is full"), error
        os._exit(1)
    os._exit(0)

n, found = 0, []
while True:
    make(parent / "out", OLD | KEPT)
    child = os.fork()
    if not child:
        try:
            write(n)
        finally:
            os._exit(9)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    after = contents(parent / "out")
    beside = sorted(os.listdir(parent))
    write_folder(parent / "out", NEW, drop=["gone.png"])
    found.append([status, after, beside, contents(parent / "out"), sorted(os.listdir(parent))])
    if status == 0:
        break
    n += 1
print(json.dumps(found))
"""


def make(folder: Path, files: dict[str, str]) -> None:
    for name in set(contents(folder)) - set(files):
        (folder / name).unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def tried(parent: Path, fault: str) -> list[list[Any]]:
    command = [sys.executable, "-c", TRY, str(parent), fault]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def test_writer_killed_at_any_operation_leaves_the_old_files_or_the_new(tmp_path: Path) -> None:
    found = tried(tmp_path, "kill")
    temporary = [name for _, after, *_ in found for name in after if name.endswith(".tmp")]
    afters = [{k: v for k, v in it[1].items() if k not in temporary} for it in found]
    assert all(after in (OLD | KEPT, NEW | KEPT) for after in afters)
    # Old at first and new at last, with the change in between.
    assert afters[0] == OLD | KEPT
    assert NEW | KEPT in afters[:-1]
    assert [status for status, *_ in found] == [-9] * (len(found) - 1) + [0]
    assert len(found) > 20
    # The next writer removes what the killed one left.
    assert all(beside == ["out"] for *_, beside in found)


def test_disk_that_fills_at_any_operation_leaves_the_old_files(tmp_path: Path) -> None:
    *failures, (status, after, beside, _, _) = tried(tmp_path, "full")
    assert (status, after, beside) == (0, NEW | KEPT, ["out"])
    assert len(failures) > 5
    for failed, left, around, _, _ in failures:
        assert (failed, left, around) == (1, OLD | KEPT, ["out"])


def test_file_too_large_for_the_disk_leaves_the_old_files(tmp_path: Path) -> None:
    make(tmp_path / "out", OLD)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(UserError, match=r"out/z\.png cannot be written: file too large"):
            write_folder(tmp_path / "out", NEW | {"z.png": "z" * 2000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert contents(tmp_path / "out") == OLD
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_folder_is_made_and_its_permissions_stay(tmp_path: Path) -> None:
    out = tmp_path / "a" / "out"
    write_folder(out, OLD)
    out.chmod(0o751)
    write_folder(out, NEW, drop=OLD)
    assert contents(out) == NEW
    assert out.stat().st_mode & 0o777 == 0o751


def test_links_are_kept_and_followed(tmp_path: Path) -> None:
    make(tmp_path / "far" / "out", OLD)
    (tmp_path / "far" / "out" / "link").symlink_to("absent")
    (tmp_path / "near").symlink_to(tmp_path / "far" / "out")
    write_folder(tmp_path / "near", NEW)
    assert (tmp_path / "near").is_symlink()
    assert contents(tmp_path / "far" / "out") == OLD | NEW
    assert (tmp_path / "near" / "link").readlink() == Path("absent")


def test_file_that_comes_while_the_folder_is_written_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "out", OLD | KEPT)
    exchange = module._exchange

    def late(new: Path, old: Path) -> None:
        (old / "late.txt").write_text("late")
        (old / "deep" / "late.txt").write_text("late")
        exchange(new, old)

    monkeypatch.setattr(module, "_exchange", late)
    write_folder(tmp_path / "out", NEW, drop=["gone.png"])
    late_ones = {"late.txt": "late", "deep/late.txt": "late"}
    assert contents(tmp_path / "out") == NEW | KEPT | late_ones


@pytest.mark.parametrize("where", ["working directory", "no system call"])
def test_folder_that_cannot_be_exchanged_keeps_its_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    make(tmp_path / "out", OLD | KEPT)
    before = (tmp_path / "out").stat().st_ino
    if where == "working directory":
        monkeypatch.chdir(tmp_path / "out")
    else:
        monkeypatch.setattr(module.ctypes, "CDLL", lambda *_, **__: object())
    write_folder(tmp_path / "out", NEW, drop=["gone.png"])
    assert contents(tmp_path / "out") == NEW | KEPT
    assert (tmp_path / "out").stat().st_ino == before
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "out", {"report.md/notes.txt": "mine"})
    with pytest.raises(UserError, match=r"out/report\.md cannot be written: it is a directory"):
        write_folder(tmp_path / "out", NEW)
    assert contents(tmp_path / "out") == {"report.md/notes.txt": "mine"}


def test_old_temporary_files_go_and_young_ones_stay(tmp_path: Path) -> None:
    old, young = (tmp_path / f".{digit * 32}.tmp" for digit in "0a")
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    write_folder(tmp_path, NEW)
    assert contents(tmp_path) == NEW | {young.name: ""}
