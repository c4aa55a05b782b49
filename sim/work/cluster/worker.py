# SPDX-License-Identifier: MIT
"""What a worker of a cluster does: one task of one run, from checkpoint to checkpoint."""

import pickle
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Protocol, Self, TypedDict

from threadpoolctl import threadpool_limits

from sim.work.cache.engine import engine
from sim.work.cluster.alike import differences
from sim.work.errors import UserError
from sim.work.parallel import Report
from sim.work.progress import Progress
from sim.work.study_folder import StudyFolder

__all__ = ["TOPIC", "Done", "Order", "TaskRuns", "do_task"]

#: Name under which workers send progress to clients.
TOPIC = "engram-progress"

# Seconds between two reports of a worker, so that many workers do not swamp the scheduler.
_INTERVAL = 0.5


class TaskRuns(Protocol):
    """Numbered runs that go on task by task, anywhere, each from its files in a folder."""

    @property
    def folder(self) -> StudyFolder:
        """Folder of the checkpoints and the results."""
        ...

    @property
    def runs(self) -> Any:
        """Method and seed of every run; a method has a label."""
        ...

    def elsewhere(self, path: Path) -> Self:
        """Return the same runs with another folder, and with counts of their own in the cache."""
        ...

    def run_one(
        self, index: int, report: Report, tasks: int | None = None
    ) -> Counter[tuple[str, str]]:
        """Do some tasks of a run, and write its checkpoint, or its result after the last.

        Parameters
        ----------
        index : int
            Number of the run.
        report : callable
            Called after every epoch with that number and the progress.
        tasks : int, optional
            Number of tasks to do, at most.
        """
        ...


class Order(TypedDict):
    """What a worker is asked for. A plain dictionary: other versions can read it, and refuse it."""

    engine: Mapping[str, Any]
    key: str
    data: str
    index: int
    checkpoint: bytes | None


class Done(TypedDict):
    """What comes back: the files of the run, its last reports, and its counts in the cache."""

    files: dict[str, bytes]
    reports: list[Progress]
    counts: Counter[tuple[str, str]]


def do_task(order: Order, data: bytes | None = None) -> Done | str:
    """Do the next task of a run, in a worker of Dask.

    Parameters
    ----------
    order : Order
        The engine of the client, the key of this call, the SHA-256 of the data, the number of the
        run and its checkpoint.
    data : bytes, optional
        Pickled `TaskRuns`. A worker that has had them once needs them no more.

    Returns
    -------
    Done or str
        What comes back; the address of this worker if it has no data of that SHA-256.

    Raises
    ------
    UserError
        If the code, the libraries or the processor are not those of the client, so that the bits
        may differ; if the run fails by a fault of the user, as in a process of the client.
    """
    from distributed import get_worker

    worker = get_worker()
    other = differences(engine(), order["engine"])
    if other is not None:
        raise UserError(f"Worker {worker.address} may give other bits than this command: {other}")
    runs = _held(order["data"], data)
    if runs is None:
        return worker.address
    _limit_threads()
    index, own = order["index"], _of_this_thread(runs, worker.local_directory)
    reporter = _Reporter(worker, order["key"])
    try:
        if order["checkpoint"] is not None:
            own.folder.checkpoint(index).write_bytes(order["checkpoint"])
        counts = own.run_one(index, reporter.report, tasks=1)
        files = {path.name: path.read_bytes() for path in own.folder.path.iterdir()}
    except (OSError, UserError) as error:
        if str(own.folder.path) not in str(error):
            raise
        raise UserError(f"Worker {worker.address}: {error}") from error
    finally:
        for path in own.folder.path.iterdir():
            path.unlink(missing_ok=True)
    return {"files": files, "reports": reporter.last, "counts": counts}


class _Reporter:
    """Sends progress to the client now and then; keeps the last one of each kind.

    Parameters
    ----------
    worker : distributed.Worker
    key : str
        Key of the call, by which the client knows the run.
    """

    def __init__(self, worker: Any, key: str) -> None:
        self._worker = worker
        self._key = key
        self._told = 0.0
        self._by_task: dict[int, Progress] = {}

    @property
    def last(self) -> list[Progress]:
        """The last report of the task, and that of the end of the run."""
        return list(self._by_task.values())

    def report(self, _: int, progress: Progress) -> None:
        self._by_task[progress.task] = progress
        now = time.monotonic()
        if now - self._told >= _INTERVAL and progress.task < progress.n_tasks:
            self._told = now
            message = {"key": self._key, "progress": astuple(progress)}
            self._worker.log_event(TOPIC, message)


_KEPT = 2  # data that a worker keeps: the stages of a comparison, or the studies of two clients
_lock = threading.Lock()
_data: dict[str, TaskRuns] = {}
_own = threading.local()


def _held(digest: str, data: bytes | None) -> TaskRuns | None:
    """Return the runs of that digest, from `data` if this process has none; None if both lack."""
    with _lock:
        runs = _data.pop(digest, None)
        if runs is None and data is not None:
            runs = pickle.loads(data)
        if runs is not None:
            _data[digest] = runs  # the last one is the one that was used last
            for old in list(_data)[:-_KEPT]:
                del _data[old]
        return runs


def _of_this_thread(runs: TaskRuns, scratch: str) -> TaskRuns:
    """Return the runs with a folder and a cache that no other thread uses.

    The folder lies in the scratch space of the worker, which Dask removes, even after a kill.
    """
    if getattr(_own, "origin", None) is not runs:
        _own.runs = runs.elsewhere(Path(mkdtemp(prefix="engram-", dir=scratch)))
        _own.origin = runs
    return _own.runs


@cache
def _limit_threads() -> None:
    """Give NumPy one thread, for good: a run that ends must not set it back while others run."""
    threadpool_limits(1)
