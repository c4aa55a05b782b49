# SPDX-License-Identifier: MIT
"""Steps of work that tools do outside Python, several at a time, the largest first."""

import heapq
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Step", "do_steps"]


@dataclass(order=True, frozen=True)
class Step:
    """A piece of work, ordered by what begins first.

    Parameters
    ----------
    rank : tuple
        Steps of a lower rank begin first.
    label : str
        Name for the progress.
    work : callable
        Does the work in a thread, and returns its result.
    then : callable
        Takes the result in the calling thread, and returns the steps that can now begin.
    """

    rank: tuple[int, ...]
    label: str = field(compare=False)
    work: Callable[[], Any] = field(compare=False)
    then: Callable[[Any], Iterable["Step"]] = field(compare=False)


def do_steps(
    steps: Iterable[Step], jobs: int, stop: threading.Event, begin: Callable[[str], object]
) -> None:
    """Do some steps and all that follow from them; the first error ends those under way.

    Parameters
    ----------
    steps : iterable of Step
    jobs : int
        Steps at a time.
    stop : threading.Event
        Set before an error or a signal leaves this function; the work of a step then ends early.
    begin : callable
        Called with the label of a step when it begins.
    """
    ready = list(steps)
    heapq.heapify(ready)
    under_way: dict[Future[Any], Step] = {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while ready or under_way:
                while ready and len(under_way) < jobs:
                    step = heapq.heappop(ready)
                    begin(step.label)
                    under_way[pool.submit(step.work)] = step
                ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in ended:
                    for step in under_way.pop(future).then(future.result()):
                        heapq.heappush(ready, step)
        except BaseException:
            stop.set()
            raise
