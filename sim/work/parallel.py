# SPDX-License-Identifier: MIT
"""Runs that share nothing, on several processes."""

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

from sim.work.ending import interrupts_held, leave_when_told
from sim.work.errors import UserError
from sim.work.progress import Progress

__all__ = ["Report", "Runs", "run_parallel", "worker_processes"]

#: Told the number of a run and its progress.
Report = Callable[[int, Progress], None]

POLL_SECONDS = 0.2
PATIENCE_SECONDS = 2.0  # that a worker has to end

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
    with worker_processes(min(jobs, len(pending)), _start_worker, (runs, events)) as pool:
        futures = [pool.submit(_work, i) for i in pending]
        for event in _events_until_done(events, futures):
            report(*event)
        return [future.result() for future in futures]


@contextmanager
def worker_processes(
    jobs: int, prepare: Callable[..., object] | None = None, arguments: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """Return a context with a pool of processes; on its end, what has not begun is not done.

    The processes end with this one, whatever ends it. An error or a signal does not wait for the
    runs under way: their last checkpoints are what is left of them.

    Parameters
    ----------
    jobs : int
        Processes at a time.
    prepare : callable, optional
        Called once in every process, before its first run.
    arguments : tuple
        Of `prepare`.

    Raises
    ------
    UserError
        If a process was ended from outside.
    """
    others = set(multiprocessing.active_children())
    with _Pool(jobs, _CONTEXT, initializer=_begin, initargs=(prepare, arguments)) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise UserError(
                "A worker process was ended from outside, for want of memory perhaps: "
                "go on with --resume, and fewer --jobs"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _end(set(multiprocessing.active_children()) - others)
            raise
        finally:
            pool.shutdown(cancel_futures=True)


class _Pool(ProcessPoolExecutor):
    """A pool that starts its processes, as runs are submitted, out of reach of the keyboard."""

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        with interrupts_held():
            return super().submit(*arguments, **options)


def _begin(prepare: Callable[..., object] | None, arguments: tuple[Any, ...]) -> None:
    leave_when_told()
    if prepare is not None:
        prepare(*arguments)


def _end(workers: Iterable[BaseProcess]) -> None:
    """End processes, those that do not hear by force."""
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
