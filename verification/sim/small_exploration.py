# SPDX-License-Identifier: MIT
"""A design space whose values are formulas, for tests of what explores it.

``python -m verification.sim.small_exploration STORAGE JOBS GRACE SECONDS LOG`` tries all points;
with 0 jobs this process is a worker itself, as one of another machine is.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna.trial import Trial

from sim.explore.search.problem import Direction
from sim.explore.search.pulse import Pulse
from sim.explore.search.samplers import Plan
from sim.explore.search.workers import Workers, run_worker
from sim.explore.space.rung import Rung
from sim.explore.storage.storage import Storage
from sim.work.errors import UserError

WIDTHS = tuple(range(1, 13))
SHARES = (0.25, 0.5, 0.75, 1.0)
MARGIN = 5.0

#: Points of the space: ``mixture`` has a width of its own, ``stored`` a share.
POINTS = [
    *({"replay": "mixture", "mixture.width": width} for width in WIDTHS),
    *({"replay": "stored", "stored.share": share} for share in SHARES),
]


@dataclass(frozen=True)
class Sampler:
    name: str = "random"
    seed: int = 0
    population: int = 4


@dataclass
class SmallProblem:
    """Two methods, each with a parameter of its own; every rung takes `seconds` and is logged."""

    name: str = "small"
    version: str = "1"
    sampler: Sampler = Sampler()
    seconds: float = 0.0
    log: Path | None = None
    limit: float = 10.0
    reference: dict[str, Any] | None = None
    fails: str = ""
    last_rung: int = 2
    cache_hits: int = 0
    objectives: Mapping[str, Direction] = field(
        default_factory=lambda: {"accuracy": "maximize", "bits": "minimize"}
    )

    @property
    def identity(self) -> dict[str, str]:
        return {"space": self.version}

    def plan(self) -> Plan:
        grid = POINTS if self.sampler.name == "grid" else None
        return Plan(self.reference, grid, self.sampler.seed)

    def suggest(self, trial: Trial) -> None:
        if trial.suggest_categorical("replay", ("mixture", "stored")) == "mixture":
            trial.suggest_categorical("mixture.width", WIDTHS)
        else:
            trial.suggest_categorical("stored.share", SHARES)

    def describe(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        size = parameters.get("mixture.width") or 8 * parameters["stored.share"]
        label = " ".join(f"{value}" for value in parameters.values())
        return {
            "label": label,
            "yaml": f"# {label}\n",
            "static": {"bits": float(size)},
            "cost": {"bits": [{"name": "all", "value": float(size)}]},
        }

    def violations(self, values: Mapping[str, float]) -> dict[str, float]:
        return {f"bits <= {self.limit:g}": values["bits"] / self.limit - 1}

    def rungs(self, parameters: Mapping[str, Any]) -> Iterator[Rung]:
        if parameters["replay"] == self.fails:
            raise UserError(f"{self.fails} cannot be learnt")
        size = self.describe(parameters)["static"]["bits"]
        accuracy = 60 + 2 * size - (20 if parameters["replay"] == "stored" else 0)
        for number in range(self.last_rung + 1):
            with suppress(SystemExit):  # as finalizers of objects swallow it, in code that learns
                time.sleep(self.seconds)
            if self.log is not None:
                with self.log.open("a") as file:
                    file.write(f"{number} {self.describe(parameters)['label']}\n")
            self.cache_hits += 1
            yield Rung(number, (accuracy + number,), (accuracy + number,))

    def promising(self, values: Mapping[str, float], rivals: Sequence[Mapping[str, float]]) -> bool:
        return not any(
            rival["accuracy"] > values["accuracy"] + MARGIN and rival["bits"] <= values["bits"]
            for rival in rivals
        )


def main(storage: str, jobs: str, grace: str, seconds: str, log: str) -> None:
    problem = SmallProblem(sampler=Sampler("grid"), seconds=float(seconds), log=Path(log))
    place, pulse = Storage.at(storage), Pulse(float(grace))
    if int(jobs):
        with Workers(problem, place, len(POINTS), int(jobs), pulse) as workers:
            workers.run(lambda records: None)
    else:
        run_worker(problem, place, len(POINTS), pulse, "alone")


if __name__ == "__main__":
    main(*sys.argv[1:])
