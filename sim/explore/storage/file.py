# SPDX-License-Identifier: MIT
"""Checks of storages that are files. They find faults without a change to the file."""

import json
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from sim.explore.storage.rows import first_fault
from sim.explore.storage.version import check_version
from sim.work.errors import UserError
from sim.work.files import ensure_directory, read_bytes, require_directory
from sim.work.refusals import refusals_told, refuse_other_kinds

__all__ = [
    "check_folder",
    "check_journal",
    "check_sqlite",
    "connect_sqlite",
    "mend_journal",
]

# Keys that every line of a journal has.
_JOURNAL_KEYS = ("op_code", "worker_id")

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_VERSION = "SELECT version_num FROM alembic_version"

# Seconds that SQLite waits for another process before it answers.
_PATIENCE = 30.0


def check_sqlite(path: Path) -> None:
    """Make sure that a SQLite file can be used or created; see `Storage.check`.

    Raises
    ------
    UserError
        If it cannot.
    """
    if not path.exists():
        return
    _check_writable(path)
    # Not read-only: SQLite must roll back what a killed process left unfinished before it can read.
    uri = f"{path.absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(uri, _PATIENCE, uri=True)) as base:
            tables = {name for (name,) in base.execute(_TABLES)}
            row = base.execute(_VERSION).fetchone() if "alembic_version" in tables else None
            check_version(str(path), tables, row[0] if row else None)
            fault = first_fault(base) if row else None
    except sqlite3.Error as error:
        raise UserError(f"{path} cannot be used as a storage: {error}") from error
    if fault is not None:
        raise UserError(
            f"{path} is damaged: {fault}. Put a sound copy in its place, or name another --storage"
        )


def connect_sqlite(path: Path) -> sqlite3.Connection:
    """Return a connection to a SQLite file. A new file gets a write-ahead log.

    With the log, a write need not wait for the disk, and readers need not wait for a write. The
    writes of a killed process survive. A power cut may lose the last trials, but never the file.
    """
    new = not path.exists()
    connection = sqlite3.connect(path, _PATIENCE, check_same_thread=False)
    if new:
        connection.execute("PRAGMA journal_mode = WAL")
    if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def check_journal(path: Path) -> None:
    """Make sure that a journal can be used or created. Its last line may be incomplete.

    Raises
    ------
    UserError
        If it cannot.
    """
    if not path.exists():
        return
    _check_writable(path)
    lines = read_bytes(path).splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if line.endswith(b"\n"):
            _check_line(path, number, line)
    _check_replay(path)


def mend_journal(path: Path) -> None:
    """Cut off an incomplete last line, so that the next line is not appended to it."""
    if not path.exists():
        return
    lock = JournalFileSymlinkLock(str(path))
    lock.acquire()
    try:
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)
    finally:
        lock.release()


def check_folder(path: Path) -> None:
    """Make sure that a file can exist in its folder and is not a folder itself.

    Raises
    ------
    UserError
        If it cannot.
    """
    refused = "cannot be used as a storage"
    with refusals_told(path, refused):
        known = path.parent.is_dir()
    if not known:
        raise UserError(
            f"Folder {path.parent} of the storage does not exist"
            + ("" if path.is_absolute() else ": an absolute path begins with four slashes")
        )
    with refusals_told(path, refused), suppress(FileNotFoundError):
        refuse_other_kinds(path)
    require_directory(path.parent)
    ensure_directory(path.parent)


def _check_writable(path: Path) -> None:
    # This opens the file, because permission bits do not show a read-only file system.
    with refusals_told(path, "cannot be written"):
        path.open("ab").close()


def _check_line(path: Path, number: int, line: bytes) -> None:
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict) or not all(key in entry for key in _JOURNAL_KEYS):
        raise UserError(
            f"{path}:{number} is not a valid line of an Optuna journal: name another --storage"
        )


def _check_replay(path: Path) -> None:
    try:
        JournalStorage(JournalFileBackend(str(path)))
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path} was written by another version of Optuna: {optuna.__version__} does not know "
            "all operations in it. Name another --storage"
        ) from error
