# SPDX-License-Identifier: MIT
"""`engram run --cluster`: the bits of a serial run, whatever happens to workers and scheduler."""

import json
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.work.cache.engine import engine
from verification.sim.dask_cluster import ROOT, LoopbackCluster, free_port, running_cluster
from verification.sim.small_comparison import write_comparison

Engram = Callable[..., tuple[int, str, str]]
Process = subprocess.Popen[str]

STUDY = """\
title: A study for a cluster
data: {name: digits, bits: 2, levels: 2}
tasks: {base: 4, increment: 2}
head: {hidden: 8, epochs: 4, batch: 64}
methods:
  - {replay: gbm, components: [1, 2], code_width: 3}
  - {replay: latent, exemplars: [2, 5]}
  - {replay: joint}
  - {replay: hamming, components: 2}
  - {replay: gbm, code_width: 3, increment: 3}
seeds: 2
"""
RUNS = 14
PATIENCE = 120.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackCluster]:
    """A scheduler and one worker, which stay; a test starts what else it needs."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        running.worker()
        yield running


@pytest.fixture
def workers(cluster: LoopbackCluster) -> Iterator[LoopbackCluster]:
    """The same cluster; workers that a test starts in addition end with it."""
    yield cluster
    cluster.end_workers(but=1)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[LoopbackCluster]:
    """A scheduler of a test's own, without workers."""
    with running_cluster(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "study.yaml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def serial(study: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("serial") / "out"
    assert finished(run(study, out, "--jobs", 1))[0] == 0
    return report_of(out)


def run(config: Path, out: Path, *more: object, before: str = "") -> Process:
    """Start the command in a session of its own; `before` is what its interpreter does first."""
    call = f"{before}\nfrom sim.cli import main; main()"
    command = [sys.executable, "-c", call, "run", config, "--out", out, *more]
    return subprocess.Popen(
        list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip


def finished(process: Process) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"no end of: {process.communicate()}")
    return process.returncode, out, err


def report_of(out: Path) -> dict[str, Any]:
    """Return all files of a report; of its results, all but times and the command."""
    results = json.loads((out / "results.json").read_text())
    for each in results["runs"]:
        del each["seconds"]
    del results["command"]
    pictures = {path.name: path.read_bytes() for path in out.glob("*.png")}
    assert pictures
    return {"results": json.dumps(results), **pictures}


def refusal(message: str) -> tuple[int, str]:
    """Return the exit status and the error output of a command that refuses its input."""
    return 2, f"engram: {message}\n"


def wait_until(met: Callable[[], bool], process: Process) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended_runs(out: Path) -> int:
    return len(list(out.with_name(f"{out.name}.partial").glob("run-*.json")))


DIARY = """\
# Writes a diary of what this worker begins and ends, and of what it unpickles.
import pickle
import types
from pathlib import Path

from distributed.diagnostics.plugin import WorkerPlugin

import sim.work.cluster.worker as work

FOLDER = Path("FOLDER OF THE TEST")


class Diary(WorkerPlugin):
    def setup(self, worker):
        self.path = FOLDER / f"{worker.port}.diary"

    def write(self, *words):
        with self.path.open("a") as file:
            print(*words, file=file)

    def transition(self, key, start, finish, **more):
        if finish in ("executing", "memory"):
            self.write(finish, key)

    def loads(self, data):
        self.write("unpickled", len(data))
        return pickle.loads(data)


async def dask_setup(worker):
    diary = Diary()
    await worker.plugin_add(plugin=diary)
    work.pickle = types.SimpleNamespace(loads=diary.loads)
"""


def with_diary(folder: Path) -> tuple[str, Path]:
    """Return the options of a worker that writes a diary into a folder."""
    path = folder / "diary.py"
    path.write_text(DIARY.replace("FOLDER OF THE TEST", str(folder)))
    return "--preload", path


def diaries_in(folder: Path) -> list[list[list[str]]]:
    """Return the entries of every worker's diary, each a list of words."""
    return [
        [line.split() for line in path.read_text().splitlines()] for path in folder.glob("*.diary")
    ]


def tasks_that(entries: list[list[str]], word: str) -> set[str]:
    return {e[1] for e in entries if e[0] == word and e[1].startswith("engram-task")}


def test_three_workers_of_which_one_is_killed_in_mid_run_give_the_bits_of_a_serial_run(
    study: Path, serial: dict[str, Any], own: LoopbackCluster, tmp_path: Path
) -> None:
    lost, *_ = [own.worker(*with_diary(tmp_path)) for _ in range(3)]
    out = tmp_path / "out"
    process = run(study, out, "--cluster", own.address)
    wait_until(lambda: ended_runs(out) >= 1 and len(diaries_in(tmp_path)) == 3, process)
    # A stopped worker still gets a task, and never ends it: what it holds when it dies is lost.
    lost.send_signal(signal.SIGSTOP)
    time.sleep(2)
    own.end(lost)
    status, text, err = finished(process)
    assert (status, err) == (0, "")
    assert report_of(out) == serial
    assert text.count(": done (all runs: ") == RUNS
    assert f": done (all runs: {RUNS}/{RUNS})" in text
    assert re.search(r"^GBM K = 1, q = 3, seed 0: task 1/4 done, train \d", text, re.M)
    assert not (tmp_path / "out.partial").exists()
    assert all(tasks_that(diary, "memory") for diary in diaries_in(tmp_path))


def test_worker_with_four_threads_gives_the_same_bits(
    study: Path, serial: dict[str, Any], workers: LoopbackCluster, tmp_path: Path
) -> None:
    many = {"OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4"}
    workers.worker(threads=4, environment=many)
    status, _, err = finished(run(study, tmp_path / "out", "--cluster", workers.address))
    assert (status, err) == (0, "")
    assert report_of(tmp_path / "out") == serial


def test_comparison_gives_the_same_choices_and_bits(
    workers: LoopbackCluster, tmp_path: Path
) -> None:
    workers.worker()
    config = write_comparison(tmp_path)
    for out, more in (("serial", ("--jobs", 1)), ("cluster", ("--cluster", workers.address))):
        status, _, err = finished(run(config, tmp_path / out, *more))
        assert (status, err) == (0, "")
    assert report_of(tmp_path / "cluster") == report_of(tmp_path / "serial")


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
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


FAULT = """\
import sim.study.experiment as experiment


def diverge(*arguments, **more):
    raise FloatingPointError("epoch 1")


experiment.train_head = diverge
"""


def test_run_that_fails_gives_the_message_of_a_serial_run_and_is_not_tried_again(
    study: Path, own: LoopbackCluster, tmp_path: Path
) -> None:
    preload = tmp_path / "fault.py"
    preload.write_text(FAULT)
    worker = own.worker("--preload", preload)
    expected = finished(run(study, tmp_path / "serial", "--jobs", 1, before=FAULT))
    assert (expected[0], expected[2]) == refusal(
        "Training of GBM K = 1, q = 3 diverged in task 1, epoch 1: lower head.learning_rate, which "
        "is 0.003"
    )
    status, _, err = finished(run(study, tmp_path / "out", "--cluster", own.address))
    assert (status, err) == (2, expected[2])
    assert own.log(worker).count("Compute Failed") == 1
    assert not (tmp_path / "out" / "results.json").exists()


def test_worker_with_other_code_is_named_with_both_digests(
    study: Path, workers: LoopbackCluster, tmp_path: Path
) -> None:
    for layer in ("golden", "sim"):
        shutil.copytree(ROOT / layer, tmp_path / layer)
    with (tmp_path / "sim" / "learn" / "head.py").open("a") as file:
        file.write("# Another version.\n")
    workers.worker(cwd=tmp_path)
    status, _, err = finished(run(study, tmp_path / "out", "--cluster", workers.address))
    here = engine()["code"][:12]
    said = re.fullmatch(
        r"engram: Worker tcp://127\.0\.0\.1:\d+ may give other bits than this command: code "
        rf"([0-9a-f]{{12}}) there, {here} here\. Install the same version on both, and start "
        r"that worker again\n",
        err,
    )
    assert said, err
    assert (status, said[1] != here) == (2, True)


def test_worker_with_other_sums_is_named_with_what_makes_them_alike(
    study: Path, workers: LoopbackCluster, tmp_path: Path
) -> None:
    old = {"x86_64": "Nehalem", "aarch64": "ARMV8"}.get(platform.machine())
    (here,) = engine()["blas"]
    if old is None or not here.startswith("openblas ") or here == f"openblas {old}":
        pytest.skip("needs an OpenBLAS that can compute for an older processor")
    workers.worker(environment={"OPENBLAS_CORETYPE": old})
    status, _, err = finished(run(study, tmp_path / "out", "--cluster", workers.address))
    assert status == 2
    assert re.fullmatch(
        r"engram: Worker tcp://127\.0\.0\.1:\d+ may give other bits than this command: algebra by "
        rf"openblas {old} there, {here} here\. Set OPENBLAS_CORETYPE and NPY_DISABLE_CPU_FEATURES "
        r"alike for this command and for every worker\n",
        err,
    ), err


def test_worker_without_engram_is_named_and_the_scheduler_needs_none(
    study: Path, serial: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "sim.py").write_text("")  # it hides the sim of the install
    with running_cluster(tmp_path, cwd=tmp_path) as own:
        worker = own.worker(cwd=tmp_path)
        status, _, err = finished(run(study, tmp_path / "out", "--cluster", own.address))
        assert (status, re.sub(r":\d+ lacks", " lacks", err)) == refusal(
            "Worker tcp://127.0.0.1 lacks sim.work: install the same version of engram where it "
            "runs, and start it again"
        )
        own.end(worker)
        own.worker()
        more = ("--cluster", own.address, "--resume")
        status, _, err = finished(run(study, tmp_path / "out", *more))
        assert (status, err) == (0, "")
    assert report_of(tmp_path / "out") == serial


def test_run_that_takes_its_workers_down_is_named(study: Path, tmp_path: Path) -> None:
    deadly = tmp_path / "deadly.py"
    deadly.write_text(
        "import os\n\nfrom sim.study.study import Study\n\n"
        "Study.run_one = lambda *arguments, **more: os._exit(9)\n"
    )
    once = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with running_cluster(tmp_path, environment=once) as own:
        own.worker("--preload", deadly)
        status, _, err = finished(run(study, tmp_path / "out", "--cluster", own.address))
    assert status == 2
    assert re.fullmatch(
        r"engram: Run of GBM K = 1, q = 3, seed 0, was lost with a worker, tcp://127\.0\.0\.1:\d+, "
        r"perhaps because its memory ran out: start workers with more memory, and go on with "
        r"--resume\n",
        err,
    ), err


def test_scheduler_that_goes_away_is_said_and_the_work_goes_on_later(
    study: Path, serial: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with running_cluster(tmp_path) as own:
        own.worker()
        process = run(study, out, "--cluster", own.address)
        wait_until(lambda: ended_runs(out) >= 1, process)
        own.end_all()
        status, _, err = finished(process)
    assert (status, err) == refusal(
        f"The scheduler at {own.address} has gone: start it again, and go on with --resume"
    )
    assert finished(run(study, out, "--jobs", 1, "--resume"))[0] == 0
    assert report_of(out) == serial


def test_absent_scheduler_is_said_before_any_work(study: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    address = f"tcp://127.0.0.1:{free_port()}"
    status, _, err = finished(run(study, tmp_path / "out", "--cluster", address))
    port = address.rpartition(":")[2]
    assert (status, err) == refusal(
        f"No Dask scheduler answers at {address} within 10 s: start one there with 'dask "
        f"scheduler --port {port}'"
    )
    assert list(tmp_path.iterdir()) == []


def test_server_that_is_no_scheduler_is_said(study: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        status, _, err = finished(run(study, tmp_path / "out", "--cluster", address))
    assert status == 2
    assert err.startswith(f"engram: No Dask scheduler answers at {address} within 10 s: start")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "address",
    ["localhost:8786", "http://host:8787", "tcp://host", "tcp://:8786", "tcp://host:0", "",
     "tcp://host:65536", "tcp://host:8786/status", "tcp://a b:8786", "tcp://[::1:8786"],
)  # fmt: skip
def test_bad_address_is_refused(engram: Engram, study: Path, tmp_path: Path, address: str) -> None:
    status, _, err = engram("run", study, "--out", tmp_path / "out", "--cluster", address)
    assert (status, err) == refusal(
        "--cluster must be the address of a Dask scheduler, such as tcp://HOST:8786, not "
        f"{address!r}"
    )
    assert list(tmp_path.iterdir()) == []


def test_jobs_and_cluster_exclude_each_other(engram: Engram, study: Path, tmp_path: Path) -> None:
    more = ("--jobs", 2, "--cluster", "tcp://127.0.0.1:8786")
    status, _, err = engram("run", study, "--out", tmp_path / "out", *more)
    assert (status, err) == refusal(
        "--jobs must be left out with --cluster: as many runs go on at a time as the "
        "workers of the cluster have threads"
    )
    assert list(tmp_path.iterdir()) == []


def test_missing_dask_is_said(
    engram: Engram, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.work.cluster.client.find_spec", lambda name: None)
    more = ("--cluster", "tcp://127.0.0.1:8786")
    status, _, err = engram("run", study, "--out", tmp_path / "out", *more)
    assert (status, err) == refusal(
        "--cluster needs Dask: pip install -e '.[cluster]' in the project's folder"
    )
