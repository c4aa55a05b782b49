# SPDX-License-Identifier: MIT
"""The client of a cluster: its address, its connection, and the runs that it hands out."""

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from queue import SimpleQueue
from typing import TYPE_CHECKING, Self

from sim.work.cluster.dispatch import Dispatch
from sim.work.cluster.worker import TaskRuns
from sim.work.errors import UserError
from sim.work.parallel import Report

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Cluster"]

PATIENCE_SECONDS = 10.0  # until a scheduler that does not answer counts as absent
CLOSING_SECONDS = 1.0

_ADDRESS = re.compile(r"(tcp|tls)://([^\s:/@\[\]]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})")
_LARGEST_PORT = 65535
_LOGGERS = ("distributed", "distributed.client", "distributed.core", "tornado")


class Cluster:
    """Context with a connection to a Dask scheduler, whose workers do the runs of studies.

    Parameters
    ----------
    address : str
        Address of the scheduler, such as ``tcp://HOST:8786``.

    Raises
    ------
    UserError
        If the address is not one; by the context, if Dask is not installed or no scheduler answers.
    """

    def __init__(self, address: str) -> None:
        match = _ADDRESS.fullmatch(address)
        if not match or not 0 < int(match[3]) <= _LARGEST_PORT:
            raise UserError(
                "--cluster must be the address of a Dask scheduler, such as tcp://HOST:8786, "
                f"not {address!r}"
            )
        self.address = address
        self._client: Client | None = None

    def __enter__(self) -> Self:
        if find_spec("distributed") is None:
            raise UserError(
                "--cluster needs Dask: pip install -e '.[cluster]' in the project's folder"
            )
        self._client = _connected(self.address)
        if self._client is None:
            raise UserError(
                f"No Dask scheduler answers at {self.address} within {PATIENCE_SECONDS:g} s: start "
                f"one there with 'dask scheduler --port {self.address.rpartition(':')[2]}'"
            )
        return self

    def __exit__(self, *error: object) -> None:
        if self._client is not None:
            with suppress(Exception):  # the scheduler may be gone; the work is on the disk
                self._client.close(timeout=CLOSING_SECONDS)

    def do(
        self, runs: TaskRuns, pending: Sequence[int], report: Report, tell: Callable[[str], None]
    ) -> list[Counter[tuple[str, str]]]:
        """Do some of the runs on the workers, and leave their files in the folder of the runs.

        Parameters
        ----------
        runs : TaskRuns
        pending : sequence of int
            Numbers of the runs to do.
        report : callable
            Called in this process with the number of a run and its progress.
        tell : callable
            Called with a line for the user: that the cluster has no worker, or has some again.

        Returns
        -------
        list of Counter
            Counts of the runs in the cache.

        Raises
        ------
        UserError
            If the scheduler goes away, if workers die of a run again and again, or if a worker may
            give other bits. An exception of a run is raised here, too.
        """
        assert self._client is not None, "a cluster is a context"
        return Dispatch(self._client, runs, report, tell, self.address).do(pending)


def _connected(address: str) -> "Client | None":
    """Return a client of the scheduler at that address; None if none answers in time.

    A thread waits, because Dask waits without end for a server that says nothing.
    """
    from distributed import Client

    for name in _LOGGERS:  # what Dask would log here, a message says
        logging.getLogger(name).setLevel(logging.CRITICAL)
    clients: SimpleQueue[Client] = SimpleQueue()

    def connect() -> None:
        with suppress(OSError, TimeoutError, ValueError):
            clients.put(
                Client(address, timeout=PATIENCE_SECONDS, set_as_default=False, name="engram")
            )

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return None if clients.empty() else clients.get()
