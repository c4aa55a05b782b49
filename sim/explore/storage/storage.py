# SPDX-License-Identifier: MIT
"""Storages of trials: a SQLite file, a journal file or PostgreSQL, checked before any change.

SQLite suits the disk of one machine. A journal suits network file systems: lines are only appended
to it, under a lock that works on these, too. A PostgreSQL server suits anything larger.
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
from sim.work.refusals import refusals_told

__all__ = ["FORMS", "Storage", "masked"]

#: Forms of the address of a storage.
FORMS = "sqlite:///FILE, journal:///FILE or postgresql://USER@HOST/DATABASE"

_FILE = re.compile(r"(sqlite|journal):///(?P<path>[^?{}]+)")
_SERVER = re.compile(r"postgres(ql)?://[^{}]+")
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/]*@")


def masked(text: str) -> str:
    """Return a text with the password of an address masked."""
    return _PASSWORD.sub(r"\1:***@", text)


class Storage(ABC):
    """A place for studies that many processes use at once."""

    @staticmethod
    def at(url: str) -> "Storage":
        """Return the storage at an address.

        Paths are relative to the working directory. An absolute path begins with four slashes.

        Raises
        ------
        UserError
            If the address has none of the `FORMS`.
        """
        if match := _FILE.fullmatch(url):
            kind = SqliteStorage if match[1] == "sqlite" else JournalFileStorage
            return kind(Path(match["path"]))
        if _SERVER.fullmatch(url):
            return ServerStorage(url)
        raise UserError(f"--storage must be {FORMS}, not {masked(url)!r}")

    @abstractmethod
    def check(self) -> None:
        """Make sure that the storage can be used, without a change; call it in `exclusively`.

        Raises
        ------
        UserError
            If it cannot be reached, read or written, if it is damaged, if another version of
            Optuna made it, or if it is no storage at all.
        """

    @property
    @abstractmethod
    def begun(self) -> bool:
        """Whether it is known to exist, before it is opened."""

    @abstractmethod
    def opened(self) -> AbstractContextManager[BaseStorage]:
        """Return a context with the storage, created if absent; enter it in `exclusively`."""

    @abstractmethod
    def exclusively(self) -> AbstractContextManager[None]:
        """Return a context that only one process at a time can be in, on all machines.

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

    @property
    def begun(self) -> bool:
        return self.path.exists()

    def opened(self) -> AbstractContextManager[BaseStorage]:
        return _tables(f"sqlite:///{self.path}", creator=partial(connect_sqlite, self.path))

    def exclusively(self) -> AbstractContextManager[None]:
        check_folder(self.path)
        return locked(self.path.with_name(f"{self.path.name}.lock"))


@dataclass(frozen=True)
class JournalFileStorage(Storage):
    """A journal file on any file system that the processes share."""

    path: Path

    def __str__(self) -> str:
        return f"journal:///{self.path}"

    def check(self) -> None:
        check_journal(self.path)

    @property
    def begun(self) -> bool:
        return self.path.exists()

    def opened(self) -> AbstractContextManager[BaseStorage]:
        mend_journal(self.path)
        return nullcontext(JournalStorage(JournalFileBackend(str(self.path))))

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        check_folder(self.path)
        # A symbolic link, because many network file systems have no reliable kernel locks.
        lock = JournalFileSymlinkLock(f"{self.path}.claim")
        with refusals_told(self.path, "cannot be used as a storage"):
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

    @property
    def begun(self) -> bool:
        return False  # a look at its tables would create them

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
