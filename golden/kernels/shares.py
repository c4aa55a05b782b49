# SPDX-License-Identifier: MIT
"""Division of work among threads; compiled loops release the interpreter, so plain threads do."""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numba

from golden.params.checks import check_integer

__all__ = ["run_shares"]

SHARES = 4  # a thread, so that one that wakes late or is interrupted leaves its work to the others


def run_shares(
    work: Callable[[int, int], None],
    total: int,
    threads: int | None = None,
    *,
    smallest: int = 1,
    multiple: int = 1,
) -> None:
    """Call ``work(first, last)`` for shares that together cover ``range(total)``, side by side.

    Parameters
    ----------
    work : callable
        Must not call this function itself.
    total : int
    threads : int, optional
        At most this many threads, the calling one included; Numba's number by default.
    smallest : int
        Least items of a share, as far as `total` has them.
    multiple : int
        All shares but the last hold a multiple of this.

    Raises
    ------
    TypeError, ValueError
        If `threads` is no integer >= 1.
    """
    available = numba.get_num_threads() if threads is None else threads
    check_integer("Threads", available, 1)
    count = 1 if available == 1 else max(1, min(SHARES * available, total // smallest))
    units = -(-total // multiple)
    cuts = [min(total, units * i // count * multiple) for i in range(count + 1)]
    shares = deque(zip(cuts, cuts[1:], strict=False))

    def serve() -> None:
        while True:
            try:
                first, last = shares.popleft()
            except IndexError:
                return
            work(first, last)

    helpers = min(available, count) - 1
    others = [_workers(helpers, os.getpid()).submit(serve) for _ in range(helpers)]
    serve()
    for other in others:
        other.result()


@cache
def _workers(threads: int, process: int) -> ThreadPoolExecutor:
    """Return threads kept for the next call, as starting them takes longer than a small product.

    They belong to one process: in a forked child there are none, and it gets its own.
    """
    return ThreadPoolExecutor(threads)
