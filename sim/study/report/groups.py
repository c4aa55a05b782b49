# SPDX-License-Identifier: MIT
"""Groups of the runs of one method over orders and seeds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic.fields import FieldInfo

from sim.learn.cells import FailingCells
from sim.learn.faults import FaultSettings
from sim.replay import SOURCES
from sim.report.spread import Spread
from sim.study.methods import NETWORK_KEYS

__all__ = ["Group", "MethodGroup", "Run", "group_runs", "plain_or_all"]

Run = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """All runs of one method.

    Parameters
    ----------
    runs : tuple of dict
        Results, one for each network, order of the classes and seed; all groups of a study have
        them in the same order.
    """

    runs: tuple[Run, ...]

    @property
    def label(self) -> str:
        """Legend of the method."""
        return self.runs[0]["label"]

    @property
    def replay(self) -> str:
        """Name of the source of replay."""
        return self.runs[0]["method"]

    @property
    def bits_paper(self) -> int:
        """Bits of the replay memory, as the papers count them."""
        return self.runs[0]["bits_paper"]

    @property
    def bits_full(self) -> int:
        """All bits that survive between tasks."""
        return self.runs[0]["bits_full"]

    @property
    def bits_deployed(self) -> int:
        """All bits that survive between tasks, without the real latent weights of a training."""
        return self.bits_full - self.runs[0]["ledger"].get("latent weights", 0)

    def values(self, key: str) -> NDArray[np.float64]:
        """Return a metric: one value or row for each seed."""
        return np.array([run[key] for run in self.runs], np.float64)

    def independent(self, values: Sequence[float]) -> Spread:
        """Return mean and spread of one value a run, for tests that want independent values.

        Runs that share what varies least often are not independent: those on one network, where
        there are several; else those in one order of the classes; else each run is alone. So values
        are averaged over such runs first.

        Parameters
        ----------
        values : sequence of float
            One for each run, such as its lead on a rival.
        """
        for key in ("bank", "order"):
            shared = [run.get(key) for run in self.runs]
            if len(set(shared)) > 1:
                units: dict[Any, list[float]] = {}
                for unit, value in zip(shared, values, strict=True):
                    units.setdefault(unit, []).append(value)
                return Spread.of([float(np.mean(own)) for own in units.values()])
        return Spread.of(values)

    @property
    def forgetting(self) -> Spread:
        """Forgetting after the last task, by PyCIL's definition."""
        return Spread.of([run["forgetting"]["pycil"] for run in self.runs])

    def spread(self, key: str) -> Spread:
        """Return mean and deviation of a metric."""
        return Spread.of(self.values(key).tolist())


class MethodGroup(Group):
    """All runs of one method of a study of embeddings."""

    @property
    def params(self) -> dict[str, Any]:
        """Parameters of the source."""
        return self.runs[0]["parameters"]

    @property
    def variant(self) -> str:
        """The part of the legend after the method's title; empty for a plain method."""
        source = SOURCES[self.replay]
        return self.label.removeprefix(source.title(source.Params.model_construct(**self.params)))

    @property
    def tuned(self) -> dict[str, float]:
        """Keys of the head that validation chose the value of, and those values."""
        return self.runs[0].get("tuned", {})

    @property
    def faults(self) -> dict[str, FailingCells]:
        """Faults of memories by their key, those of the network last; empty if all are sound."""
        fields, run = SOURCES[self.replay].Params.model_fields, self.runs[0]
        found: dict[str, FailingCells] = {
            key: FaultSettings.model_validate(value)
            for key in ("faults", "head_faults")
            if (value := self.params.get(key)) is not None and _is_faults(fields.get(key))
        }
        network = {key: FailingCells.model_validate(run[key]) for key in NETWORK_KEYS if key in run}
        return found | network

    @property
    def increment(self) -> int | None:
        """Classes in each later task; None if the method takes the study's."""
        return self.runs[0]["increment"]


def plain_or_all(groups: Sequence[MethodGroup]) -> list[MethodGroup]:
    """Return the plain methods, and the variants of sources that have no plain method.

    A study of the variants of one method has all of them. Methods with an increment of their own
    are variants, and are never returned. Nor are memories that fail where a study has sound ones.
    """
    groups = [g for g in groups if not g.faults] or groups
    groups = [g for g in groups if not g.variant or g.increment is None]
    with_plain = {group.replay for group in groups if not group.variant}
    plain = [g for g in groups if not g.variant or g.replay not in with_plain]
    return plain if sum(not SOURCES[g.replay].bound for g in plain) > 1 else groups


def _is_faults(field: FieldInfo | None) -> bool:
    """Return whether a parameter of a source is that of this name, and not one of its own."""
    return field is not None and FaultSettings in get_args(field.annotation)


def group_runs(runs: Sequence[Run]) -> list[MethodGroup]:
    """Gather runs by method and parameters, in the order of their first appearance."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        network = [run.get(key) for key in NETWORK_KEYS]
        about = [run["method"], run["parameters"], run["increment"], network]
        method = json.dumps(about, sort_keys=True)
        groups.setdefault(method, []).append(run)
    return [MethodGroup(tuple(members)) for members in groups.values()]
