# SPDX-License-Identifier: MIT
"""A folder of files that belong together: a reader sees all of the old ones or all of the new."""

import ctypes
import errno
import os
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from sim.work.ending import signals_held
from sim.work.errors import UserError
from sim.work.files import (
    ensure_directory,
    remove_file,
    remove_stale,
    write_all,
    write_new,
)
from sim.work.lock import locked
from sim.work.refusals import real_path, reason_of

__all__ = ["write_folder"]

# Arguments of the system call renameat2, which Python does not have.
_HERE, _EXCHANGE = -100, 2


class _NoExchange(Exception):
    """The folder cannot be exchanged with another."""


def write_folder(
    folder: Path, contents: Mapping[str, bytes | str], drop: Collection[str] = ()
) -> None:
    """Write files into a folder, all of them in one step or none.

    The files are finished in a new folder, ``.NAME.new`` beside the old one. All other files of the
    old folder, which may be those of other work or of the user, become part of the new folder, too,
    as hard links. Then both folders change places, and the old one goes. A reader, a crash or a
    full disk sees the old files or the new ones. What a killed process left is removed by the next.

    Some folders cannot change places: the working directory, a mount point, one whose parent may
    not be written, one on a file system without this exchange or without hard links. There the
    files are finished first and then renamed one by one, and only a kill between two renames leaves
    new files beside old ones.

    Parameters
    ----------
    folder : Path
        Created if absent.
    contents : mapping of str to bytes or str
        Contents of the files by name; text is written as UTF-8.
    drop : collection of str
        Names of files of an earlier writing, which are removed if `contents` does not have them.

    Raises
    ------
    UserError
        If a file cannot be written; the folder is then as it was.
    """
    ensure_directory(folder)
    full = real_path(folder)
    remove_stale(full)
    with locked(full.with_name(f".{full.name}.new.lock"), required=False):
        new = full.with_name(f".{full.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        try:
            _check_place(full)
            _prepare(full, new, {*contents, *drop})
            _fill(folder, new, contents)
            with signals_held():
                _exchange(new, full)
                _rescue(new, full, {*contents, *drop})
        except _NoExchange:
            _write_one_by_one(folder, contents, drop)
        finally:
            shutil.rmtree(new, ignore_errors=True)


def _check_place(full: Path) -> None:
    """Refuse a folder that other parts of the system hold by its identity, not by its name."""
    here = Path.cwd()
    if full == full.parent or full == here or full in here.parents or full.is_mount():
        raise _NoExchange


def _prepare(old: Path, new: Path, leave: Collection[str]) -> None:
    """Make the new folder, with the files of the old one that it keeps."""
    try:
        new.mkdir()
        _keep(old, new, leave, old.stat().st_dev)
    except OSError as error:
        raise _NoExchange from error


def _keep(old: Path, new: Path, leave: Collection[str], device: int) -> None:
    for entry in old.iterdir():
        about = entry.lstat()
        if entry.is_dir() and not entry.is_symlink():
            if about.st_dev != device:
                raise _NoExchange
            (new / entry.name).mkdir()
            _keep(entry, new / entry.name, (), device)
        elif entry.name not in leave:
            os.link(entry, new / entry.name, follow_symlinks=False)
    shutil.copystat(old, new)
    about = old.stat()
    if (about.st_uid, about.st_gid) != (new.stat().st_uid, new.stat().st_gid):
        os.chown(new, about.st_uid, about.st_gid)


def _fill(folder: Path, new: Path, contents: Mapping[str, bytes | str]) -> None:
    for name, content in contents.items():
        try:
            if (new / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            write_new(new / name, content)
        except OSError as error:
            raise UserError(f"{folder / name} cannot be written: {reason_of(error)}") from error


def _exchange(new: Path, old: Path) -> None:
    """Have two folders change places in one step."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None or call(_HERE, os.fsencode(new), _HERE, os.fsencode(old), _EXCHANGE) != 0:
        raise _NoExchange


def _rescue(old: Path, new: Path, leave: Collection[str]) -> None:
    """Move what has come into the old folder since its files were linked to the new one."""
    for entry in old.iterdir():
        target = new / entry.name
        with suppress(OSError):
            if entry.is_dir() and not entry.is_symlink() and target.is_dir():
                _rescue(entry, target, ())
            elif entry.name not in leave and not os.path.lexists(target):
                entry.rename(target)


def _write_one_by_one(
    folder: Path, contents: Mapping[str, bytes | str], drop: Collection[str]
) -> None:
    write_all({folder / name: content for name, content in contents.items()})
    for name in drop:
        if name not in contents:
            remove_file(folder / name)
