# SPDX-License-Identifier: MIT
"""Bytes of a bank file: read if they are few, mapped if they are many, and passed in pieces."""

import mmap
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sim.work.files import read_bytes

__all__ = ["Content", "content_of", "pieces_of"]

Content = bytes | mmap.mmap

_LARGE = 2**26  # bytes of a file from which it is mapped, not read
_PIECE = 2**24  # bytes of a map that are in memory at a time, whole pages and whole words


def content_of(path: Path) -> Content:
    """Return a small file as bytes, and a map of a large one, of which a page is read when used.

    The map is private: who writes to the embeddings changes neither the file nor another process.

    Parameters
    ----------
    path : Path
        File to read.

    Raises
    ------
    UserError
        If the file cannot be read.
    """
    with suppress(OSError, ValueError):  # what cannot be mapped is read, or refused with a reason
        if path.stat().st_size > _LARGE:
            with path.open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    return read_bytes(path)


def pieces_of(data: Content, size: int) -> Iterator[tuple[int, memoryview]]:
    """Pass over the first bytes of a file. A map leaves memory again, piece by piece.

    Nobody may have written to the map yet: what was written would be lost with its pages.

    Parameters
    ----------
    data : bytes or mmap
        The file.
    size : int
        Bytes to pass over.

    Yields
    ------
    first : int
        Position of a piece in the file.
    piece : memoryview
        Its bytes, to be used before the next piece is asked for.
    """
    view = memoryview(data)[:size]
    for first in range(0, size, _PIECE):
        piece = view[first : first + _PIECE]
        yield first, piece
        if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            data.madvise(mmap.MADV_DONTNEED, first, len(piece))
