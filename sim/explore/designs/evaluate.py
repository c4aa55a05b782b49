# SPDX-License-Identifier: MIT
"""The values of a design: its costs before anything is learnt, and its accuracy at each rung."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from sim.data.bank import Bank
from sim.explore.designs.chip import chip_of
from sim.explore.designs.costs import Costs, shortened
from sim.explore.designs.inputs import Inputs
from sim.explore.designs.past import PARTS
from sim.explore.designs.supplied import tables
from sim.explore.space.objectives import Objective
from sim.explore.space.point import Point
from sim.explore.space.rung import Rung
from sim.measure import metrics
from sim.study.embedded import as_read
from sim.study.experiment import Experiment
from sim.study.ledgers import ledger_of
from sim.work.cache import NO_CACHE, Cache
from sim.work.errors import UserError

__all__ = ["Evaluator"]

# Methods whose memory grows with the data.
_UNBOUNDED = ("joint",)


class Evaluator:
    """Evaluator of the designs of one space: it prices them and runs them.

    Parameters
    ----------
    inputs : Inputs
        Configuration, data, network and technology.
    cache : Cache
        Cache of the results of runs.
    """

    def __init__(self, inputs: Inputs, cache: Cache = NO_CACHE) -> None:
        self.config = inputs.config
        self.bank = inputs.bank
        self.network = inputs.network
        self.technology = inputs.technology
        self.cache = cache
        self._failing = inputs.failing
        self._banks = {inputs.bank.features: inputs.bank}
        self._last: tuple[Point, Costs] | None = None

    @property
    def exact(self) -> tuple[Objective, ...]:
        """Objectives and bounded quantities that are known before anything is learnt."""
        return tuple(objective for objective in self.config.valued if objective.static)

    def static(self, point: Point) -> dict[str, float]:
        """Return the objectives that are known before anything is learnt, in their units.

        Raises
        ------
        UserError
            If the cost model cannot price the design.
        """
        return {name: sum(parts.values()) for name, parts in self._parts(point).items()}

    def violations(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return the excess of values over each constraint, relative to its bound.

        The keys are the texts of the constraints. An excess is at most 0 if the constraint is
        kept. Constraints on values that are not known yet are left out.
        """
        objectives = {objective.name: objective for objective in self.config.valued}
        return {
            bound.text: bound.excess(values[bound.name], objectives[bound.name])
            for bound in self.config.bounds
            if bound.name in values
        }

    def costs(self, point: Point) -> dict[str, list[dict[str, Any]]]:
        """Return the largest parts of every static objective, each with ``name`` and ``value``."""
        return {name: shortened(parts) for name, parts in self._parts(point).items()}

    def rungs(self, point: Point) -> Iterator[Rung]:
        """Learn rung by rung and yield the accuracies. A rung continues the runs of the one before.

        Nothing more is learnt once the caller stops asking.

        Raises
        ------
        UserError
            If the training diverges.
        """
        study = point.config
        bank = self._bank_of(point)
        runs: list[Experiment] = []
        for number, rung in enumerate(self.config.fidelity.rungs):
            for seed in range(len(runs), rung.seeds):
                own = as_read(bank, point.method, seed, self._failing, self.cache)
                runs.append(Experiment(own, study.head, point.method, seed, self.cache))
            tasks = rung.tasks or len(bank.tasks)
            with threadpool_limits(1):
                for run in runs:
                    while run.task < tasks:
                        run.step(lambda progress: None)
            curves = np.array([_curve(run, tasks) for run in runs])
            averages = tuple(float(100 * curve.mean()) for curve in curves)
            yield Rung(number, averages, tuple((100 * curves.mean(axis=0)).tolist()))

    def parts(self, point: Point, objective: Objective) -> dict[str, float]:
        """Return the parts of a static objective by name, in its unit.

        Raises
        ------
        ValueError
            If it cannot be computed for the design.
        """
        if objective.name != "bits":
            return self._costs(point).parts(objective)
        if point.method.replay in _UNBOUNDED:
            raise ValueError("they are known only after it has learnt")
        bank = self._bank_of(point)
        head = point.config.head if objective.of == "state" else None
        entries = ledger_of(point.method, bank.features, bank.n_classes, head)
        return {entry.name: objective.in_unit(entry.bits) for entry in entries}

    def _costs(self, point: Point) -> Costs:
        """Return the costs of a design on its chip. Those of the last point are cached."""
        if self._last is None or self._last[0] != point:
            replay = point.method.replay
            if replay not in PARTS:
                known = ", ".join(PARTS)
                raise ValueError(f"the cost model has no parts for {replay}, only for {known}")
            assert self.network is not None
            config = chip_of(point, self.bank, self.network)
            past = PARTS[replay](config, point.method.params)
            costs = Costs(
                config=config,
                past=past,
                technology=self.technology,
                supplied=tables(point.hardware, self.technology),
            )
            self._last = (point, costs)
        return self._last[1]

    def _parts(self, point: Point) -> dict[str, dict[str, float]]:
        try:
            return {objective.name: self.parts(point, objective) for objective in self.exact}
        except (TypeError, ValueError) as error:
            raise UserError(f"{point.label}: {error}") from error

    def _bank_of(self, point: Point) -> Bank:
        """Return the embeddings that a design uses; each length is cut once."""
        features = point.features or self.bank.features
        if features not in self._banks:
            self._banks[features] = self.bank.first(features)
        return self._banks[features]


def _curve(run: Experiment, tasks: int) -> np.ndarray:
    """Return the accuracy on all classes seen after each of the first tasks."""
    bank = run.bank
    found = metrics.accuracy_matrix(run.predictions[:tasks], bank.test_labels, bank.tasks[:tasks])
    return metrics.seen_accuracy(*found)
