# SPDX-License-Identifier: MIT
"""One process at a time: a lock on a file, which the system frees when its holder dies."""

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
    """Wait until nobody else holds the lock of that path, and hold it.

    The holder removes the file at the end; a killed holder leaves it, but not the lock.

    Parameters
    ----------
    path : Path
        Of the lock's file; its directory exists.
    required : bool
        Whether to refuse to go on without the lock, where the file system keeps no locks or
        refuses the file. Otherwise nobody waits there: for locks that protect effort, not content.

    Raises
    ------
    UserError
        If the lock is required and cannot be had.
    """
    # Never a soft lock, which a killed holder would keep.
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
            # Whoever waits for the removed file sees that it is gone, and tries a new one.
            with suppress(OSError):
                path.unlink()
            lock.release()
