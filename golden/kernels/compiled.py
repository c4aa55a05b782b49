# SPDX-License-Identifier: MIT
"""Numba's compiler as all kernels use it; it keeps what it made where that is possible."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import config, njit

__all__ = ["compiled"]

if config.DISABLE_JIT:  # pyright: ignore[reportAttributeAccessIssue]
    raise ImportError(
        "golden.kernels needs Numba's compiler, because its vectors exist only "
        "compiled: NUMBA_DISABLE_JIT must be 0 or unset"
    )


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that compiles a kernel at its first call, for calls without the GIL.

    Numba keeps machine code beside the source or in the home of the user. Where it may write
    neither, as in a read-only install without a home, every process compiles anew. Kept code holds
    whatever the kernel calls and the constants it names, so that a change in any file of `golden`
    makes it anew; Numba itself looks at the kernel's own file alone.

    Parameters
    ----------
    options
        Further options of `numba.njit`.
    """

    def decorate(kernel: Callable[..., Any]) -> Any:
        try:
            made: Any = njit(cache=True, nogil=True, **options)(kernel)
        except RuntimeError:  # there is no folder for the cache
            return njit(nogil=True, **options)(kernel)
        index = made._cache._cache_file
        index._source_stamp = (index._source_stamp, _sources())
        return made

    return decorate


@cache
def _sources() -> str:
    """Return a hash of all source files of `golden`."""
    sha = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        sha.update(path.name.encode() + path.read_bytes())
    return sha.hexdigest()
