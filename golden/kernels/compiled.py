# SPDX-License-Identifier: MIT
"""Numba's compiler as all kernels use it; it keeps what it made where that is possible."""

from collections.abc import Callable
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
    neither, as in a read-only install without a home, every process compiles anew.

    Parameters
    ----------
    options
        Further options of `numba.njit`.
    """

    def decorate(kernel: Callable[..., Any]) -> Any:
        try:
            return njit(cache=True, nogil=True, **options)(kernel)
        except RuntimeError:  # there is no folder for the cache
            return njit(nogil=True, **options)(kernel)

    return decorate
