# SPDX-License-Identifier: MIT
"""A study of Optuna that many processes share: every trial is one row, and one worker claims it.

Rows are numbered from 0, and there are never more rows than wanted trials. Workers claim trials
under the lock of the storage. If a worker falls silent, its row is given back with its parameters,
and the next worker claims it. So no trial is lost, and none counts twice.
"""

from collections.abc import Sequence
from contextlib import ExitStack, suppress

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from sim.explore.search.problem import Problem
from sim.explore.search.pulse import BEAT, Watch
from sim.explore.search.samplers import sampler_of
from sim.explore.search.trials import KNOWN, LOST, REFERENCE, TrialRecord
from sim.explore.storage.storage import Storage
from sim.work.errors import UserError

__all__ = ["SharedStudy", "check_joinable"]

#: Number of workers that may die during a trial before it counts as failed.
MOST_LOST = 3

_IDENTITY = "identity"

optuna.logging.set_verbosity(optuna.logging.ERROR)


class SharedStudy:
    """The trials of a problem in a storage, as one process sees and changes them; a context.

    Parameters
    ----------
    problem : Problem
    storage : Storage
        Created if it does not exist.
    trials : int
        Number of trials that all processes together are to run. A grid runs at most all of its
        points.
    grace : float
        Seconds of silence after which a worker counts as dead.

    Raises
    ------
    UserError
        If the storage cannot be used, or holds a different study of the same name. The storage is
        then unchanged.
    """

    def __init__(self, problem: Problem, storage: Storage, trials: int, grace: float) -> None:
        self._problem = problem
        self._storage = storage
        self._plan = problem.plan()
        self._watch = Watch(grace)
        self.limit = self._plan.limit(trials)
        with ExitStack() as opening:
            with storage.exclusively():
                storage.check()
                self._study = self._joined(opening.enter_context(storage.opened()))
            self._opened = opening.pop_all()
        self._backend = self._study._storage

    def __enter__(self) -> "SharedStudy":
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    def records(self) -> list[TrialRecord]:
        """Return the records of all trials, ordered by number."""
        return _records(self._rows(), self._storage)

    @property
    def ended(self) -> bool:
        """Whether all wanted trials are over."""
        return self.left == 0

    @property
    def left(self) -> int:
        """Number of wanted trials that are not over."""
        return self.limit - sum(row.state.is_finished() for row in self._rows()[: self.limit])

    @property
    def span(self) -> float:
        """Seconds from the start of the first trial to the end of the last finished one."""
        starts = [row.datetime_start for row in self._rows() if row.datetime_start]
        ends = [row.datetime_complete for row in self._rows() if row.datetime_complete]
        return (max(ends) - min(starts)).total_seconds() if ends else 0.0

    def claim(self, worker: str) -> Trial | None:
        """Claim a trial for this worker and choose its parameters.

        Returns
        -------
        optuna.trial.Trial or None
            None if no trial is free now. One may become free later, if another worker dies.
        """
        if not self._anything_to_claim():
            return None
        with self._storage.exclusively():
            for row in self._watch.silent(self._rows()):
                self._give_back_lost(row)
            rows = self._rows()
            number = next((r.number for r in rows if r.state == TrialState.WAITING), len(rows))
            if number >= self.limit:
                return None
            if number == len(rows):
                self._settle(number)
            self._study.sampler = sampler_of(self._problem.sampler, number)
            trial = self._study.ask()
            self._problem.suggest(trial)
            self.renew(trial, worker, 0)
            return trial

    def renew(self, trial: Trial, worker: str, count: int) -> None:
        """Give a heartbeat of the worker that runs a trial.

        Parameters
        ----------
        trial : optuna.trial.Trial
        worker : str
            Name of the worker.
        count : int
            Number of heartbeats that it has given for this trial before.
        """
        self._backend.set_trial_user_attr(trial._trial_id, BEAT, f"{worker}#{count}")

    def keep(self, trial: Trial, record: TrialRecord) -> None:
        """Store what is known about a trial so far.

        Raises
        ------
        optuna.exceptions.UpdateFinishedTrialError
            If the trial is over. This worker was silent for a while, another one took the trial,
            and it was faster.
        """
        self._backend.set_trial_user_attr(trial._trial_id, KNOWN, record.known())
        if record.broken:
            self._constrain(trial, record)

    def end(self, trial: Trial, state: TrialState, values: Sequence[float] | None = None) -> None:
        """End a trial; raises as `keep` does.

        Parameters
        ----------
        trial : optuna.trial.Trial
        state : optuna.trial.TrialState
            Final state of the trial.
        values : sequence of float, optional
            Values of a complete trial, in the order of the objectives and in their units.
        """
        self._backend.set_trial_state_values(trial._trial_id, state, values)

    def rivals(self, number: int, rung: int) -> list[dict[str, float]]:
        """Return the values at a rung of all other trials that reached it."""
        return [
            record.values_at(rung)
            for record in self.records()
            if record.number != number and len(record.rungs) > rung
        ]

    def give_back(self, trial: Trial) -> None:
        """Leave a trial and its parameters to another worker."""
        self._wait(trial)

    def bury(self, worker: str, blame: bool = True) -> int:
        """Give back the trials of a worker that is known to be dead; return their number.

        Parameters
        ----------
        worker : str
            Name of the worker.
        blame : bool
            Whether the trial may have killed the worker. A trial that may have killed `MOST_LOST`
            workers counts as failed.
        """
        with self._storage.exclusively():
            rows = [
                row
                for row in self._rows()
                if row.state == TrialState.RUNNING
                and row.user_attrs.get(BEAT, "").startswith(f"{worker}#")
            ]
            for row in rows:
                if blame:
                    self._give_back_lost(row)
                else:
                    self._wait(row)
        return len(rows)

    def _wait(self, trial: Trial | FrozenTrial) -> None:
        with suppress(UpdateFinishedTrialError):
            self._backend.set_trial_state_values(trial._trial_id, TrialState.WAITING)

    def _constrain(self, trial: Trial, record: TrialRecord) -> None:
        """Tell the sampler about broken constraints; it takes all others as kept."""
        told = self._backend.get_trial(trial._trial_id).constraints
        for text in record.broken:
            if text not in told:
                trial.set_constraint(text, record.violations[text])

    def _rows(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _anything_to_claim(self) -> bool:
        """Look without the lock, because many idle workers would otherwise keep the lock busy."""
        rows = self._rows()
        waiting = any(row.state == TrialState.WAITING for row in rows)
        return bool(len(rows) < self.limit or waiting or self._watch.silent(rows))

    def _settle(self, number: int) -> None:
        """Give the next trial its planned parameters, if it has any."""
        parameters = self._plan.row(number)
        if parameters is not None:
            reference = {REFERENCE: True} if self._plan.is_reference(number) else {}
            self._study.enqueue_trial(parameters, user_attrs=reference)

    def _give_back_lost(self, row: FrozenTrial) -> None:
        lost = row.user_attrs.get(LOST, 0) + 1
        with suppress(UpdateFinishedTrialError):
            self._backend.set_trial_user_attr(row._trial_id, LOST, lost)
            if lost < MOST_LOST:
                self._backend.set_trial_state_values(row._trial_id, TrialState.WAITING)
                return
            known = {
                **row.user_attrs.get(KNOWN, {}),
                "message": f"{lost} workers died during it, perhaps because memory ran out",
            }
            self._backend.set_trial_user_attr(row._trial_id, KNOWN, known)
            self._backend.set_trial_state_values(row._trial_id, TrialState.FAIL)

    def _joined(self, backend: BaseStorage) -> optuna.Study:
        """Return the study with the problem's name; create it if there is none."""
        name = self._problem.name
        if name not in (study.study_name for study in backend.get_all_studies()):
            return self._begun(backend)
        study = optuna.load_study(study_name=name, storage=backend)
        if _IDENTITY not in study.user_attrs and not study.get_trials(deepcopy=False):
            return self._marked(study)  # its creator was killed before it stored the identity
        _check_study(study, self._problem, self._storage)
        return study

    def _begun(self, backend: BaseStorage) -> optuna.Study:
        study = optuna.create_study(
            study_name=self._problem.name,
            storage=backend,
            directions=list(self._problem.objectives.values()),
        )
        return self._marked(study)

    def _marked(self, study: optuna.Study) -> optuna.Study:
        study.set_user_attr(_IDENTITY, dict(self._problem.identity))
        return study


def check_joinable(problem: Problem, storage: Storage) -> None:
    """Make sure that a storage and the problem's study in it, if there is one, can be used.

    Nothing is created. Of a server only the tables are checked.

    Parameters
    ----------
    problem : Problem
    storage : Storage

    Raises
    ------
    UserError
        If the storage cannot be used or is damaged, or holds a different study of the same name.
    """
    with storage.exclusively():
        storage.check()
        if storage.begun:
            with storage.opened() as backend:
                names = [study.study_name for study in backend.get_all_studies()]
                if problem.name in names:
                    study = optuna.load_study(study_name=problem.name, storage=backend)
                    if _IDENTITY in study.user_attrs or study.get_trials(deepcopy=False):
                        _check_study(study, problem, storage)


def _check_study(study: optuna.Study, problem: Problem, storage: Storage) -> None:
    """Refuse a study of another problem, and one with damaged trials."""
    found = study.user_attrs.get(_IDENTITY)
    for key, value in problem.identity.items():
        if not isinstance(found, dict) or found.get(key) != value:
            raise UserError(
                f"{storage} has an exploration {problem.name!r} of another {key}: give this one "
                "another name (--set name=...), or another --storage"
            )
    _records(study.get_trials(deepcopy=False), storage)


def _records(rows: Sequence[FrozenTrial], storage: Storage) -> list[TrialRecord]:
    records = []
    for row in rows:
        try:
            records.append(TrialRecord.of(row))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{storage} is damaged: trial {row.number} has no valid record ({error}). Put a "
                "sound copy in its place, or name another --storage"
            ) from error
    return records
