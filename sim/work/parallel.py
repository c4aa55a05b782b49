# SPDX-License-Identifier: MIT
"""Independent runs on several processes."""

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from queue import Empty
from typing import Any, Protocol

from threadpoolctl import threadpool_limits

from sim.work.ending import leave_when_told, signals_held
from sim.work.errors import UserError
from sim.work.plugins import Carrier
from sim.work.progress import Progress

__all__ = ["Report", "Runs", "run_parallel", "worker_processes"]

#: Callback that receives the number of a run and its progress.
Report = Callable[[int, Progress], None]

POLL_SECONDS = 0.2
PATIENCE_SECONDS = 2.0  # time that a worker has to end

# Spawned processes start from a clean interpreter, the same on every platform.
_CONTEXT = multiprocessing.get_context("spawn")


class Runs(Protocol):
    """Numbered runs that can be sent to another process; each writes its result to a file."""

    def run_one(self, index: int, report: Report) -> Any:
        """Do one run, call `report` after every epoch, and return what the caller needs of it."""
        ...


def run_parallel(runs: Runs, pending: Sequence[int], jobs: int, report: Report) -> list[Any]:
    """Do some of the runs, each in one of several processes; NumPy has one thread in each.

    Parameters
    ----------
    runs : Runs
    pending : sequence of int
        Numbers of the runs to do.
    jobs : int
        Processes at a time.
    report : callable
        Called in this process with the number of a run and its progress.

    Returns
    -------
    list
        Return value of `run_one` for each run, in the order of `pending`.

    Raises
    ------
    UserError
        If a process was ended from outside. An exception of a run is raised here, too.
    """
    events = _CONTEXT.Queue()
    with worker_processes(min(jobs, len(pending)), _start_worker, (runs, events)) as pool:
        futures = [pool.submit(_work, i) for i in pending]
        for event in _events_until_done(events, futures):
            report(*event)
        return [future.result() for future in futures]


@contextmanager
def worker_processes(
    jobs: int, prepare: Callable[..., object] | None = None, arguments: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """Return a context with a pool of processes; its end cancels the runs that have not begun.

    The processes end with this one, whatever ends it. After an error or a signal the context does
    not wait for the runs under way; only their last checkpoints remain.

    Parameters
    ----------
    jobs : int
        Processes at a time.
    prepare : callable, optional
        Called once in every process, before its first run.
    arguments : tuple
        Arguments of `prepare`.

    Raises
    ------
    UserError
        If a process was ended from outside.
    """
    others = set(multiprocessing.active_children())
    with _Pool(
        jobs, _CONTEXT, initializer=_begin, initargs=(Carrier(), prepare, arguments)
    ) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise UserError(
                "A worker process was ended from outside, perhaps because memory ran out: "
                "go on with --resume, and fewer --jobs"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _end(set(multiprocessing.active_children()) - others)
            raise
        finally:
            pool.shutdown(cancel_futures=True)


class _Pool(ProcessPoolExecutor):
    """A pool that starts its processes when runs are submitted, out of reach of signals."""

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        with signals_held():
            return super().submit(*arguments, **options)


def _begin(
    _: Carrier | None, prepare: Callable[..., object] | None, arguments: tuple[Any, ...]
) -> None:
    leave_when_told()
    if prepare is not None:
        prepare(*arguments)


def _end(workers: Iterable[BaseProcess]) -> None:
    """End processes; kill those that do not react in time."""
    for worker in workers:
        worker.terminate()
    deadline = time.monotonic() + PATIENCE_SECONDS
    for worker in workers:
        worker.join(max(0.0, deadline - time.monotonic()))
        if worker.exitcode is None:
            worker.kill()
            worker.join()


def _events_until_done(
    events: "multiprocessing.Queue[tuple[int, Progress]]", futures: list[Future[Any]]
) -> Iterator[tuple[int, Progress]]:
    """Yield the reports of the workers until all have ended or one has failed."""
    while not all(f.done() for f in futures):
        try:
            yield events.get(timeout=POLL_SECONDS)
        except Empty:
            if any(f.done() and f.exception() for f in futures):
                return


_worker_runs: Runs
_worker_events: "multiprocessing.Queue[tuple[int, Progress]]"


def _start_worker(runs: Runs, events: "multiprocessing.Queue[tuple[int, Progress]]") -> None:
    global _worker_runs, _worker_events
    _worker_runs, _worker_events = runs, events
    threadpool_limits(1)


def _work(index: int) -> Any:
    return _worker_runs.run_one(index, lambda i, progress: _worker_events.put((i, progress)))
