# SPDX-License-Identifier: MIT
"""Signs of life: a worker renews a mark on its trial, and whoever sees it no more renewed says so.

A mark is compared with what it was before, never with a clock: those of two machines may differ.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

__all__ = ["BEAT", "Heartbeat", "Pulse", "Watch"]

#: Name of the attribute of a trial that holds its worker and how often it has given a sign of life.
BEAT = "beat"


@dataclass(frozen=True)
class Pulse:
    """How often workers give signs of life.

    Parameters
    ----------
    grace : float
        Seconds of silence after which a worker counts as dead. One that is only slow does no
        harm: its trial is run twice then, with one result.
    """

    grace: float = 60.0

    @property
    def interval(self) -> float:
        """Seconds from one sign to the next."""
        return self.grace / 6


class Watch:
    """Which running trials have been silent for too long.

    Parameters
    ----------
    grace : float
        Seconds.
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._grace = grace
        self._clock = clock
        self._seen: dict[int, tuple[str, float]] = {}

    def silent(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Return those whose mark has not changed for the grace, as long as this was looking."""
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
    """Context in which signs of life are given by a thread of their own.

    Parameters
    ----------
    renew : callable
        Renews the mark; told how often it has been.
    interval : float
        Seconds.
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
                continue  # it may answer the next time; if not, the worker itself will say so
