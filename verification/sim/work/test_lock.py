# SPDX-License-Identifier: MIT
"""The lock of a file: one holder at a time, free when its holder dies, asked for or required."""

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from sim.work.errors import UserError
from sim.work.lock import locked


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
    assert str(caught.value) == f"{path} cannot be written: Is a directory"


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
