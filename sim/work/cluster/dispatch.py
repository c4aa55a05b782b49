# SPDX-License-Identifier: MIT
"""Runs shared out among the workers of a cluster, task by task, and what comes back of them."""

import hashlib
import pickle
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pkgutil import resolve_name
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

from sim.work.cache.engine import engine
from sim.work.cluster.worker import TOPIC, Done, Order, TaskRuns
from sim.work.errors import UserError
from sim.work.files import read_bytes
from sim.work.parallel import Report
from sim.work.progress import Progress

__all__ = ["Dispatch"]

_LOOK_SECONDS = 1.0  # from one look at the workers to the next
# Dask warns of large data in a task. Here they are meant: they go to each worker once.
_LARGE = {"distributed.admin.large-graph-warning-threshold": "1 TiB"}


@dataclass(frozen=True)
class _Outcome:
    """What came of the task of that key: what it returned, or its error."""

    key: str
    done: Done | str | None = None
    error: Exception | None = None


# Text names the function, not a pickle: a worker without engram then says so, in place of a broken
# connection, and the scheduler needs no engram at all.
_CALL = "__import__('pkgutil').resolve_name('sim.work.cluster.worker:do_task')(order, data)"


class Dispatch:
    """Some runs of a study on the workers of a scheduler.

    As many runs are under way as the workers have threads. Every task of a run is a task of Dask:
    it gets the checkpoint and returns the next one, which is written here at once. So a lost worker
    costs one task, which Dask does again on another, and a command that ends loses no more.

    A worker finds the data by their hash. If it has none, it says so, and gets the task again with
    the data. They are a task of Dask themselves: the scheduler gets them once and keeps them, and
    workers get them from each other.

    Parameters
    ----------
    client : distributed.Client
    runs : TaskRuns
    report : callable
        Called with the number of a run and its progress.
    tell : callable
        Called with a line for the user.
    address : str
        Address of the scheduler, for messages.
    """

    def __init__(
        self,
        client: Any,  # Dask declares its types too loosely to check against
        runs: TaskRuns,
        report: Report,
        tell: Callable[[str], None],
        address: str,
    ) -> None:
        self._client = client
        self._runs = runs
        self._report = report
        self._tell = tell
        self._address = address
        self._under_way: dict[str, tuple[int, Any]] = {}
        self._messages: SimpleQueue[Mapping[str, Any] | _Outcome] = SimpleQueue()
        self._threads = 0
        self._looked = -_LOOK_SECONDS
        self._said = False
        self._digest = ""
        self._data: Any = None
        self._counts: list[Counter[tuple[str, str]]] = []

    def do(self, pending: Sequence[int]) -> list[Counter[tuple[str, str]]]:
        """Do some of the runs; return the counts of each task in the cache.

        Raises
        ------
        UserError
            If the scheduler goes away, if workers die of a run again and again, or if a worker may
            give other bits. An exception of a run is raised here, too.
        """
        from dask import config

        waiting = deque(pending)
        content = pickle.dumps(self._runs)
        self._digest = hashlib.sha256(content).hexdigest()
        self._client.subscribe_topic(TOPIC, lambda event: self._messages.put(event[1]))
        with config.set(_LARGE):
            self._data = self._client.submit(bytes, content, key=f"engram-{self._digest}")
            try:
                while waiting or self._under_way:
                    self._look()
                    while waiting and len(self._under_way) < max(1, self._threads):
                        self._start(waiting.popleft())
                    self._receive()
            finally:
                self._stop()
        return self._counts

    def _look(self) -> None:
        """Count the threads of the workers now and then, and say when there are none."""
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        try:
            threads = self._client.nthreads()
        except (OSError, RuntimeError, TimeoutError, ValueError) as error:
            raise self._lost() from error
        self._looked, self._threads = time.monotonic(), sum(threads.values())
        if not threads and not self._said:
            self._said = True
            self._tell(
                f"No worker is at {self._address}, and the runs wait for one: start it with "
                f"'dask worker {self._address} --nthreads 1'"
            )
        elif threads and self._said:
            self._said = False
            self._tell(f"{len(threads)} worker{'s' * (len(threads) > 1)} at {self._address}.")

    def _start(self, index: int, lacking: str | None = None) -> None:
        """Hand out the next task of a run; to a worker that lacks the data, together with them."""
        key, checkpoint = f"engram-task-{uuid4().hex}", self._runs.folder.checkpoint(index)
        order: Order = {
            "engine": engine(),
            "key": key,
            "data": self._digest,
            "index": index,
            "checkpoint": read_bytes(checkpoint) if checkpoint.exists() else None,
        }
        data = None if lacking is None else self._data
        place = {"workers": [lacking], "allow_other_workers": True} if lacking else {}
        names = {"order": order, "data": data}
        future = self._client.submit(eval, _CALL, names, key=key, **place)
        self._under_way[key] = (index, future)
        self._client.loop.add_callback(self._fetch, key, future)

    async def _fetch(self, key: str, future: Any) -> None:
        """Await a task and fetch what it returns; a worker that hangs then holds up no other."""
        try:
            done = await self._client.gather(future, asynchronous=True)
        except Exception as error:
            self._messages.put(_Outcome(key, error=error))
        else:
            self._messages.put(_Outcome(key, done))

    def _receive(self) -> None:
        """Take one message, if one comes soon: progress, or a task that has ended."""
        try:
            message = self._messages.get(timeout=_LOOK_SECONDS)
        except Empty:
            return
        if not isinstance(message, _Outcome):
            if message["key"] in self._under_way:  # else it is late, or another client's
                self._report(self._under_way[message["key"]][0], Progress(*message["progress"]))
            return
        index, _ = self._under_way.pop(message.key)
        if message.done is None:
            raise self._fault(index, message.error)
        if isinstance(message.done, str):
            self._start(index, lacking=message.done)
            return
        self._runs.folder.take(index, message.done["files"])
        self._counts.append(message.done["counts"])
        for progress in message.done["reports"]:
            self._report(index, progress)
        if not self._runs.folder.has_result(index):
            self._start(index)

    def _fault(self, index: int, error: Exception | None) -> Exception:
        """Return the message on what went wrong with a run, or the error of the run itself."""
        from distributed import KilledWorker

        match error:
            case KilledWorker():
                fault = UserError(self._deadly(index, error))
            case ModuleNotFoundError():
                fault = UserError(
                    f"{self._lacking(error)}: install the same version of engram where it runs, "
                    "and start it again"
                )
            case CancelledError():
                fault = self._lost()
            case _:
                return error or AssertionError("a task gave nothing")
        fault.__cause__ = error
        return fault

    def _lacking(self, error: ModuleNotFoundError) -> str:
        """Return which workers have no engram, or one that knows no clusters."""
        found = self._client.run(resolve_name, "sim.work.cluster.worker:TOPIC", on_error="return")
        without = [address for address, name in found.items() if name != TOPIC]
        return f"Worker {', '.join(without) or f'at {self._address}'} lacks {error.name}"

    def _deadly(self, index: int, error: Any) -> str:
        """Return the message on a run whose workers died, one after another."""
        method, seed = self._runs.runs[index]
        times, last = error.allowed_failures + 1, error.last_worker.address
        several = f"{times} workers one after another, the last of them {last}, perhaps because "
        lost = f"{several}their" if times > 1 else f"a worker, {last}, perhaps because its"
        return (
            f"Run of {method.label}, seed {seed}, was lost with {lost} memory ran out: start "
            "workers with more memory, and go on with --resume"
        )

    def _lost(self) -> UserError:
        return UserError(
            f"The scheduler at {self._address} has gone: start it again, and go on with --resume"
        )

    def _stop(self) -> None:
        """Cancel what is under way; a worker ends the task that it has begun."""
        futures = [future for _, future in self._under_way.values()]
        self._under_way.clear()
        if futures and self._client.status == "running":
            self._client.cancel(futures)
