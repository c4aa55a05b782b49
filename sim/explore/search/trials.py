# SPDX-License-Identifier: MIT
"""The record of a trial, as the storage holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from sim.explore.search.pulse import BEAT
from sim.explore.space.rung import Rung

__all__ = ["KNOWN", "LOST", "REFERENCE", "TrialRecord"]

# Names of attributes of Optuna's trials: the record, the number of workers that died during the
# trial, and whether the trial is the reference.
KNOWN, LOST, REFERENCE = "known", "lost", "reference"

_STATES = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}

# Fields that are stored under `KNOWN` without a change.
_PLAIN = ("label", "yaml", "static", "cost", "violations", "seconds", "cache_hits", "message")


@dataclass(frozen=True)
class TrialRecord:
    """A trial of an exploration.

    Parameters
    ----------
    number : int
        Number from 0, in the order in which the trials began.
    state : {"waiting", "running", "complete", "pruned", "infeasible", "failed"}
        A pruned trial stopped at a rung. An infeasible one broke a constraint before anything was
        learnt.
    parameters : mapping of str to value
    label, yaml : str
        The design in one line, and its study as YAML for ``engram run``.
    static : mapping of str to float
        Objectives that are known before anything is learnt.
    cost : mapping of str to list
        Largest parts of every static objective.
    violations : mapping of str to float
        Excess over each constraint, relative to its bound; at most 0 if it is kept.
    rungs : tuple of Rung
        The rungs that it reached, from the lowest.
    seconds : float
        Time (s) that the worker took which ended the trial.
    cache_hits : int
        Number of results that this worker found in its cache.
    message : str
        Why it failed.
    reference : bool
        Whether it is the reference, with which the others are compared.
    worker : str
        Name of the worker that runs it or ran it.
    """

    number: int
    state: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    yaml: str = ""
    static: Mapping[str, float] = field(default_factory=dict)
    cost: Mapping[str, list[Any]] = field(default_factory=dict)
    violations: Mapping[str, float] = field(default_factory=dict)
    rungs: tuple[Rung, ...] = ()
    seconds: float = 0.0
    cache_hits: int = 0
    message: str = ""
    reference: bool = False
    worker: str = ""

    @classmethod
    def of(cls, trial: FrozenTrial) -> "TrialRecord":
        """Return the record of a trial of Optuna.

        Raises
        ------
        AttributeError, KeyError, TypeError, ValueError
            If what is stored with the trial is no record.
        """
        known = trial.user_attrs.get(KNOWN, {})
        rungs = tuple(
            Rung(number, tuple(rung["accuracies"]), tuple(rung["by_task"]))
            for number, rung in enumerate(known.get("rungs", ()))
        )
        record = cls(
            number=trial.number,
            state=_STATES[trial.state],
            parameters=dict(trial.params),
            rungs=rungs,
            reference=trial.user_attrs.get(REFERENCE, False),
            worker=trial.user_attrs.get(BEAT, "").partition("#")[0],
            **{name: known[name] for name in _PLAIN if name in known},
        )
        if record.state == "complete" and not record.rungs:
            raise ValueError("it is complete and has no accuracy")
        # Optuna has a single state for trials that stop early, whatever the reason.
        broken_early = record.state == "pruned" and record.broken
        return replace(record, state="infeasible") if broken_early else record

    @property
    def broken(self) -> list[str]:
        """The constraints that it breaks."""
        return [text for text, excess in self.violations.items() if excess > 0]

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.state not in ("waiting", "running")

    @property
    def values(self) -> dict[str, float]:
        """Objectives by name. The accuracy is that of the last rung, absent before the first."""
        return self.values_at(len(self.rungs) - 1) if self.rungs else dict(self.static)

    def values_at(self, rung: int) -> dict[str, float]:
        """Return the objectives with the accuracy at a rung."""
        return {"accuracy": self.rungs[rung].accuracy, **self.static}

    def known(self) -> dict[str, Any]:
        """Return the part of the record that is stored under `KNOWN`, as plain data."""
        rungs = [{"accuracies": list(r.accuracies), "by_task": list(r.by_task)} for r in self.rungs]
        return {"rungs": rungs, **{name: getattr(self, name) for name in _PLAIN}}
