# SPDX-License-Identifier: MIT
"""Results in a folder, each with all the inputs that decide it as its key, for use again."""

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
_KEY = "key"  # name of the array that holds the key of an entry
_SLACK = 16  # a process may write 1/16 of the limit before it checks the folder again
_ABANDONED_SECONDS = 3600  # age from which a half-written file is taken for abandoned


@dataclass(frozen=True, order=True)
class StoredEntry:
    """An entry on the disk.

    Parameters
    ----------
    used : int
        Time when it was last made or found, in nanoseconds.
    path : Path
        File of the entry.
    size : int
        Size of the file in bytes.
    """

    used: int
    path: Path
    size: int

    @property
    def kind(self) -> str:
        """Kind of the entry, the first argument of `Cache.get_or_make`."""
        return self.path.parent.parent.name


class Cache:
    """A folder of arrays; the name of each entry is the SHA-256 of all inputs that decide its bits.

    Many processes, on several machines, may use one folder. An entry appears whole or not at all,
    and damage to it is noticed. If two processes need the same entry, one makes it while the other
    waits. An entry that cannot be read or written is made and counted: a cache saves time and
    changes no bit. When the folder exceeds `limit`, the least recently used entries are removed.
    Several processes may exceed the limit for a while, each by a sixteenth.

    Parameters
    ----------
    path : Path, optional
        The folder; without it nothing is kept.
    limit : int
        Bytes that all entries together may take.
    wait : bool
        Whether to wait for another process that makes the same entry. If false, this process makes
        it, too.

    Attributes
    ----------
    counts : Counter of (str, str)
        Counts of this object alone, by kind and outcome. The outcome is ``found``, ``made``,
        ``damaged`` (the entry was made again, and so counts as made, too) or ``unkept`` (the entry
        was made and could not be written).
    """

    def __init__(self, path: Path | None = None, limit: int = LIMIT, wait: bool = True) -> None:
        self.path = path
        self.limit = limit
        self.wait = wait
        self.counts: Counter[tuple[str, str]] = Counter()
        self._unseen = limit  # bytes written since the last check of the folder; forces a first one

    @property
    def keeps(self) -> bool:
        """Whether the cache has a folder."""
        return self.path is not None

    @property
    def hits(self) -> int:
        """Number of entries that were found, of any kind."""
        return sum(count for (_, outcome), count in self.counts.items() if outcome == "found")

    @property
    def sentence(self) -> str:
        """Sentence for the user that says how many entries were found and made."""
        kinds = sorted({kind for kind, _ in self.counts})
        shares = [
            f"{self.counts[kind, 'found']} of "
            f"{self.counts[kind, 'found'] + self.counts[kind, 'made']} {kind}s"
            for kind in kinds
        ]
        said = f"Cache {self.path}: found {', '.join(shares) if shares else 'nothing (not used)'}."
        damaged, unkept = (
            sum(self.counts[kind, outcome] for kind in kinds) for outcome in ("damaged", "unkept")
        )
        said += f" Damaged, and made again: {damaged}." if damaged else ""
        return said + (f" Could not be written: {unkept}." if unkept else "")

    def get_or_make(self, kind: str, key: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
        """Return the result of `make`, or the same result that any process made before.

        Parameters
        ----------
        kind : str
            Kind of result, one word, which names its folder.
        key : mapping
            All inputs that decide the result, data as digests (see `sim.work.cache.key`). The
            method adds the versions of the code and the libraries, and the processor.
        make : callable
            Returns named arrays. It is called with one thread for linear algebra, because the
            number of threads may decide how sums round.

        Returns
        -------
        dict of str to ndarray
            The named arrays.

        Raises
        ------
        ValueError
            If an array is named ``key``, the name of the array that holds the key.
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
        """Remove the least recently used entries until the rest takes at most `limit` bytes.

        Returns
        -------
        int
            Number of entries removed.
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
        """Remove the temporary files of killed processes."""
        for path in self.path.glob("*/[0-9a-f][0-9a-f]/.*.tmp") if self.path else ():
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    path.unlink()

    def _make(self, kind: str, path: Path, about: str, make: Callable[[], Arrays]) -> Arrays:
        with threadpool_limits(1):
            made = make()
        if _KEY in made:
            raise ValueError(f"Array of a {kind} must not be named {_KEY!r}: the key has that name")
        self.counts[kind, "made"] += 1
        try:
            save_arrays(path, {_KEY: np.frombuffer(about.encode(), np.uint8), **made})
            self._account(path.stat().st_size)
        except (OSError, UserError):
            self.counts[kind, "unkept"] += 1
        return made

    def _account(self, size: int) -> None:
        """Add to the bytes written; trim the folder when they reach 1/16 of the limit."""
        self._unseen += size
        if self._unseen * _SLACK >= self.limit:
            self.trim(self.limit)
            self._unseen = 0


def _read(path: Path, about: str) -> tuple[Arrays | None, bool]:
    """Return the arrays of an entry, or None, and whether a file that is unusable is in place."""
    try:
        arrays = load_arrays(path)
    except UserError:
        return None, path.exists()
    own = arrays.pop(_KEY, np.zeros(0)).tobytes() == about.encode()
    return (arrays, False) if own else (None, True)


#: Cache that keeps nothing: every result is made.
NO_CACHE = Cache()
