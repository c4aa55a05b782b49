# SPDX-License-Identifier: MIT
"""Locks for one process at a time; the system frees them when their holder dies."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from sim.work.errors import UserError
from sim.work.refusals import reason_of

__all__ = ["locked", "sole_writer"]

# Seconds from one try to get a lock to the next.
_INTERVAL = 0.02


@contextmanager
def locked(path: Path, required: bool = True) -> Iterator[None]:
    """Context that waits until no other process holds the lock of that path, and then holds it.

    The holder removes the file at the end. A killed holder leaves the file but frees the lock.

    Parameters
    ----------
    path : Path
        File of the lock; its directory exists.
    required : bool
        Whether to fail without the lock, where the file system keeps no locks or refuses the file.
        If false, the context goes on there without waiting; that suits locks that only avoid
        double work and protect no content.

    Raises
    ------
    UserError
        If the lock is required and cannot be acquired.
    """
    # A soft lock would stay locked after its holder is killed.
    lock = FileLock(path, poll_interval=_INTERVAL, fallback_to_soft=False)
    try:
        lock.acquire()
    except OSError as error:
        if required:
            raise UserError(f"{path} cannot be written: {reason_of(error)}") from error
    try:
        yield
    finally:
        _end(lock, path)


@contextmanager
def sole_writer(output: Path | None) -> Iterator[None]:
    """Context in which no other process that asks for the same output can be.

    The lock is the file ``output.lock`` beside it, which holds the number of this process. It goes
    with the context, and so do folders that were made for it and stayed empty. Where no lock can
    be had, such as in a folder without the right to write, the context goes on without one: what
    writes there says itself what is wrong.

    Parameters
    ----------
    output : Path or None
        File or folder that the process is going to write; None asks for no lock.

    Raises
    ------
    UserError
        If another process is in the context; the message names it.
    """
    path = None if output is None else _lock_beside(output)
    if path is None:
        yield
        return
    lock = FileLock(path, fallback_to_soft=False)
    made: list[Path] = []
    try:
        made += [each for each in path.parents if not each.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
        path.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
    except Timeout as error:
        raise UserError(
            f"{output} is in use: {_holder(path)} is writing it. Wait until that one ends, or name "
            "another --out"
        ) from error
    except OSError:
        pass
    try:
        yield
    finally:
        _end(lock, path)
        with suppress(OSError):
            for folder in made:
                folder.rmdir()  # refused if anything is in it


def _end(lock: BaseFileLock, path: Path) -> None:
    """Give up a lock, if it is held, and remove its file."""
    if lock.is_locked:
        # A process that waits for the removed file sees that it is gone, and tries a new one.
        with suppress(OSError):
            path.unlink()
        lock.release()


def _lock_beside(output: Path) -> Path | None:
    """Return the lock of an output; None if its path cannot be one."""
    try:
        full = output.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL
        return None
    return None if full == full.parent else full.with_name(f"{full.name}.lock")


def _holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip() or "another process"
    except (OSError, ValueError):
        return "another process"
