# SPDX-License-Identifier: MIT
"""Heartbeats: a worker renews a mark on its trial, and the others detect a mark that stays equal.

A mark is compared with its earlier value and never with a clock, because clocks of two machines
may differ.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

__all__ = ["BEAT", "Heartbeat", "Pulse", "Watch"]

#: Attribute of a trial that holds the name of its worker and the number of its heartbeats.
BEAT = "beat"


@dataclass(frozen=True)
class Pulse:
    """Timing of the heartbeats.

    Parameters
    ----------
    grace : float
        Seconds of silence after which a worker counts as dead. A worker that is only slow does no
        harm: its trial then runs twice and has one result.
    """

    grace: float = 60.0

    @property
    def interval(self) -> float:
        """Seconds from one heartbeat to the next."""
        return self.grace / 6


class Watch:
    """Watch that finds running trials without a heartbeat.

    Parameters
    ----------
    grace : float
        Seconds of silence that are allowed.
    clock : callable
        Returns seconds that never decrease.
    """

    def __init__(self, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._grace = grace
        self._clock = clock
        self._seen: dict[int, tuple[str, float]] = {}

    def silent(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Return the running trials whose mark this watch has seen unchanged for the grace."""
        now = self._clock()
        running = [trial for trial in trials if trial.state == TrialState.RUNNING]
        seen: dict[int, tuple[str, float]] = {}
        for trial in running:
            beat = trial.user_attrs.get(BEAT, "")
            before, since = self._seen.get(trial.number, (None, now))
            seen[trial.number] = (beat, since if beat == before else now)
        self._seen = seen
        return [trial for trial in running if now - seen[trial.number][1] > self._grace]


class Heartbeat:
    """Context in which a separate thread gives the heartbeats.

    Parameters
    ----------
    renew : callable
        Renews the mark. Its argument is the number of heartbeats, from 1.
    interval : float
        Seconds from one heartbeat to the next.
    """

    def __init__(self, renew: Callable[[int], None], interval: float) -> None:
        self._renew = renew
        self._interval = interval
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        count = 0
        while not self._over.wait(self._interval):
            count += 1
            try:
                self._renew(count)
            except UpdateFinishedTrialError:
                return
            except (StorageInternalError, OSError):
                continue  # the storage may answer the next time; if not, the worker itself fails
