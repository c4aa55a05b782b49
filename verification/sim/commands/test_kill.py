# SPDX-License-Identifier: MIT
"""`engram run` ended by a signal: nothing computes on, nothing is lost, the bits are the same."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

STUDY = """\
title: A study to interrupt
data: {name: digits}
tasks: {base: 4, increment: 2}
head: {epochs: 30, hidden: 8}
methods:
  - {replay: gbm, components: [1, 2], code_width: 4}
  - {replay: latent, exemplars: [2, 5]}
  - {replay: none}
seeds: 1
"""
PATIENCE = 120.0
ENDING = 30.0  # seconds to end on a machine that does much else; alone it takes less than one
Process = subprocess.Popen[str]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "study.yaml"
    path.write_text(STUDY)
    return path


def run(study: Path, out: Path, *more: object) -> Process:
    """Start the command in a session of its own, as a terminal or a batch system does."""
    call = "from sim.cli import main; main()"
    command = [sys.executable, "-c", call, "run", study, "--out", out, *more]
    return subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def ended(process: Process) -> int:
    process.communicate(timeout=PATIENCE)
    return process.returncode


def results_of(out: Path) -> list[dict[str, Any]]:
    runs = json.loads((out / "results.json").read_text())["runs"]
    return [{key: value for key, value in run.items() if key != "seconds"} for run in runs]


@pytest.fixture(scope="module")
def expected(study: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    out = tmp_path_factory.mktemp("whole") / "out"
    assert ended(run(study, out, "--jobs", 1)) == 0
    return results_of(out)


def checkpoints(partial: Path) -> dict[str, int]:
    """Return the files of runs and when they were written: they change once work is under way."""
    found = {}
    for path in partial.glob("run-*"):
        with suppress(FileNotFoundError):
            found[path.name] = path.stat().st_mtime_ns
    return found


def members(session: int) -> list[int]:
    """Return the processes of a session that compute, but for those that only wait to be read."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, owner = (entry / "stat").read_text().rpartition(") ")[2].split()[:4]
            except OSError:  # it has ended meanwhile
                continue
            if int(owner) == session and state != "Z":
                found.append(int(entry.name))
    return found


def wait_until_gone(session: int, seconds: float) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := members(session)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.fixture
def started() -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for process in processes:
        for left in members(process.pid):
            os.kill(left, signal.SIGKILL)
        process.communicate()


STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}
#: Ctrl-C to two processes, and a kill of one; the other ways to end are longer evidence.
ENDS = [
    pytest.param(number, jobs, marks=pytest.mark.slow)
    if (number, jobs) not in ((signal.SIGKILL, 1),)
    else (number, jobs)
    for number in STATUS
    for jobs in (1, 2)
]


@pytest.mark.parametrize("cuts", [1, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("number", "jobs"), ENDS, ids=lambda value: getattr(value, "name", value))
def test_it_ends_at_once_and_goes_on_with_the_same_bits(
    study: Path,
    expected: list[dict[str, Any]],
    started: list[Process],
    tmp_path: Path,
    number: signal.Signals,
    jobs: int,
    cuts: int,
) -> None:
    out, chance = tmp_path / "out", random.Random(f"{number} {jobs}")
    partial = tmp_path / "out.partial"
    cut = 0
    for _ in range(20):
        more = ("--resume",) if partial.exists() else ()
        before = checkpoints(partial)
        process = run(study, out, "--jobs", jobs, *more)
        started.append(process)
        deadline = time.monotonic() + PATIENCE
        while checkpoints(partial) == before and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 1))
        # Ctrl-C reaches every process in the foreground of a terminal.
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        assert wait_until_gone(process.pid, ENDING) == []
        out_text, err = process.communicate()
        if process.returncode == 0:
            break
        cut += 1
        assert process.returncode == STATUS[number], out_text + err
        if number != signal.SIGKILL:  # after which workers that were just starting may complain
            assert "Traceback" not in out_text + err
            assert err.startswith("engram: ended by a signal. Give the same command again")
            assert err.count("\n") == 1
        if cut == cuts:
            assert ended(run(study, out, "--jobs", jobs, "--resume")) == 0
            break
    assert cut > 0
    assert results_of(out) == expected
    assert not partial.exists()
