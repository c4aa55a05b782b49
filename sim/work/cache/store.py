# SPDX-License-Identifier: MIT
"""Results kept in a folder under all that decided them, for whoever needs the same again."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from sim.work.arrays_file import load_arrays, save_arrays
from sim.work.cache.engine import engine
from sim.work.cache.key import canonical
from sim.work.errors import UserError
from sim.work.lock import locked

__all__ = ["NO_CACHE", "Cache", "StoredEntry"]

Arrays = dict[str, NDArray[Any]]

LIMIT = 10 * 2**30
_KEY = "key"  # name of the array that says whose an entry is
_SLACK = 16  # of the limit, what a process may write before it looks at the folder again
_ABANDONED_SECONDS = 3600  # age of a half-written file that nobody is going to end


@dataclass(frozen=True, order=True)
class StoredEntry:
    """An entry on the disk.

    Parameters
    ----------
    used : int
        When it was last made or found, in nanoseconds.
    path : Path
    size : int
        Bytes.
    """

    used: int
    path: Path
    size: int

    @property
    def kind(self) -> str:
        """What it is of."""
        return self.path.parent.parent.name


class Cache:
    """A folder of arrays, each under the SHA-256 of all that decided its bits.

    Many processes, on several machines, may use one folder. An entry appears whole or not at all,
    and tells whether it is damaged; of two processes that need the same, one makes it while the
    other waits. Whatever cannot be read or kept is made and counted: a cache saves time and changes
    no bit. What has not been used for longest goes when there is more than `limit`, which several
    processes may exceed for a while, each by a sixteenth.

    Parameters
    ----------
    path : Path, optional
        The folder; without it nothing is kept.
    limit : int
        Bytes that all entries may take.
    wait : bool
        Whether to wait for another process that makes the same entry, rather than make it, too.

    Attributes
    ----------
    counts : Counter of (str, str)
        Kind and ``found``, ``made``, ``damaged`` (made again, and so counted as made, too) or
        ``unkept`` (made, and could not be written), of this object alone.
    """

    def __init__(self, path: Path | None = None, limit: int = LIMIT, wait: bool = True) -> None:
        self.path = path
        self.limit = limit
        self.wait = wait
        self.counts: Counter[tuple[str, str]] = Counter()
        self._unseen = limit  # bytes written since the folder was last looked at: look at once

    @property
    def keeps(self) -> bool:
        """Whether there is a folder at all."""
        return self.path is not None

    @property
    def hits(self) -> int:
        """Entries that were found, of any kind."""
        return sum(count for (_, outcome), count in self.counts.items() if outcome == "found")

    @property
    def sentence(self) -> str:
        """What was found and made, for people."""
        kinds = sorted({kind for kind, _ in self.counts})
        shares = [
            f"{self.counts[kind, 'found']} of "
            f"{self.counts[kind, 'found'] + self.counts[kind, 'made']} {kind}s"
            for kind in kinds
        ]
        said = f"Cache {self.path}: found {', '.join(shares) if shares else 'nothing, unasked'}."
        damaged, unkept = (
            sum(self.counts[kind, outcome] for kind in kinds) for outcome in ("damaged", "unkept")
        )
        said += f" Damaged, and made again: {damaged}." if damaged else ""
        return said + (f" Could not be written: {unkept}." if unkept else "")

    def get_or_make(self, kind: str, key: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
        """Return what `make` makes, or has made before, here or in another process.

        Parameters
        ----------
        kind : str
            What it is, one word; a folder of its own.
        key : mapping
            All that decides it, data as digests (see `sim.work.cache.key`); version of the code,
            libraries and processor are added.
        make : callable
            Returns named arrays. It is called under one thread of linear algebra, whose number
            may decide how sums round.

        Returns
        -------
        dict of str to ndarray
        """
        if self.path is None:
            return make()
        about = canonical({"kind": kind, "engine": engine(), "key": key})
        name = sha256(about.encode()).hexdigest()
        path = self.path / kind / name[:2] / f"{name}.arrays"
        found, _ = _read(path, about)
        if found is None:
            with suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
            lock = path.with_suffix(".lock")
            with locked(lock, required=False) if self.wait else nullcontext():
                found, damaged = _read(path, about)  # somebody may have made it meanwhile
                if found is None:
                    self.counts[kind, "damaged"] += damaged
                    return self._make(kind, path, about, make)
        with suppress(OSError):
            os.utime(path)
        self.counts[kind, "found"] += 1
        return found

    def entries(self) -> Iterator[StoredEntry]:
        """Yield every entry of the folder."""
        for path in self.path.glob("*/[0-9a-f][0-9a-f]/*.arrays") if self.path else ():
            with suppress(OSError):  # somebody else has removed it
                stat = path.stat()
                yield StoredEntry(stat.st_mtime_ns, path, stat.st_size)

    def trim(self, limit: int) -> int:
        """Remove the entries that were not used for longest until the rest takes at most `limit`.

        Returns
        -------
        int
            Entries removed.
        """
        entries = sorted(self.entries())
        total, removed = sum(entry.size for entry in entries), 0
        for entry in entries:
            if total <= limit:
                break
            with suppress(OSError):
                entry.path.unlink()
                removed += 1
            total -= entry.size
        self._remove_abandoned()
        return removed

    def _remove_abandoned(self) -> None:
        """Remove what a killed process was writing."""
        for path in self.path.glob("*/[0-9a-f][0-9a-f]/.*.tmp") if self.path else ():
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    path.unlink()

    def _make(self, kind: str, path: Path, about: str, make: Callable[[], Arrays]) -> Arrays:
        with threadpool_limits(1):
            made = make()
        if _KEY in made:
            raise ValueError(f"Array of a {kind} must not be named {_KEY!r}, as its key is")
        self.counts[kind, "made"] += 1
        try:
            save_arrays(path, {_KEY: np.frombuffer(about.encode(), np.uint8), **made})
            self._account(path.stat().st_size)
        except (OSError, UserError):
            self.counts[kind, "unkept"] += 1
        return made

    def _account(self, size: int) -> None:
        """Keep the folder within its limit, looking at it now and then."""
        self._unseen += size
        if self._unseen * _SLACK >= self.limit:
            self.trim(self.limit)
            self._unseen = 0


def _read(path: Path, about: str) -> tuple[Arrays | None, bool]:
    """Return the arrays of an entry, None if there are none, and whether something is in place."""
    try:
        arrays = load_arrays(path)
    except UserError:
        return None, path.exists()
    own = arrays.pop(_KEY, np.zeros(0)).tobytes() == about.encode()
    return (arrays, False) if own else (None, True)


#: What keeps nothing: every result is made.
NO_CACHE = Cache()
