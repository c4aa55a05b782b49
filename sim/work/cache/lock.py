# SPDX-License-Identifier: MIT
"""One process at a time: a lock that the system takes back when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["locked"]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until nobody else holds the lock of that path, and hold it.

    The file goes when the lock does. Where the file system keeps no locks, or refuses the file,
    nobody waits: what locks protect here is effort, not content.

    Parameters
    ----------
    path : Path
        Of the lock's file; its directory exists.
    """
    descriptor = _acquire(path)
    try:
        yield
    finally:
        if descriptor is not None:
            with suppress(OSError):
                path.unlink()
            os.close(descriptor)


def _acquire(path: Path) -> int | None:
    """Return the open file that holds the lock; None if none can be had."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(descriptor, path):
                return descriptor
        except OSError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the holder has removed the file meanwhile: wait for its successor


def _is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file is the one that the path now leads to."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
