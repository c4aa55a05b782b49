# SPDX-License-Identifier: MIT
"""Explorations whose processes are killed: no trial is lost, none is run for nothing twice."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from sim.explore.search.study import SharedStudy
from sim.explore.search.trials import TrialRecord
from sim.explore.storage.storage import Storage
from verification.sim.small_exploration import POINTS, Sampler, SmallProblem

PATIENCE = 120.0
GRACE = 5.0
Start = Callable[..., subprocess.Popen[bytes]]
Join = Callable[[str], SharedStudy]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start explorations in sessions of their own, and end whatever is left of them."""
    started: list[subprocess.Popen[bytes]] = []

    def call(*arguments: object) -> subprocess.Popen[bytes]:
        module = "verification.sim.small_exploration"
        command = [sys.executable, "-m", module, *map(str, arguments)]
        started.append(subprocess.Popen(command, start_new_session=True))
        return started[-1]

    yield call
    for process in started:
        kill_all_of(process)


def kill_all_of(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def small_study() -> Iterator[Join]:
    """Join the study of a storage, to look at it."""
    with ExitStack() as opened:

        def join(url: str) -> SharedStudy:
            problem = SmallProblem(sampler=Sampler("grid"))
            return opened.enter_context(SharedStudy(problem, Storage.at(url), len(POINTS), 60))

        yield join


def wait_until(
    study: SharedStudy, settled: Callable[[list[TrialRecord]], bool]
) -> list[TrialRecord]:
    deadline = time.monotonic() + PATIENCE
    while not settled(records := study.records()):
        assert time.monotonic() < deadline, records
        time.sleep(0.1)
    return records


def in_mid_trial(records: list[TrialRecord]) -> bool:
    """Whether some trials are over, and one is past its first rung."""
    over = sum(record.ended for record in records)
    return over >= 3 and any(r.state == "running" and r.rungs for r in records)


def assert_all_points_once(records: list[TrialRecord]) -> None:
    assert [record.number for record in records] == list(range(len(POINTS)))
    assert all(record.ended for record in records)
    assert sorted(str(r.parameters) for r in records) == sorted(map(str, POINTS))


@pytest.mark.parametrize(("kind", "jobs"), [("sqlite", 2), ("journal", 0)])
@pytest.mark.slow
def test_killed_exploration_goes_on_where_it_was(
    start: Start, small_study: Join, tmp_path: Path, kind: str, jobs: int
) -> None:
    url, log = f"{kind}:///{tmp_path / 'study'}", tmp_path / "log"
    study = small_study(url)
    process = start(url, jobs, GRACE, 0.2, log)
    wait_until(study, in_mid_trial)
    kill_all_of(process)
    before = study.records()
    over = {record.number for record in before if record.ended}
    assert any(record.state == "running" for record in before)
    assert start(url, 0, GRACE, 0.02, log).wait(PATIENCE) == 0
    after = study.records()
    assert_all_points_once(after)
    for record in before:
        # One that was killed while it chose its parameters has chosen some, and keeps them.
        assert record.parameters.items() <= after[record.number].parameters.items()
    lines = Counter(log.read_text().splitlines())
    for record in after:
        times = {lines[f"{rung.rung} {record.label}"] for rung in record.rungs}
        assert times <= ({1} if record.number in over else {1, 2})


def test_worker_that_is_killed_is_replaced_and_its_trial_run_at_once(
    start: Start, small_study: Join, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = small_study(url)
    process = start(url, 1, 600, 0.05, tmp_path / "log")
    records = wait_until(study, in_mid_trial)
    victim = next(record for record in records if record.state == "running")
    os.kill(int(victim.worker.split(":")[1]), signal.SIGKILL)
    assert process.wait(PATIENCE) == 0
    after = study.records()
    assert_all_points_once(after)
    assert after[-1].worker != victim.worker


def test_workers_end_with_the_command_that_started_them(
    start: Start, small_study: Join, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = small_study(url)
    process = start(url, 1, 600, 0.2, tmp_path / "log")
    wait_until(study, in_mid_trial)
    process.kill()
    process.wait()
    records = wait_until(study, lambda found: not any(r.state == "running" for r in found))
    assert not all(record.ended for record in records)
    over = [record.number for record in records if record.ended]
    time.sleep(1)
    assert [r.number for r in study.records() if r.ended] == over, "someone works on"


def test_worker_told_to_end_leaves_its_trial_to_others(
    start: Start, small_study: Join, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = small_study(url)
    process = start(url, 0, 600, 0.2, tmp_path / "log")
    wait_until(study, in_mid_trial)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None  # a terminal tells all its processes: the command tells workers
    process.terminate()
    assert process.wait(PATIENCE) == 0
    states = {record.state for record in study.records()}
    assert "waiting" in states
    assert "running" not in states
