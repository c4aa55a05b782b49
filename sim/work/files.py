# SPDX-License-Identifier: MIT
"""Files read and written so that a failure is one clear message and never half a file."""

import os
import re
import stat
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from sim.work.errors import UserError
from sim.work.refusals import check_target, reason_of, refusals_told, refuse_other_kinds

__all__ = [
    "TEMPORARY_NAME",
    "built_in_or_own",
    "ensure_directory",
    "find_file",
    "read_bytes",
    "read_text",
    "remove_file",
    "remove_stale",
    "require_directory",
    "write_all",
    "write_new",
    "write_whole",
]

#: Pattern of the names of temporary files, which a killed `write_whole` may leave behind.
TEMPORARY_NAME = r"\.[0-9a-f]{32}\.tmp"

# Seconds after which a temporary file has lost its process; none takes so long to write.
_STALE = 600.0


def write_whole(path: Path, data: bytes | str) -> None:
    """Write a file whole or not at all.

    The data go to a temporary file in the same directory, are forced to the disk and then renamed
    over `path` in one step: a reader, a crash or a full disk sees the old file or the new one.

    Parameters
    ----------
    path : Path
        File to write; its directory exists.
    data : bytes or str
        Content; text is written as UTF-8.

    Raises
    ------
    UserError
        If the file cannot be written; `path` is then as it was and the temporary file is gone.
    """
    write_all({path: data})


def write_all(contents: Mapping[Path, bytes | str]) -> None:
    """Write several files, each whole, and none of them if one cannot be written.

    All of them are on the disk as temporary files before the first is renamed.

    Parameters
    ----------
    contents : mapping of Path to bytes or str
        Content of each file, as `write_whole` takes it.

    Raises
    ------
    UserError
        If one of them cannot be written.
    """
    for path in contents:
        check_target(path)
    for folder in {path.parent for path in contents}:
        remove_stale(folder)
    temporaries = {path: _temporary_beside(path) for path in contents}
    path = None
    try:
        try:
            for path, temporary in temporaries.items():
                write_new(temporary, contents[path])
            for path, temporary in temporaries.items():
                temporary.replace(path)
        except BaseException:
            for temporary in temporaries.values():
                temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(f"{path} cannot be written: {reason_of(error)}") from error


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises
    ------
    UserError
        If it cannot be read, or is a pipe or a device.
    """
    with refusals_told(path, "cannot be read"):
        refuse_other_kinds(path)
        return path.read_bytes()


def remove_file(path: Path) -> None:
    """Remove a file, if it is there.

    Raises
    ------
    UserError
        If it cannot be removed.
    """
    with refusals_told(path, "cannot be removed"):
        path.unlink(missing_ok=True)


def remove_stale(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder, if that is possible."""
    name, oldest = re.compile(TEMPORARY_NAME), time.time() - _STALE
    with suppress(OSError, ValueError), os.scandir(folder) as entries:
        for entry in entries:
            if name.fullmatch(entry.name) and entry.stat().st_mtime < oldest:
                Path(entry).unlink(missing_ok=True)


def built_in_or_own(
    name: str,
    folder: Path,
    what: str,
    offered: Mapping[str, Path] | None = None,
    further: str = "",
) -> Path:
    """Return the YAML file that a user names: one of `folder` by its stem, or any one by its path.

    Parameters
    ----------
    name : str
        Stem or path, as the user gives it.
    folder : Path
        Folder of the files that come with the install.
    what : str
        Noun for the file, with which the message begins.
    offered : mapping of str to Path, optional
        Further files by name, which other packages offer.
    further : str
        Other kinds of files that the caller takes, for the message, behind a comma.

    Returns
    -------
    Path
        Path of the file, which need not exist if the user named it by path.

    Raises
    ------
    UserError
        If `name` is neither.
    """
    known = {file.stem: file for file in folder.glob("*.yaml")} | dict(offered or {})
    if name in known:
        return known[name]
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    raise UserError(
        f"{what} must be a .yaml file{further} or one of {', '.join(sorted(known))}, not {name!r}"
    )


def read_text(path: Path) -> str:
    """Return the content of a file of UTF-8 text.

    Raises
    ------
    UserError
        If it cannot be read or is not UTF-8 text.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} must be UTF-8 text, not binary: byte {error.start} is not part of a character"
        ) from error


def find_file(candidates: Iterable[Path]) -> Path | None:
    """Return the first of some paths that is a file, None if there is none.

    Raises
    ------
    UserError
        If the system refuses access to a path.
    """
    for path in candidates:
        with (
            refusals_told(path, "cannot be read"),
            suppress(FileNotFoundError, NotADirectoryError),
        ):
            if stat.S_ISREG(path.stat().st_mode):
                return path
    return None


def require_directory(path: Path) -> Path:
    """Make sure that a directory exists and can be listed, and return `path`.

    Raises
    ------
    UserError
        If it cannot.
    """
    with refusals_told(path, "cannot be read", "Directory "):
        next(path.iterdir(), None)
    return path


def ensure_directory(path: Path) -> Path:
    """Create a directory, parents included, and make sure that files can be written into it.

    The function tests this by writing a file. Permission bits alone do not tell whether the file
    system is read-only or whether the user is an administrator.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    UserError
        If it cannot be created or written into.
    """
    with refusals_told(path, "cannot be created", "Directory "):
        path.mkdir(parents=True, exist_ok=True)
    probe = _temporary_beside(path / "probe")
    with refusals_told(path, "cannot be written into", "Directory "):
        try:
            write_new(probe, b"probe")
        finally:
            probe.unlink(missing_ok=True)
    return path


def _temporary_beside(path: Path) -> Path:
    # Independent of the target's own name, which may already be as long as the system allows.
    return path.parent / f".{uuid.uuid4().hex}.tmp"


def write_new(path: Path, content: bytes | str) -> None:
    """Write a file that does not exist yet, and force it to the disk."""
    # Open it like any new file, so that it gets the permissions of the user's umask.
    with path.open("xb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
