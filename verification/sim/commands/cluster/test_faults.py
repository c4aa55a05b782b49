# SPDX-License-Identifier: MIT
"""`engram run --cluster` when something is wrong: one message, and the work that is done stays."""

import platform
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.work.cache.engine import engine
from verification.sim.commands.cluster.command import (
    ended_runs,
    finished,
    refusal,
    report_of,
    run,
    wait_until,
)
from verification.sim.dask_cluster import ROOT, LoopbackCluster, free_port, running_cluster

Engram = Callable[..., tuple[int, str, str]]


FAULT = """\
from sim.learn.binary_learner import BinaryHeadLearner


def diverge(*arguments, **more):
    raise FloatingPointError("epoch 1: lower head.learning_rate, which is 0.003")


BinaryHeadLearner.train = diverge
"""


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
