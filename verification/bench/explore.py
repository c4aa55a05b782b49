# SPDX-License-Identifier: MIT
"""Explorations: trials an hour with and without cache and pruning, and with two processes."""

import tempfile
from pathlib import Path

from sim.explore.designs.problem import DesignProblem
from sim.explore.search.problem import Problem
from sim.explore.search.pulse import Pulse
from sim.explore.search.workers import Workers
from sim.explore.space.settings import load_explore
from sim.explore.storage.storage import Storage
from verification.bench.harness import Table
from verification.sim.small_exploration import POINTS, Sampler, SmallProblem

__all__ = ["run"]

SPACE = "digits"

# Random proposals depend only on the number of a trial, so all contestants run the same designs.
SAME = ("sampler.name=random",)

# With a single rung, every design is learnt to the end.
UNPRUNED = ("fidelity.rungs=[{seeds: 2}]",)


def run(quick: bool = False) -> list[Table]:
    """Return the tables of this benchmark."""
    return [_sharing(8 if quick else 100), _scaling(8 if quick else 60, 0.05 if quick else 0.5)]


def _sharing(trials: int) -> Table:
    """Run the same designs with and without cache and pruning, on two processes."""
    contestants = {
        "neither": (False, UNPRUNED),
        "pruning": (False, ()),
        "cache": (True, UNPRUNED),
        "cache and pruning": (True, ()),
    }
    with tempfile.TemporaryDirectory() as folder:
        seconds = {
            name: _seconds(_designs(Path(folder) / name, cached, more), trials, jobs=2)
            for name, (cached, more) in contestants.items()
        }
    slowest = seconds["neither"]
    return Table(
        f"{trials} designs of the space {SPACE}, drawn at random, on 2 processes",
        ("with", "seconds", "trials an hour", "times as many"),
        tuple(
            (name, round(spent, 1), round(3600 * trials / spent), round(slowest / spent, 2))
            for name, spent in seconds.items()
        ),
        "From the first trial's beginning to the last one's end; every cache was empty at first. "
        "A design that is pruned has the accuracy of its last rung, not of the whole study.",
    )


def _scaling(trials: int, pause: float) -> Table:
    """Run the same designs on one process and on two."""
    problems: dict[str, tuple[Problem, int]] = {
        f"space {SPACE}": (_designs(None, False, UNPRUNED), trials),
        f"designs that wait {pause:g} s a rung": (
            SmallProblem(sampler=Sampler("grid"), seconds=pause, limit=100.0),
            len(POINTS),
        ),
    }
    rows = []
    for name, (problem, wanted) in problems.items():
        one, two = (_seconds(problem, wanted, jobs) for jobs in (1, 2))
        rows.append((name, wanted, round(one, 1), round(two, 1), round(one / two, 2)))
    return Table(
        "From one process to two",
        ("what", "trials", "seconds with 1", "seconds with 2", "times as fast"),
        tuple(rows),
        "Without cache and pruning, and the storage a SQLite file. Designs that only wait show "
        "what claims and the storage cost, whatever else the machine does.",
    )


def _designs(cache: Path | None, cached: bool, assignments: tuple[str, ...]) -> DesignProblem:
    _, document = load_explore(SPACE, (*SAME, *assignments))
    return DesignProblem(document, None, cache if cached else None)


def _seconds(problem: Problem, trials: int, jobs: int) -> float:
    """Return the time from the first trial's beginning to the last one's end."""
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage.at(f"sqlite:///{folder}/study.db")
        with Workers(problem, storage, trials, jobs, Pulse()) as workers:
            workers.run(lambda records: None)
            return workers.study.span
