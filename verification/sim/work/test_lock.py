# SPDX-License-Identifier: MIT
"""Locks: one holder at a time, free when the holder dies, asked for or required."""

import multiprocessing
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from sim.work.errors import UserError
from sim.work.lock import locked, sole_writer


def hold(path: Path, held: Any) -> None:
    with locked(path):
        held.set()
        time.sleep(600)


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=hold, args=(tmp_path / "a.lock", held))
    process.start()
    assert held.wait(60)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert (tmp_path / "a.lock").exists()
    with locked(tmp_path / "a.lock"):
        pass
    assert not (tmp_path / "a.lock").exists()


def test_where_no_lock_can_be_had_nobody_waits(tmp_path: Path) -> None:
    done = []
    with locked(tmp_path / "absent" / "a.lock", required=False):
        done.append(1)
    assert done == [1]


def test_required_lock_that_cannot_be_had_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.mkdir()
    with pytest.raises(UserError) as caught, locked(path):
        pass
    assert str(caught.value) == f"{path} cannot be written: it is a directory"


def test_failure_within_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with pytest.raises(ValueError, match="within"), locked(path):
        raise ValueError("within")
    assert not path.exists()
    with locked(path):
        assert path.exists()


def test_one_process_at_a_time_holds_the_lock_though_each_removes_its_file(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=count, args=(tmp_path, counter)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert counter.read_text() == "100"


def count(folder: Path, counter: Path) -> None:
    for _ in range(25):
        with locked(folder / "a.lock"):
            value = int(counter.read_text())
            time.sleep(0.001)
            counter.write_text(str(value + 1))


def write_alone(output: Path, held: Any) -> None:
    with sole_writer(output):
        held.set()
        time.sleep(600)


def test_second_writer_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, out = context.Event(), tmp_path / "a" / "out"
    process = context.Process(target=write_alone, args=(out, held))
    process.start()
    assert held.wait(60)
    with pytest.raises(UserError) as caught, sole_writer(out):
        pass
    assert str(caught.value) == (
        f"{out} is in use: process {process.pid} on {socket.gethostname()} is writing it. Wait "
        "until that one ends, or name another --out"
    )
    process.kill()
    process.join()
    with sole_writer(out):
        assert (tmp_path / "a" / "out.lock").read_text().startswith(f"process {os.getpid()} on ")
    assert list((tmp_path / "a").iterdir()) == []


def test_sole_writer_leaves_the_folders_it_made_only_with_something_in_them(tmp_path: Path) -> None:
    with sole_writer(tmp_path / "a" / "b" / "out"):
        pass
    assert list(tmp_path.iterdir()) == []
    with sole_writer(tmp_path / "a" / "b" / "out"):
        (tmp_path / "a" / "b" / "out").mkdir()
    assert (tmp_path / "a" / "b" / "out").is_dir()


def test_links_and_relative_paths_to_one_output_share_its_lock(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with sole_writer(tmp_path / "link"):
        assert (tmp_path / "out.lock").exists()


@pytest.mark.parametrize("name", ["a\0b", "loop", "file/out", "/"])
def test_output_that_can_have_no_lock_is_left_to_the_writer(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    done = []
    with sole_writer(tmp_path / name):
        done.append(1)
    assert done == [1]
