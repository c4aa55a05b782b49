# SPDX-License-Identifier: MIT
"""Division of work among threads. Plain threads suffice, because compiled loops release the GIL."""

import os
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from queue import SimpleQueue
from threading import Thread

import numba

from golden.params.checks import check_integer

__all__ = ["SHARES", "run_shares", "run_spans"]

SHARES = 4  # shares per thread, so that others take over the work of a thread that is delayed

_Jobs = SimpleQueue[Callable[[], None]]


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
        Function of a share.
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
    run_spans(work, list(zip(cuts, cuts[1:], strict=False)), available)


def run_spans(
    work: Callable[[int, int], None], spans: Sequence[tuple[int, int]], threads: int
) -> None:
    """Call ``work(first, last)`` for each span, on up to `threads` threads with the calling one.

    The caller waits for the spans, not for the threads. So a thread that is late to start delays
    nothing: the others have done its work by then.

    Parameters
    ----------
    work : callable
        Function of a span.
    spans : sequence of (int, int)
        First item and past-the-last item of each.
    threads : int
        Most threads.

    Raises
    ------
    BaseException
        The error of the first span that raised one, when all spans are done. After one that is no
        `Exception`, no span begins.
    """
    waiting, ends = deque(enumerate(spans)), SimpleQueue[int]()
    errors: dict[int, BaseException] = {}

    def serve() -> None:
        while True:
            try:
                number, span = waiting.popleft()
            except IndexError:
                return
            try:
                work(*span)
            except BaseException as error:  # raised by the calling thread
                errors[number] = error
                if not isinstance(error, Exception):  # such as Ctrl-C: begin nothing more
                    while waiting:
                        ends.put(waiting.popleft()[0])
            ends.put(number)

    helpers = min(threads, len(spans)) - 1
    for _ in range(helpers):
        _helpers(helpers, os.getpid()).put(serve)
    serve()
    for _ in spans:
        ends.get()
    if errors:
        raise errors[min(errors)]


@cache
def _helpers(threads: int, process: int) -> _Jobs:
    """Return the queue of threads that are kept, because a start takes longer than a small product.

    They belong to one process. Threads do not survive a fork, so a child gets its own.
    """
    jobs: _Jobs = SimpleQueue()

    def help_out() -> None:
        while True:
            jobs.get()()

    for _ in range(threads):
        Thread(target=help_out, daemon=True).start()
    return jobs
