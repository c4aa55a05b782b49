# SPDX-License-Identifier: MIT
"""What the system refuses to do with a path, in the words of a user who typed that path."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sim.work.errors import UserError

__all__ = [
    "check_target",
    "real_path",
    "reason_of",
    "refusals_told",
    "refuse_directory",
    "refuse_other_kinds",
]

_REASONS = {
    errno.EACCES: "permission denied",
    errno.EDQUOT: "the disk quota is used up",
    errno.EEXIST: "a file of that name is in the way",
    errno.EISDIR: "it is a directory",
    errno.ELOOP: "its symbolic links lead round in a loop",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ENOENT: "no such file or directory",
    errno.ENOSPC: "the disk is full",
    errno.ENOTDIR: "it is, or lies under, a file that is no directory",
    errno.EPERM: "permission denied",
    errno.EPIPE: "its reader has ended",
    errno.EROFS: "the file system is read-only",
}


def reason_of(error: OSError) -> str:
    """Return the reason of a failure in the words of a user who typed a path."""
    if error.errno in _REASONS:
        return _REASONS[error.errno]
    return (error.strerror or str(error)).lower()


@contextmanager
def refusals_told(path: Path, refused: str, kind: str = "") -> Iterator[None]:
    """Context in which any refusal of the system becomes a message about one path.

    Parameters
    ----------
    path : Path
    refused : str
        End of the sentence about it, such as ``"cannot be read"``.
    kind : str
        Beginning of that sentence.

    Raises
    ------
    UserError
        In place of any error that a call on the path raises.
    """
    try:
        yield
    except OSError as error:
        raise UserError(f"{kind}{path} {refused}: {reason_of(error)}") from error
    except RuntimeError as error:  # from `Path.resolve`
        raise UserError(f"{kind}{path} {refused}: {_REASONS[errno.ELOOP]}") from error
    except ValueError as error:  # a NUL, which must not reach a terminal as it is
        raise UserError(f"{kind}{str(path)!r} {refused}: {error}") from error


def real_path(path: Path) -> Path:
    """Return the absolute path without symbolic links.

    Raises
    ------
    UserError
        If the links lead round in a loop, or the path has a character that no path can have.
    """
    with refusals_told(path, "cannot be used"):
        return path.resolve()


def check_target(path: Path) -> None:
    """Make sure that a file can take this place: nothing is there, or a file to replace.

    Raises
    ------
    UserError
        If a directory, a pipe or a device is there, or no path leads there.
    """
    with refusals_told(path, "cannot be written"), suppress(FileNotFoundError):
        refuse_other_kinds(path)


def refuse_directory(path: Path) -> None:
    """Refuse a directory, where a pipe or a device is as welcome as a file.

    Raises
    ------
    OSError
        If the path is that of a directory, or of nothing.
    """
    if stat.S_ISDIR(path.stat().st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))


def refuse_other_kinds(path: Path) -> None:
    """Refuse what is no file; a pipe or a device may never end, and must not be replaced.

    Raises
    ------
    OSError
        If the path is that of a directory, a pipe, a socket or a device, or of nothing.
    """
    refuse_directory(path)
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.ENODEV, "it is a pipe, a socket or a device")
