# SPDX-License-Identifier: MIT
"""A worker: it claims trials and runs them rung by rung until all wanted trials are over."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from time import perf_counter
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import Trial, TrialState
from threadpoolctl import threadpool_limits

from sim.explore.search.problem import Problem
from sim.explore.search.pulse import Heartbeat, Pulse
from sim.explore.search.study import SharedStudy
from sim.explore.search.trials import REFERENCE, TrialRecord
from sim.work.errors import UserError

__all__ = ["Worker"]

# Seconds after which a worker without a trial looks again.
_IDLE = 1.0


class Worker:
    """One process's share of an exploration.

    Parameters
    ----------
    problem : Problem
    study : SharedStudy
    pulse : Pulse
    name : str
        Unique name of the worker.
    """

    def __init__(self, problem: Problem, study: SharedStudy, pulse: Pulse, name: str) -> None:
        self._problem = problem
        self._study = study
        self._pulse = pulse
        self._name = name
        self._claiming = threading.Lock()
        self._trial: Trial | None = None

    def run(self) -> None:
        """Work until all wanted trials are over, including those of other workers."""
        with threadpool_limits(1):
            while not self._study.ended:
                with self._claiming:
                    self._trial = self._study.claim(self._name)
                if self._trial is None:
                    time.sleep(min(_IDLE, self._pulse.interval))
                else:
                    self._run(self._trial)

    def leave(self) -> None:
        """Leave the running trial to other workers and claim no more trials.

        The process must end right after this call. Any thread may call it.
        """
        self._claiming.acquire()
        if self._trial is not None:
            self._study.give_back(self._trial)

    def _run(self, trial: Trial) -> None:
        """Run a trial."""
        # If this worker was silent for a while, another one may have run the trial and been faster.
        with (
            suppress(UpdateFinishedTrialError),
            Heartbeat(lambda n: self._study.renew(trial, self._name, n), self._pulse.interval),
        ):
            _Run(self._problem, self._study, trial).do()


class _Failure(Exception):
    """A design could not be evaluated; the text says why."""


class _Run:
    """A running trial. Its record in the storage is up to date at every moment."""

    def __init__(self, problem: Problem, study: SharedStudy, trial: Trial) -> None:
        self._problem = problem
        self._study = study
        self._trial = trial
        self._record = TrialRecord(number=trial.number, state="running")
        self._start = perf_counter()
        self._hits = problem.cache_hits

    def do(self) -> None:
        """Run the trial to its end."""
        try:
            self._describe()
            if self._record.broken:
                self._study.end(self._trial, TrialState.PRUNED)
            else:
                self._climb()
        except _Failure as failure:
            self._note(message=str(failure))
            self._study.end(self._trial, TrialState.FAIL)

    def _describe(self) -> None:
        with _failing():
            described = self._problem.describe(self._trial.params)
            violations = self._problem.violations(described["static"])
        self._note(**described, violations=violations)

    def _climb(self) -> None:
        with _failing():
            rungs = iter(self._problem.rungs(self._trial.params))
        for number in range(self._problem.last_rung + 1):
            with _failing():
                rung = next(rungs)
            self._note(rungs=(*self._record.rungs, rung))
            if number < self._problem.last_rung and not self._promising(number):
                self._study.end(self._trial, TrialState.PRUNED)
                return
        self._complete()

    def _promising(self, rung: int) -> bool:
        if self._trial.user_attrs.get(REFERENCE):  # the report needs it, even if it is poor
            return True
        rivals = self._study.rivals(self._trial.number, rung)
        return self._problem.promising(self._record.values, rivals)

    def _complete(self) -> None:
        values = self._record.values
        for name, value in values.items():
            if not math.isfinite(value):
                raise _Failure(f"{name} must be a finite number, not {value}")
        violations = self._problem.violations(values)
        if violations != self._record.violations:
            self._note(violations=violations)
        objectives = [values[name] for name in self._problem.objectives]
        self._study.end(self._trial, TrialState.COMPLETE, objectives)

    def _note(self, **news: Any) -> None:
        self._record = replace(
            self._record,
            seconds=perf_counter() - self._start,
            cache_hits=self._problem.cache_hits - self._hits,
            **news,
        )
        self._study.keep(self._trial, self._record)


@contextmanager
def _failing() -> Iterator[None]:
    """Turn every error of a design into the failure of its trial, so that the worker goes on."""
    try:
        yield
    except UserError as error:
        raise _Failure(str(error)) from error
    except Exception as error:
        raise _Failure(f"{type(error).__name__}: {error}") from error
