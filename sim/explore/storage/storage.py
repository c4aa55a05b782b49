# SPDX-License-Identifier: MIT
"""Where trials are kept: a SQLite file, a journal file or PostgreSQL, checked before it is touched.

Three kinds, for three places: SQLite on the disk of one machine; a journal, to which all lines are
appended under a lock that network file systems keep too; a PostgreSQL server for anything larger.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from sim.explore.storage.file import (
    check_folder,
    check_journal,
    check_sqlite,
    connect_sqlite,
    mend_journal,
)
from sim.explore.storage.server import check_server, server_lock
from sim.work.errors import UserError
from sim.work.lock import locked

__all__ = ["FORMS", "Storage", "masked"]

#: How a storage is written.
FORMS = "sqlite:///FILE, journal:///FILE or postgresql://USER@HOST/DATABASE"

_FILE = re.compile(r"(sqlite|journal):///(?P<path>[^?{}]+)")
_SERVER = re.compile(r"postgres(ql)?://[^{}]+")
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/]*@")


def masked(text: str) -> str:
    """Return a text that holds an address, without the password in it."""
    return _PASSWORD.sub(r"\1:***@", text)


class Storage(ABC):
    """A place for studies that many processes use at once."""

    @staticmethod
    def at(url: str) -> "Storage":
        """Return the storage of an address.

        Paths are relative to the working directory; four slashes begin an absolute one.

        Raises
        ------
        UserError
            If it is none of `FORMS`.
        """
        if match := _FILE.fullmatch(url):
            kind = SqliteStorage if match[1] == "sqlite" else JournalFileStorage
            return kind(Path(match["path"]))
        if _SERVER.fullmatch(url):
            return ServerStorage(url)
        raise UserError(f"--storage must be {FORMS}, not {masked(url)!r}")

    @abstractmethod
    def check(self) -> None:
        """Make sure, without a change to it, that the storage can be used; under `exclusively`.

        Raises
        ------
        UserError
            If it cannot be reached, read or written, is damaged, of another version of Optuna, or
            something else altogether.
        """

    @abstractmethod
    def opened(self) -> AbstractContextManager[BaseStorage]:
        """Return a context with the storage, made if it is not there; entered in `exclusively`."""

    @abstractmethod
    def exclusively(self) -> AbstractContextManager[None]:
        """Return a context in which no other process, wherever it runs, is in this one.

        Raises
        ------
        UserError
            If the storage cannot be reached.
        """


@dataclass(frozen=True)
class SqliteStorage(Storage):
    """A SQLite file on a disk of this machine."""

    path: Path

    def __str__(self) -> str:
        return f"sqlite:///{self.path}"

    def check(self) -> None:
        check_sqlite(self.path)

    def opened(self) -> AbstractContextManager[BaseStorage]:
        return _tables(f"sqlite:///{self.path}", creator=partial(connect_sqlite, self.path))

    def exclusively(self) -> AbstractContextManager[None]:
        check_folder(self.path)
        return locked(self.path.with_name(f"{self.path.name}.lock"))


@dataclass(frozen=True)
class JournalFileStorage(Storage):
    """A journal, on whatever file system the processes share."""

    path: Path

    def __str__(self) -> str:
        return f"journal:///{self.path}"

    def check(self) -> None:
        check_journal(self.path)

    def opened(self) -> AbstractContextManager[BaseStorage]:
        mend_journal(self.path)
        return nullcontext(JournalStorage(JournalFileBackend(str(self.path))))

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        check_folder(self.path)
        # A link, not a lock of the kernel: many network file systems have no locks to rely on.
        lock = JournalFileSymlinkLock(f"{self.path}.claim")
        lock.acquire()
        try:
            yield
        finally:
            lock.release()


@dataclass(frozen=True)
class ServerStorage(Storage):
    """A database of a PostgreSQL server."""

    url: str

    def __str__(self) -> str:
        return masked(self.url)

    def check(self) -> None:
        check_server(self.url)

    def opened(self) -> AbstractContextManager[BaseStorage]:
        _, _, rest = self.url.partition("://")
        return _tables(f"postgresql+psycopg://{rest}", pool_pre_ping=True)

    def exclusively(self) -> AbstractContextManager[None]:
        return server_lock(self.url)


@contextmanager
def _tables(url: str, **settings: Any) -> Iterator[BaseStorage]:
    storage = RDBStorage(url, engine_kwargs=settings)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()
