# SPDX-License-Identifier: MIT
"""`engram run --cluster`: the bits of a serial run, whatever workers come, go and share."""

import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from verification.sim.commands.cluster.command import (
    RUNS,
    ended_runs,
    finished,
    report_of,
    run,
    wait_until,
)
from verification.sim.commands.cluster.diary import diaries_in, entries_of, tasks_that, with_diary
from verification.sim.dask_cluster import LoopbackCluster
from verification.sim.small_comparison import write_comparison


def unended(diary: Path) -> set[str]:
    """Return the tasks that a worker has begun and not ended."""
    entries = entries_of(diary)
    return tasks_that(entries, "executing") - tasks_that(entries, "memory")


def stopped_in_a_task(worker: subprocess.Popen[bytes], diary: Path) -> bool:
    """Stop a worker; let it go on if that was between two tasks."""
    worker.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    if unended(diary):
        return True
    worker.send_signal(signal.SIGCONT)
    return False


def test_three_workers_of_which_one_is_killed_in_mid_run_give_the_bits_of_a_serial_run(
    study: Path, serial: dict[str, Any], own: LoopbackCluster, tmp_path: Path
) -> None:
    lost, *_ = [own.worker(*with_diary(tmp_path)) for _ in range(3)]
    out = tmp_path / "out"
    process = run(study, out, "--cluster", own.address)
    wait_until(lambda: ended_runs(out) >= 1 and len(diaries_in(tmp_path)) == 3, process)
    diary = tmp_path / f"{own.port_of(lost)}.diary"
    wait_until(lambda: stopped_in_a_task(lost, diary), process)
    own.end(lost)
    status, text, err = finished(process)
    assert (status, err) == (0, "")
    assert report_of(out) == serial
    assert text.count(": done (all runs: ") == RUNS
    assert f": done (all runs: {RUNS}/{RUNS})" in text
    assert re.search(r"^GBM K = 1, q = 3, seed 0: task 1/4 done, train \d", text, re.M)
    assert not (tmp_path / "out.partial").exists()
    # What the lost worker had begun, another one has ended.
    begun, *_ = unended(diary)
    ended = set().union(*(tasks_that(entries, "memory") for entries in diaries_in(tmp_path)))
    assert begun in ended


@pytest.mark.slow
def test_worker_with_four_threads_gives_the_same_bits(
    study: Path, serial: dict[str, Any], workers: LoopbackCluster, tmp_path: Path
) -> None:
    many = {"OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4"}
    workers.worker(threads=4, environment=many)
    status, _, err = finished(run(study, tmp_path / "out", "--cluster", workers.address))
    assert (status, err) == (0, "")
    assert report_of(tmp_path / "out") == serial


@pytest.mark.slow
def test_comparison_gives_the_same_choices_and_bits(
    workers: LoopbackCluster, tmp_path: Path
) -> None:
    workers.worker()
    config = write_comparison(tmp_path)
    for out, more in (("serial", ("--jobs", 1)), ("cluster", ("--cluster", workers.address))):
        status, _, err = finished(run(config, tmp_path / out, *more))
        assert (status, err) == (0, "")
    assert report_of(tmp_path / "cluster") == report_of(tmp_path / "serial")


@pytest.mark.slow
def test_data_come_once_to_every_worker(study: Path, own: LoopbackCluster, tmp_path: Path) -> None:
    for _ in range(2):
        own.worker(*with_diary(tmp_path))
    status, _, err = finished(run(study, tmp_path / "out", "--cluster", own.address))
    assert (status, err) == (0, "")
    diaries = diaries_in(tmp_path)
    assert len(diaries) == 2
    data = set()
    for entries in diaries:
        assert len(tasks_that(entries, "memory")) > 2
        assert [word for word, _ in entries].count("unpickled") == 1
        (arrived,) = {e[1] for e in entries if e[0] == "memory"} - tasks_that(entries, "memory")
        assert entries.count(["memory", arrived]) == 1
        data.add(arrived)
    (key,) = data
    assert re.fullmatch(r"engram-[0-9a-f]{64}", key)


@pytest.mark.slow
@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)],
    ids=lambda n: n.name,
)
def test_signal_ends_it_at_once_and_it_goes_on_anywhere_with_the_same_bits(
    study: Path,
    serial: dict[str, Any],
    workers: LoopbackCluster,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    out, partial = tmp_path / "out", tmp_path / "out.partial"
    process = run(study, out, "--cluster", workers.address)
    wait_until(lambda: ended_runs(out) >= 1 and any(partial.glob("run-*.arrays")), process)
    process.send_signal(number)
    status, text, err = finished(process)
    assert status == 128 + number, text
    assert err.startswith("engram: ended by a signal. Give the same command again to go on, with")
    assert err.count("\n") == 1
    assert 1 <= ended_runs(out) < RUNS
    where = ("--jobs", 1) if number == signal.SIGINT else ("--cluster", workers.address)
    status, text, err = finished(run(study, out, *where, "--resume"))
    assert (status, err) == (0, "")
    assert re.search(rf"Going on with all runs: \d+ of {RUNS} have ended", text)
    assert report_of(out) == serial


@pytest.mark.slow
def test_work_waits_for_a_worker_and_says_how_to_start_one(
    study: Path, serial: dict[str, Any], own: LoopbackCluster, tmp_path: Path
) -> None:
    process = run(study, tmp_path / "out", "--cluster", own.address)
    assert process.stdout is not None
    said = process.stdout.readline() + process.stdout.readline()
    assert " ".join(said.split()) == (
        f"No worker is at {own.address}, and the runs wait for one: start it with "
        f"'dask worker {own.address} --nthreads 1'"
    )
    own.worker()
    status, text, err = finished(process)
    assert (status, err) == (0, "")
    assert f"1 worker at {own.address}." in text
    assert report_of(tmp_path / "out") == serial


@pytest.mark.slow
def test_shared_work_is_found_and_counted(
    study: Path, serial: dict[str, Any], workers: LoopbackCluster, tmp_path: Path
) -> None:
    for out in ("one", "two"):
        command = run(
            study, tmp_path / out, "--cluster", workers.address, "--cache", tmp_path / "cache"
        )
        status, text, err = finished(command)
        assert (status, err) == (0, "")
        assert report_of(tmp_path / out) == serial
        said = " ".join(text.split())
        assert re.search(r"found \d+ of \d+ banks?, ", said)
    assert re.search(r"(\d+) of \1 tasks", said)
