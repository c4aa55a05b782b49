# SPDX-License-Identifier: MIT
"""Named arrays in a file that ends in its own checksum, so that damage is always noticed."""

import hashlib
import io
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from sim.work.errors import UserError
from sim.work.files import read_bytes, write_whole

__all__ = ["encode_arrays", "load_arrays", "save_arrays"]

_DIGEST_SIZE = hashlib.sha256().digest_size


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to a file, whole or not at all."""
    write_whole(path, encode_arrays(arrays))


def encode_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the content of a file of arrays: a NumPy npz archive, then its SHA-256."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    body = buffer.getvalue()
    return body + hashlib.sha256(body).digest()


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file that `save_arrays` wrote.

    Raises
    ------
    UserError
        If the file cannot be read or is damaged.
    """
    data = read_bytes(path)
    body, digest = data[:-_DIGEST_SIZE], data[-_DIGEST_SIZE:]
    if hashlib.sha256(body).digest() != digest:
        raise UserError(f"{path} is damaged: it must end in the SHA-256 of its other bytes")
    if not body.startswith(b"PK"):  # NumPy would take it for a pickle, and advise to load it
        raise UserError(f"{path} must be an archive of arrays: it begins with {body[:8]!r}")
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            return dict(file)
    except (BadZipFile, EOFError, OSError, ValueError, zlib.error) as error:
        raise UserError(f"{path} must be an archive of arrays: {error}") from error
