# SPDX-License-Identifier: MIT
"""The worker processes of one command: it starts, watches, replaces and ends them."""

import multiprocessing
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

from optuna.exceptions import StorageInternalError

from sim.explore.search.problem import Problem
from sim.explore.search.pulse import Pulse
from sim.explore.search.study import SharedStudy
from sim.explore.search.trials import TrialRecord
from sim.explore.search.worker import Worker
from sim.explore.storage.storage import Storage
from sim.work.ending import leave_when_told, signals_held
from sim.work.errors import UserError
from sim.work.plugins import Carrier

__all__ = ["Workers", "run_worker"]

#: Receives the records of all trials, again and again.
Show = Callable[[Sequence[TrialRecord]], None]

# Seconds between two looks at the storage, and seconds in which a worker must end.
_POLL, _PATIENCE = 0.5, 10.0


class Workers:
    """Processes that work on a study, together with others here and elsewhere; a context.

    Parameters
    ----------
    problem : Problem
        A copy is sent to every process.
    storage : Storage
    trials : int
        Total number of trials of the study.
    jobs : int
        Largest number of processes; there are never more than trials that are left.
    pulse : Pulse

    Raises
    ------
    UserError
        If the storage cannot be used. It is then unchanged.
    """

    def __init__(
        self, problem: Problem, storage: Storage, trials: int, jobs: int, pulse: Pulse
    ) -> None:
        self.study = SharedStudy(problem, storage, trials, pulse.grace)
        self._storage = storage
        self._arguments = (problem, storage, trials, pulse)
        self._jobs = jobs
        self._processes: dict[str, BaseProcess] = {}

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *error: object) -> None:
        self.study.__exit__(*error)

    def run(self, show: Show) -> list[TrialRecord]:
        """Work until all wanted trials are over and return the records of all.

        Raises
        ------
        UserError
            If the storage fails, or a process ends before it has claimed a trial.
        """
        try:
            while not self.study.ended:
                self._start_missing()
                show(self.study.records())
                wait([p.sentinel for p in self._processes.values()], timeout=_POLL)
                self._see_to_the_dead()
            records = self.study.records()
            show(records)
            return records
        except (StorageInternalError, OSError) as error:
            raise UserError(f"{self._storage} fails: {_first_line(error)}") from error
        finally:
            self._end_all()

    def _start_missing(self) -> None:
        # Spawned processes start from a clean interpreter, the same on every platform.
        context = multiprocessing.get_context("spawn")
        left = self.study.left
        while len(self._processes) < min(self._jobs, left):
            token = uuid.uuid4().hex[:12]
            process = context.Process(
                target=_run, args=(Carrier(), *self._arguments, token), daemon=True
            )
            with signals_held():
                process.start()
                self._processes[_name(process.pid, token)] = process

    def _see_to_the_dead(self) -> None:
        for name, process in list(self._processes.items()):
            if process.exitcode is not None:
                del self._processes[name]
                self._bury(name, process.exitcode)

    def _bury(self, name: str, status: int) -> None:
        """Give back the trial of a dead worker; fail if it had none, as the next would die, too."""
        if status == 0:
            return
        if status > 0:
            raise UserError(f"Worker {name} ended with status {status}; its message says why")
        if not self.study.bury(name):
            raise UserError(
                "A worker process was ended from outside before it had a trial, perhaps because "
                "memory ran out: go on with fewer --jobs"
            )

    def _end_all(self) -> None:
        """End the processes, which give back their trials; kill those that do not respond."""
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + _PATIENCE
        for name, process in self._processes.items():
            process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                process.kill()
                process.join()
                with suppress(StorageInternalError, OSError, UserError):
                    self.study.bury(name, blame=False)
        self._processes.clear()


def run_worker(problem: Problem, storage: Storage, trials: int, pulse: Pulse, token: str) -> None:
    """Work as one process until all trials are over, a signal ends it, or its parent is gone.

    Parameters
    ----------
    problem, storage, trials, pulse
        As in `Workers`.
    token : str
        Distinguishes this process from others with the same process number, earlier or on another
        machine.
    """
    worker: Worker | None = None

    def leave() -> None:
        if worker is not None:
            worker.leave()

    leave_when_told(leave)
    name = _name(os.getpid(), token)
    try:
        with SharedStudy(problem, storage, trials, pulse.grace) as study:
            worker = Worker(problem, study, pulse, name)
            worker.run()
    except (StorageInternalError, OSError, UserError) as error:
        sys.stderr.write(f"engram: {storage} fails: {_first_line(error)}\n")
        sys.exit(2)


def _run(_: Carrier | None, *arguments: Any) -> None:
    """Work as a new process, in which the arrival of the first argument has loaded all plugins."""
    run_worker(*arguments)


def _name(pid: int | None, token: str) -> str:
    return f"{socket.gethostname()}:{pid}:{token}"


def _first_line(error: Exception) -> str:
    """Return the first line of an error's reason. Errors of Optuna have it in their cause."""
    return str(error.__cause__ or error).partition("\n")[0]
