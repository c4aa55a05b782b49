# SPDX-License-Identifier: MIT
"""The designs of a configuration as a problem of the search."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from optuna.trial import Trial

from sim.cost.technology.loading import BUILT_IN
from sim.documents.validation import validate
from sim.documents.yaml_lines import Document
from sim.explore.designs.checks import check_designs
from sim.explore.designs.evaluate import Evaluator
from sim.explore.designs.inputs import load_inputs
from sim.explore.search.problem import Direction
from sim.explore.search.samplers import Plan
from sim.explore.space.rung import Rung
from sim.explore.space.rungs import promising
from sim.explore.space.settings import ExploreConfig, SamplerConfig
from sim.explore.space.space import Space
from sim.work.cache import Cache
from sim.work.cache.engine import code_digest
from sim.work.errors import UserError
from sim.work.files import built_in_or_own

__all__ = ["DesignProblem"]

# Modules that decide the values of a design, in addition to those of a run.
_CODE = (
    "sim/cost/**/*.py",
    "sim/cost/technology/tables/*",
    "sim/explore/designs/*.py",
    "sim/explore/search/problem.py",
    "sim/explore/search/samplers.py",
    "sim/explore/space/*.py",
)


class DesignProblem:
    """A `sim.explore.search.problem.Problem`: the space of a configuration and its evaluator.

    Parameters
    ----------
    document : Document
        Document of the configuration.
    data_dir : Path or None
        Folder of the data archives.
    cache : Path or None
        Folder of results that trials share.

    Raises
    ------
    UserError
        If the configuration or the data are invalid.
    """

    def __init__(self, document: Document, data_dir: Path | None, cache: Path | None) -> None:
        self._arguments = (document, data_dir, cache)
        self.config = validate(ExploreConfig, document)
        self.space = Space(self.config)
        inputs = load_inputs(self.config, document, data_dir)
        check_designs(inputs, document)
        self.evaluator = Evaluator(inputs, Cache(cache))
        self._plan = self._planned()

    def __reduce__(self) -> tuple[type["DesignProblem"], tuple[Any, ...]]:
        # Every process reads configuration and data itself.
        return DesignProblem, self._arguments

    @property
    def name(self) -> str:
        return self.space.name

    @property
    def identity(self) -> dict[str, str]:
        return {
            "version": version("engram"),
            "space": self.space.digest(),
            "data": self.evaluator.bank.digest,
            "technology or network": self._prices(),
            "code": code_digest(*_CODE),
        }

    @property
    def objectives(self) -> dict[str, Direction]:
        return {objective.name: objective.direction for objective in self.config.sought}

    @property
    def sampler(self) -> SamplerConfig:
        return self.config.sampler

    @property
    def last_rung(self) -> int:
        return len(self.config.fidelity.rungs) - 1

    @property
    def cache_hits(self) -> int:
        return self.evaluator.cache.hits

    def plan(self) -> Plan:
        return self._plan

    def suggest(self, trial: Trial) -> None:
        # If the values do not fit each other, `describe` fails later, and the trial with it.
        with suppress(UserError):
            self.space.suggest(trial)

    def describe(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        point = self.space.point(parameters)
        return {
            "label": point.label,
            "yaml": point.yaml(),
            "static": self.evaluator.static(point),
            "cost": self.evaluator.costs(point),
        }

    def violations(self, values: Mapping[str, float]) -> dict[str, float]:
        return self.evaluator.violations(values)

    def rungs(self, parameters: Mapping[str, Any]) -> Iterator[Rung]:
        return self.evaluator.rungs(self.space.point(parameters))

    def promising(self, values: Mapping[str, float], rivals: Sequence[Mapping[str, float]]) -> bool:
        return promising(values, rivals, self.config.sought, self.config.fidelity)

    def _prices(self) -> str:
        """Return the SHA-256 of technology and network, whatever the names of their files."""
        network = self.evaluator.network
        described = json.dumps(network and network.describe(), sort_keys=True)
        table = built_in_or_own(self.config.hardware.technology, BUILT_IN, "Technology")
        return hashlib.sha256(table.read_bytes() + described.encode()).hexdigest()

    def _planned(self) -> Plan:
        sampler = self.config.sampler
        grid = self.space.points() if sampler.name == "grid" else None
        return Plan(self.space.reference, grid, sampler.seed)
