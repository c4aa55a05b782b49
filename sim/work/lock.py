# SPDX-License-Identifier: MIT
"""A lock on a file for one process at a time; the system frees it when its holder dies."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from sim.work.errors import UserError

__all__ = ["locked"]

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
            raise UserError(f"{path} cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        if lock.is_locked:
            # A process that waits for the removed file sees that it is gone, and tries a new one.
            with suppress(OSError):
                path.unlink()
            lock.release()
