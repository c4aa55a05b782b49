# SPDX-License-Identifier: MIT
"""What a design is worth: its costs before anything is learnt, its accuracy rung by rung."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from sim.data.bank import Bank
from sim.explore.designs.chip import chip_of
from sim.explore.designs.costs import Costs, shortened
from sim.explore.designs.inputs import Inputs
from sim.explore.designs.past import PARTS
from sim.explore.space.objectives import Objective
from sim.explore.space.point import Point
from sim.explore.space.rung import Rung
from sim.measure import metrics
from sim.replay import ReplayContext
from sim.study.experiment import Experiment
from sim.work.cache import NO_CACHE, Cache
from sim.work.errors import UserError

__all__ = ["Evaluator"]

# Methods whose memory is as large as what comes.
_UNBOUNDED = ("joint",)


class Evaluator:
    """Values of designs of one space: prices them, and runs them.

    Parameters
    ----------
    inputs : Inputs
        What they are evaluated by.
    cache : Cache
        Where results of runs are found and kept.
    """

    def __init__(self, inputs: Inputs, cache: Cache = NO_CACHE) -> None:
        self.config = inputs.config
        self.bank = inputs.bank
        self.network = inputs.network
        self.technology = inputs.technology
        self.cache = cache
        self._banks = {inputs.bank.features: inputs.bank}
        self._last: tuple[Point, Costs] | None = None

    @property
    def exact(self) -> tuple[Objective, ...]:
        """Objectives that are known before anything is learnt, sought or bounded."""
        return tuple(objective for objective in self.config.valued if objective.static)

    def static(self, point: Point) -> dict[str, float]:
        """Return the objectives that are known before anything is learnt, in their units.

        Raises
        ------
        UserError
            If the design cannot be.
        """
        return {name: sum(parts.values()) for name, parts in self._parts(point).items()}

    def violations(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return by how much values break each constraint, over its bound; at most 0 if not.

        By the text of the constraint; those on values that are not known yet are left out.
        """
        objectives = {objective.name: objective for objective in self.config.valued}
        return {
            bound.text: bound.excess(values[bound.name], objectives[bound.name])
            for bound in self.config.bounds
            if bound.name in values
        }

    def costs(self, point: Point) -> dict[str, list[dict[str, Any]]]:
        """Return the largest parts of every static objective: ``name`` and ``value`` of each."""
        return {name: shortened(parts) for name, parts in self._parts(point).items()}

    def rungs(self, point: Point) -> Iterator[Rung]:
        """Learn rung by rung and yield what is reached; what runs on uses what ran before.

        A caller that stops asking has nothing more done.

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
                runs.append(Experiment(bank, study.head, point.method, seed, self.cache))
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
            If it cannot be given of the design.
        """
        if objective.name != "bits":
            return self._costs(point).parts(objective)
        if point.method.replay in _UNBOUNDED:
            raise ValueError("they are known only after it has learnt")
        bank = self._bank_of(point)
        context = ReplayContext(features=bank.features, classes=bank.n_classes, seed=0)
        entries = point.method.source(context).ledger()
        return {entry.name: objective.in_unit(entry.bits) for entry in entries}

    def _costs(self, point: Point) -> Costs:
        """Return the design on its chip; that of the last point is kept."""
        if self._last is None or self._last[0] != point:
            replay = point.method.replay
            if replay not in PARTS:
                known = ", ".join(PARTS)
                raise ValueError(f"the cost model has no parts for {replay}, but for {known}")
            assert self.network is not None
            config = chip_of(point, self.bank, self.network)
            past = PARTS[replay](config, point.method.params)
            costs = Costs(config=config, past=past, technology=self.technology)
            self._last = (point, costs)
        return self._last[1]

    def _parts(self, point: Point) -> dict[str, dict[str, float]]:
        try:
            return {objective.name: self.parts(point, objective) for objective in self.exact}
        except (TypeError, ValueError) as error:
            raise UserError(f"{point.label}: {error}") from error

    def _bank_of(self, point: Point) -> Bank:
        """Return the embeddings that a design uses; those of one length once."""
        features = point.features or self.bank.features
        if features not in self._banks:
            self._banks[features] = self.bank.first(features)
        return self._banks[features]


def _curve(run: Experiment, tasks: int) -> np.ndarray:
    """Return the accuracy on all classes seen, after each of the first tasks."""
    bank = run.bank
    found = metrics.accuracy_matrix(run.predictions[:tasks], bank.test_labels, bank.tasks[:tasks])
    return metrics.seen_accuracy(*found)
