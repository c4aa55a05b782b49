# SPDX-License-Identifier: MIT
"""What is known of a trial, as it lies in the storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from sim.explore.search.pulse import BEAT
from sim.explore.space.rung import Rung

__all__ = ["KNOWN", "LOST", "REFERENCE", "TrialRecord"]

# Names of attributes of Optuna's trials: what is known of one, how many workers ended over it, and
# whether it is what others are held against.
KNOWN, LOST, REFERENCE = "known", "lost", "reference"

_STATES = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}

# What is kept under `KNOWN` as it is.
_PLAIN = ("label", "yaml", "static", "cost", "violations", "seconds", "cache_hits", "message")


@dataclass(frozen=True)
class TrialRecord:
    """A trial of an exploration.

    Parameters
    ----------
    number : int
        From 0, in the order in which trials began.
    state : {"waiting", "running", "complete", "pruned", "infeasible", "failed"}
        Pruned is what did not climb on from a rung, infeasible what broke a constraint before
        anything was learnt.
    parameters : mapping of str to value
    label, yaml : str
        The design in a line, and the study that ``engram run`` makes of it.
    static : mapping of str to float
        Objectives that are known before anything is learnt.
    cost : mapping of str to list
        What each is made up of.
    violations : mapping of str to float
        By how much each constraint is broken, over its bound; at most 0 if it is not.
    rungs : tuple of Rung
        Those that it reached, from the lowest.
    seconds : float
        Seconds of the worker that ended it.
    cache_hits : int
        Results that this worker found in its cache.
    message : str
        Why it failed.
    reference : bool
        Whether it is the design that the others are held against.
    worker : str
        Who runs or ran it.
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
        """Return the record of a trial of Optuna."""
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
        # Optuna has one state for what was given up early, for whatever reason.
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
        """Objectives by name; the accuracy, once there is one, is that of the last rung."""
        return self.values_at(len(self.rungs) - 1) if self.rungs else dict(self.static)

    def values_at(self, rung: int) -> dict[str, float]:
        """Return the objectives, the accuracy being that at a rung."""
        return {"accuracy": self.rungs[rung].accuracy, **self.static}

    def known(self) -> dict[str, Any]:
        """Return as plain data what the storage keeps under one name."""
        rungs = [{"accuracies": list(r.accuracies), "by_task": list(r.by_task)} for r in self.rungs]
        return {"rungs": rungs, **{name: getattr(self, name) for name in _PLAIN}}
