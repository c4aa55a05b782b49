# SPDX-License-Identifier: MIT
"""Arrays in files of NumPy that a user brings: mapped where that is possible, never unpickled."""

import pickle
import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from sim.work.errors import UserError
from sim.work.refusals import refusals_told, refuse_other_kinds

__all__ = ["open_array", "read_archive"]

_BEGIN, _BEGIN_OF_ARCHIVE = b"\x93NUMPY", (b"PK\3\4", b"PK\5\6")  # the latter of an empty one

# What NumPy raises of content that is no array.
_FAULTS = (
    ValueError, EOFError, BadZipFile, SyntaxError, TypeError, pickle.UnpicklingError, zlib.error,
)  # fmt: skip


def open_array(path: Path) -> NDArray[Any]:
    """Return the array of a ``.npy`` file, of which a page is read when it is used.

    Raises
    ------
    UserError
        If the file cannot be read, or holds something else.
    """
    array = _load(path, "an array of NumPy, .npy", mmap_mode="r")
    if not isinstance(array, np.ndarray):
        array.close()
        raise UserError(f"{path} must be one array of NumPy, .npy, not an archive of several")
    return array


def read_archive(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz`` file.

    Raises
    ------
    UserError
        If the file cannot be read, or holds something else.
    """
    archive = _load(path, "an archive of NumPy, .npz")
    if isinstance(archive, np.ndarray):
        raise UserError(f"{path} must be an archive of NumPy, .npz, not a single array")
    with archive:
        try:
            return {name: archive[name] for name in archive.files}
        except _FAULTS as error:
            raise UserError(f"{path} must be an archive of plain arrays: {_told(error)}") from error


def _load(path: Path, what: str, **options: Any) -> Any:
    with refusals_told(path, "cannot be read"):
        refuse_other_kinds(path)
        with path.open("rb") as file:  # a refusal of the system, told apart from bad content
            begin = file.read(len(_BEGIN))
    # NumPy takes anything else for a pickle, and advises to load it.
    if begin != _BEGIN and not begin.startswith(_BEGIN_OF_ARCHIVE):
        raise UserError(f"{path} must be {what}: it begins with {begin!r}")
    try:
        return np.load(path, allow_pickle=False, **options)
    except (*_FAULTS, OSError) as error:
        raise UserError(f"{path} must be {what}: {_told(error)}") from error


def _told(error: Exception) -> str:
    """Return what is wrong with a file, where NumPy speaks of its own workings."""
    if "mmap length" in str(error):
        return "it is cut short"
    if "object" not in str(error).lower():
        return str(error)
    return "it holds Python objects, not numbers or text: make it again by np.array(old.tolist())"
