# SPDX-License-Identifier: MIT
"""Trials that many workers share: claimed once each, given back, pruned, failed, and counted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from sim.explore.search.pulse import Heartbeat, Pulse, Watch
from sim.explore.search.samplers import Plan, sampler_of
from sim.explore.search.study import MOST_LOST, SharedStudy
from sim.explore.search.trials import TrialRecord
from sim.explore.search.worker import Worker
from sim.explore.search.workers import Workers
from sim.explore.storage.storage import Storage
from sim.work.errors import UserError
from verification.sim.small_exploration import POINTS, Sampler, SmallProblem

Join = Callable[..., SharedStudy]


@pytest.fixture
def join(tmp_path: Path) -> Iterator[Join]:
    """Join the exploration of a small problem as one more process would."""
    with ExitStack() as opened:

        def call(problem: SmallProblem, trials: int, grace: float = 60.0) -> SharedStudy:
            storage = Storage.at(f"journal:///{tmp_path / 'study.log'}")
            return opened.enter_context(SharedStudy(problem, storage, trials, grace))

        yield call


def work(problem: SmallProblem, study: SharedStudy, name: str = "me") -> list[TrialRecord]:
    Worker(problem, study, Pulse(), name).run()
    return study.records()


def row(number: int, beat: str, state: TrialState = TrialState.RUNNING) -> FrozenTrial:
    trial = optuna.trial.create_trial(state=state, user_attrs={"beat": beat})
    trial.number = number
    return trial


class TestWatch:
    def test_silent_is_what_has_not_changed_for_the_grace(self) -> None:
        times = iter([0.0, 5.0, 9.0, 11.0, 21.1])
        watch = Watch(10.0, lambda: next(times))
        assert watch.silent([row(0, "a#0"), row(1, "b#0")]) == []
        assert watch.silent([row(0, "a#1"), row(1, "b#0")]) == []
        assert watch.silent([row(0, "a#1"), row(1, "b#0")]) == []
        assert [t.number for t in watch.silent([row(0, "a#1"), row(1, "b#0")])] == [1]
        assert [t.number for t in watch.silent([row(0, "a#1"), row(1, "b#1")])] == [0]

    def test_trial_that_nobody_runs_is_not_silent(self) -> None:
        times = iter([0.0, 100.0])
        watch = Watch(10.0, lambda: next(times))
        rows = [row(0, "", TrialState.WAITING), row(1, "a#1", TrialState.PRUNED)]
        assert watch.silent(rows) == []
        assert watch.silent(rows) == []


class TestHeartbeat:
    def test_signs_are_given_until_the_end_whatever_the_storage_says(self) -> None:
        counts: list[int] = []

        def renew(count: int) -> None:
            counts.append(count)
            raise StorageInternalError if count % 2 else OSError

        with Heartbeat(renew, 0.01):
            while len(counts) < 4:
                pass
        assert counts[:4] == [1, 2, 3, 4]

    def test_signs_end_with_the_trial(self) -> None:
        counts: list[int] = []

        def renew(count: int) -> None:
            counts.append(count)
            raise UpdateFinishedTrialError

        heartbeat = Heartbeat(renew, 0.001)
        with heartbeat:
            heartbeat._thread.join(10)
            assert not heartbeat._thread.is_alive()
        assert counts == [1]


def test_trials_are_as_many_as_wanted_whoever_asks(join: Join) -> None:
    problem = SmallProblem()
    studies = [join(problem, 5) for _ in range(3)]
    claimed = [study.claim(f"worker {i}") for i in range(3) for study in studies]
    numbers = [trial.number for trial in claimed if trial is not None]
    assert sorted(numbers) == [0, 1, 2, 3, 4]
    assert len(studies[0].records()) == 5
    assert not studies[0].ended


def test_study_goes_on_where_more_trials_are_wanted(join: Join) -> None:
    problem = SmallProblem()
    first = work(problem, join(problem, 3))
    again = work(problem, join(problem, 3))
    assert again == first
    more = work(problem, join(problem, 5))
    assert more[:3] == first
    assert len(more) == 5


@pytest.mark.parametrize("name", ["random", "tpe", "nsga2"])
def test_points_do_not_depend_on_how_often_the_search_was_killed(tmp_path: Path, name: str) -> None:
    problem = SmallProblem(sampler=Sampler(name, seed=3))
    parameters = []
    for stops in ([14], [3, 4, 9, 14]):
        storage = Storage.at(f"journal:///{tmp_path / str(len(stops))}")
        records: list[TrialRecord] = []
        for trials in stops:
            with SharedStudy(problem, storage, trials, 60) as study:
                records = work(problem, study)
        parameters.append([record.parameters for record in records])
    assert parameters[0] == parameters[1]
    assert len({str(p) for p in parameters[0]}) > 4


def test_samplers_propose_by_seed_and_number_of_the_trial() -> None:
    def first(seed: int, number: int) -> float:
        study = optuna.create_study(sampler=sampler_of(Sampler("random", seed), number))
        return study.ask().suggest_float("x", 0, 1)

    assert first(0, 1) == first(0, 1)
    assert len({first(seed, number) for seed in range(3) for number in range(3)}) == 9


@pytest.mark.parametrize("trials", [len(POINTS), 1000], ids=["as many", "more"])
def test_grid_tries_every_point_once(join: Join, trials: int) -> None:
    problem = SmallProblem(sampler=Sampler("grid"))
    records = work(problem, join(problem, trials))
    assert sorted(str(r.parameters) for r in records) == sorted(map(str, POINTS))


def test_grid_of_fewer_trials_is_of_everywhere() -> None:
    plans = [Plan(None, POINTS, seed) for seed in range(20)]
    assert {plan.limit(3) for plan in plans} == {3}
    firsts = [plan.row(0) for plan in plans]
    assert len({str(point) for point in firsts}) > 5


@pytest.mark.parametrize("name", ["grid", "tpe"])
def test_reference_is_the_first_trial_and_no_other(join: Join, name: str) -> None:
    problem = SmallProblem(sampler=Sampler(name), reference=POINTS[5])
    records = work(problem, join(problem, len(POINTS) if name == "grid" else 4))
    assert records[0].parameters == POINTS[5]
    assert [record.reference for record in records] == [True] + [False] * (len(records) - 1)
    if name == "grid":
        assert sorted(str(r.parameters) for r in records) == sorted(map(str, POINTS))


def test_trial_that_is_given_back_keeps_its_parameters(join: Join) -> None:
    study = join(SmallProblem(), 4)
    first = study.claim("one")
    assert first is not None
    study.give_back(first)
    assert study.records()[0].state == "waiting"
    again = study.claim("other")
    assert again is not None
    assert (again.number, again.params) == (first.number, first.params)
    assert study.records()[0].worker == "other"


def test_only_the_trial_of_the_dead_worker_is_given_back(join: Join) -> None:
    study = join(SmallProblem(), 4)
    study.claim("host:1:a")
    study.claim("host:12:a")
    assert study.bury("host:1:a") == 1
    assert [record.state for record in study.records()] == ["waiting", "running"]
    assert study.bury("host:1:a") == 0


def test_silent_worker_loses_its_trial_and_a_slow_one_may_still_end_it(join: Join) -> None:
    problem = SmallProblem()
    slow, other = join(problem, 1, grace=0.0), join(problem, 1, grace=0.0)
    held = slow.claim("slow")
    assert held is not None
    assert other.claim("other") is None  # looked at for the first time: no telling yet
    taken = other.claim("other")
    assert taken is not None
    assert taken.number == held.number
    slow.end(held, TrialState.COMPLETE, [1.0, 2.0])
    with pytest.raises(UpdateFinishedTrialError):
        other.end(taken, TrialState.COMPLETE, [1.0, 2.0])
    assert len(other._rows()) == 1
    assert other.ended


def test_trial_that_ends_its_workers_fails_in_the_end(join: Join) -> None:
    study = join(SmallProblem(), 1)
    for lost in range(MOST_LOST):
        assert not study.ended
        assert study.claim(f"worker {lost}") is not None
        study.bury(f"worker {lost}")
    assert study.ended
    record = study.records()[0]
    assert record.state == "failed"
    assert record.message == f"{MOST_LOST} workers died during it, perhaps because memory ran out"
    assert study.claim("another") is None


def test_design_that_breaks_a_constraint_is_not_learnt(join: Join, tmp_path: Path) -> None:
    problem = SmallProblem(sampler=Sampler("grid"), limit=4.0, log=tmp_path / "log")
    study = join(problem, 100)
    records = work(problem, study)
    broken = [record for record in records if record.static["bits"] > 4]
    assert broken
    for record in broken:
        assert record.state == "infeasible"
        assert record.broken == ["bits <= 4"]
        assert record.rungs == ()
    learnt = {line.partition(" ")[2] for line in (tmp_path / "log").read_text().splitlines()}
    assert learnt == {record.label for record in records if record.static["bits"] <= 4}
    told = {trial.number: trial.constraints for trial in study._rows()}
    assert {n for n, constraints in told.items() if constraints} == {r.number for r in broken}


def test_designs_of_no_promise_are_pruned_at_their_rung(join: Join) -> None:
    problem = SmallProblem(sampler=Sampler("grid"))
    records = work(problem, join(problem, 100))
    best: list[TrialRecord] = []
    for record in records:
        if record.state == "infeasible":
            continue
        rivals = [other.values_at(0) for other in best]
        promising = problem.promising(record.values_at(0), rivals)
        assert record.state == ("complete" if promising else "pruned")
        assert len(record.rungs) == (problem.last_rung + 1 if promising else 1)
        best.append(record)
    assert {record.state for record in best} == {"complete", "pruned"}


def test_reference_goes_through_all_rungs_whatever_it_is_worth(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SmallProblem, "promising", lambda *_: False)
    problem = SmallProblem(sampler=Sampler("grid"), reference=POINTS[1])
    records = work(problem, join(problem, 50))
    assert [r.number for r in records if r.state == "complete"] == [
        r.number for r in records if r.reference
    ]


def test_rivals_at_a_rung_are_those_that_reached_it(join: Join) -> None:
    problem = SmallProblem(sampler=Sampler("grid"))
    study = join(problem, 100)
    records = work(problem, study)
    for rung in range(problem.last_rung + 1):
        reached = [r for r in records if len(r.rungs) > rung and r.number != 0]
        assert study.rivals(0, rung) == [
            {"accuracy": r.rungs[rung].accuracy, "bits": r.static["bits"]} for r in reached
        ]


def test_design_that_fails_is_counted_and_says_why(join: Join) -> None:
    problem = SmallProblem(sampler=Sampler("grid"), fails="stored", limit=100.0)
    records = work(problem, join(problem, 100))
    assert len(records) == len(POINTS)
    for record in records:
        failed = record.parameters["replay"] == "stored"
        assert record.state == ("failed" if failed else "complete")
        assert record.message == ("stored cannot be learnt" if failed else "")


class Odd(SmallProblem):
    """A problem with a fault in its program."""

    def describe(self, parameters: Any) -> dict[str, Any]:
        raise ZeroDivisionError("division by zero")


class Boundless(SmallProblem):
    def describe(self, parameters: Any) -> dict[str, Any]:
        return {**super().describe(parameters), "static": {"bits": float("-inf")}}


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (Odd(), "ZeroDivisionError: division by zero"),
        (Boundless(), "accuracy must be a finite number, not -inf"),
    ],
    ids=["fault", "no number"],
)
def test_fault_of_a_program_is_the_failure_of_the_trial(
    join: Join, problem: SmallProblem, message: str
) -> None:
    records = work(problem, join(problem, 2))
    assert [(record.state, record.message) for record in records] == [("failed", message)] * 2


def test_record_holds_what_was_known_and_reached(join: Join) -> None:
    problem = SmallProblem(sampler=Sampler("grid"), reference=POINTS[2])
    study = join(problem, 1)
    record = work(problem, study, "host:7:x")[0]
    assert record.parameters == {"replay": "mixture", "mixture.width": 3}
    assert record.label == "mixture 3"
    assert record.yaml == "# mixture 3\n"
    assert record.values == {"accuracy": 68.0, "bits": 3.0}
    assert [rung.accuracy for rung in record.rungs] == [66.0, 67.0, 68.0]
    assert [(rung.rung, rung.seeds, rung.spread) for rung in record.rungs] == [
        (0, 1, None),
        (1, 1, None),
        (2, 1, None),
    ]
    assert record.cost == {"bits": [{"name": "all", "value": 3.0}]}
    assert record.cache_hits == 3
    assert record.worker == "host:7:x"
    assert study._rows()[0].values == [68.0, 3.0]


def test_values_of_optuna_are_in_the_order_of_the_objectives(join: Join) -> None:
    problem = SmallProblem(objectives={"bits": "minimize", "accuracy": "maximize"})
    study = join(problem, 3)
    work(problem, study)
    rows = [row for row in study._rows() if row.state == TrialState.COMPLETE]
    directions = [direction.name for direction in study._study.directions]
    assert directions == ["MINIMIZE", "MAXIMIZE"]
    assert np.all([row.values[0] < row.values[1] for row in rows])


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    storage = Storage.at(f"journal:///{tmp_path / 'study.log'}")
    with Workers(SmallProblem(), storage, trials=2, jobs=1, pulse=Pulse()) as found:
        yield found


def test_storage_that_fails_on_the_way_is_named(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> list[FrozenTrial]:
        raise StorageInternalError("commit failed") from OSError("disk full\nand more")

    monkeypatch.setattr(workers.study, "_rows", fail)
    with pytest.raises(UserError, match=rf"^journal:///{tmp_path}/study\.log fails: disk full$"):
        workers.run(lambda records: None)


@pytest.mark.parametrize(("trials", "over", "started"), [(1, 0, 1), (3, 1, 2), (2, 2, 0)])
def test_processes_are_no_more_than_the_trials_left(
    tmp_path: Path, trials: int, over: int, started: int
) -> None:
    storage = Storage.at(f"journal:///{tmp_path / 'study.log'}")
    with SharedStudy(SmallProblem(), storage, over, 60) as study:
        Worker(SmallProblem(), study, Pulse(), "me").run()
    with Workers(SmallProblem(), storage, trials, jobs=8, pulse=Pulse()) as workers:
        workers._start_missing()
        found = len(workers._processes)
        workers._end_all()
    assert found == started


def test_process_that_ends_again_and_again_is_not_started_for_ever(workers: Workers) -> None:
    with pytest.raises(UserError, match="ended from outside before it had a trial, perhaps becaus"):
        workers._bury("host:1:a", -9)
    with pytest.raises(UserError, match="Worker host:1:a ended with status 2; its message says"):
        workers._bury("host:1:a", 2)
    workers.study.claim("host:1:a")
    workers._bury("host:1:a", -9)
    assert [record.state for record in workers.study.records()] == ["waiting"]


def test_span_is_from_the_first_beginning_to_the_last_end(join: Join) -> None:
    study = join(SmallProblem(sampler=Sampler("grid"), seconds=0.01), 3)
    assert study.span == 0
    records = work(SmallProblem(sampler=Sampler("grid"), seconds=0.01), study)
    assert study.span >= sum(record.seconds for record in records) > 0
