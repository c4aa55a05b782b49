# SPDX-License-Identifier: MIT
"""A Dask cluster of a test's own on loopback: a scheduler and workers, each a process."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

__all__ = ["ROOT", "LoopbackCluster", "free_port", "running_cluster"]

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
_QUIET = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LoopbackCluster:
    """A scheduler, and the workers that a test starts at it; the end of the context kills all.

    Parameters
    ----------
    folder : Path
        Folder of the logs and of the scratch space of the workers.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._processes: list[subprocess.Popen[bytes]] = []

    def scheduler(self, **start: Any) -> subprocess.Popen[bytes]:
        """Start the scheduler and wait until it listens; `start` as in `_started`."""
        arguments = ("--host", "127.0.0.1", "--port", self.port, *_QUIET)
        process = self._started("dask_scheduler", *arguments, **start)
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            assert process.poll() is None, self.log(process)
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process

    def worker(self, *more: object, threads: int = 1, **start: Any) -> subprocess.Popen[bytes]:
        """Start a worker and wait until the scheduler knows it; `start` as in `_started`."""
        scratch = self.folder / "scratch"
        process = self._started(
            "dask_worker", self.address, "--nthreads", threads, "--no-nanny", *_QUIET,
            "--local-directory", scratch, *more, **start,
        )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while "Registered to:" not in self.log(process):
            assert process.poll() is None, self.log(process)
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process

    def log(self, process: subprocess.Popen[bytes]) -> str:
        """Return what a process of the cluster has said."""
        return (self.folder / f"{self._processes.index(process)}.log").read_text()

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a process of the cluster, even one that is stopped."""
        process.send_signal(signal.SIGKILL)
        process.wait()

    def port_of(self, worker: subprocess.Popen[bytes]) -> str:
        """Return the port on which a worker listens."""
        return self.log(worker).partition("Start worker at:")[2].split()[0].rpartition(":")[2]

    def end_workers(self, but: int = 0) -> None:
        """Kill all but the scheduler, which was started first, and the first few workers."""
        for process in self._processes[1 + but :]:
            if process.poll() is None:
                self.end(process)

    def end_all(self) -> None:
        """Kill all that still runs."""
        self.end_workers()
        for process in self._processes[:1]:
            self.end(process)

    def _started(
        self,
        module: str,
        *arguments: object,
        environment: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> subprocess.Popen[bytes]:
        """Start a program of Dask in `cwd`, whose packages come before those of the install."""
        command = [sys.executable, "-m", f"distributed.cli.{module}", *map(str, arguments)]
        path = os.pathsep.join([str(cwd), os.environ.get("PYTHONPATH", "")])
        with (self.folder / f"{len(self._processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=cwd, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": path, **(environment or {})},
            )  # fmt: skip
        self._processes.append(process)
        return process

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def running_cluster(folder: Path, **start: Any) -> Iterator[LoopbackCluster]:
    """Run a scheduler without workers. The test skips where Dask is not installed."""
    if find_spec("distributed") is None:
        pytest.skip("Dask is absent: pip install -e '.[cluster]'")
    cluster = LoopbackCluster(folder)
    try:
        cluster.scheduler(**start)
        yield cluster
    finally:
        cluster.end_all()
