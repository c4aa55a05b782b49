# SPDX-License-Identifier: MIT
"""Division of work among threads. Plain threads suffice, because compiled loops release the GIL."""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numba

from golden.params.checks import check_integer

__all__ = ["kept_threads", "run_shares"]

SHARES = 4  # shares per thread, so that others take over the work of a thread that is delayed


def run_shares(
    work: Callable[[int, int], None],
    total: int,
    threads: int | None = None,
    *,
    smallest: int = 1,
    multiple: int = 1,
) -> None:
    """Call ``work(first, last)`` in parallel for shares that together cover ``range(total)``.

    Parameters
    ----------
    work : callable
        Function of a share. It must not call `run_shares` itself.
    total : int
        Number of items.
    threads : int, optional
        Most threads, including the calling one; Numba's number by default.
    smallest : int
        Fewest items of a share, if `total` has as many.
    multiple : int
        All shares but the last have a multiple of this number of items.

    Raises
    ------
    TypeError, ValueError
        If `threads` is not an integer >= 1.
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
    others = [kept_threads(helpers).submit(serve) for _ in range(helpers)]
    serve()
    for other in others:
        other.result()


def kept_threads(threads: int) -> ThreadPoolExecutor:
    """Return a pool of threads that is kept, because its start takes longer than a small product.

    A pool belongs to one process. Threads do not survive a fork, so a child gets its own pool.
    """
    return _pool(threads, os.getpid())


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)
