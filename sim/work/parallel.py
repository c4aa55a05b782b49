# SPDX-License-Identifier: MIT
"""Runs that share nothing, on several processes."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from queue import Empty
from typing import Any, Protocol

from threadpoolctl import threadpool_limits

from sim.work.errors import UserError
from sim.work.progress import Progress

__all__ = ["Report", "Runs", "run_parallel", "worker_processes"]

#: Told the number of a run and its progress.
Report = Callable[[int, Progress], None]

POLL_SECONDS = 0.2

# Spawned processes start from a clean interpreter, the same on every platform.
_CONTEXT = multiprocessing.get_context("spawn")


class Runs(Protocol):
    """Numbered runs, which can be sent to another process; each leaves its result in a file."""

    def run_one(self, index: int, report: Report) -> Any:
        """Do one run, telling `report` after every epoch; return what there is to say of it."""
        ...


def run_parallel(runs: Runs, pending: Sequence[int], jobs: int, report: Report) -> list[Any]:
    """Do some of the runs, each in one of several processes; NumPy has one thread in each.

    Parameters
    ----------
    runs : Runs
    pending : sequence of int
        Those to do.
    jobs : int
        Processes at a time.
    report : callable
        Told the number of a run and its progress, in this process.

    Returns
    -------
    list
        What `run_one` returned of each, in their order.

    Raises
    ------
    UserError
        If a process was ended from outside; what a run raises is raised here.
    """
    events = _CONTEXT.Queue()
    with worker_processes(
        min(jobs, len(pending)), initializer=_start_worker, initargs=(runs, events)
    ) as pool:
        futures = [pool.submit(_work, i) for i in pending]
        for event in _events_until_done(events, futures):
            report(*event)
        return [future.result() for future in futures]


@contextmanager
def worker_processes(jobs: int, **options: Any) -> Iterator[ProcessPoolExecutor]:
    """Return a context with a pool of processes; on its end, what has not begun is not done.

    Parameters
    ----------
    jobs : int
        Processes at a time.
    **options
        Of `concurrent.futures.ProcessPoolExecutor`.

    Raises
    ------
    UserError
        If a process was ended from outside.
    """
    with ProcessPoolExecutor(jobs, _CONTEXT, **options) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise UserError(
                "A worker process was ended from outside, for want of memory perhaps: "
                "go on with --resume, and fewer --jobs"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _events_until_done(
    events: "multiprocessing.Queue[tuple[int, Progress]]", futures: list[Future[Any]]
) -> Iterator[tuple[int, Progress]]:
    """Yield what the workers report until all have ended or one has failed."""
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
