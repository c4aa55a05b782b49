# SPDX-License-Identifier: MIT
"""A study whose methods each train the head with the value that validation chose for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sim.compare.choice import best_of
from sim.compare.stages import TwoStages
from sim.study.methods import Method
from sim.study.study import Study

__all__ = ["Tuning"]


@dataclass(frozen=True)
class Tuning(TwoStages):
    """The two stages of a study with `StudyConfig.tuned`.

    In validation all methods learn the same tasks. Methods of the study that differ in the size of
    their tasks alone share one choice.
    """

    @property
    def candidates(self) -> list[Method]:
        """Each method with each value, without those that train no head or have a value already."""
        alike: dict[Method, Method] = {}
        for method in self.config.expanded_methods():
            alike.setdefault(_alike(method), replace(method, increment=None))
        return [m for m in self.config.with_tuned(list(alike.values())) if m.tuned]

    def final(self, results: Sequence[dict[str, Any]]) -> Study:
        """Return the study of all methods, each with its value; its folder is open.

        Parameters
        ----------
        results : sequence of dict
            Results of the runs of `validation`.
        """
        best = best_of(self.candidates, self.accuracies(results), _alike)
        return self._final(
            [
                replace(method, tuned=best.get(_alike(method), method).tuned)
                for method in self.config.expanded_methods()
            ]
        )

    def table(self, results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return, as plain data, what every value reached in validation, a row for each method."""
        rows: dict[str, dict[str, Any]] = {}
        for method, reached in self.accuracies(results).items():
            ((key, value),) = method.tuned
            row = rows.setdefault(method.label, {"label": method.label, "key": key, "tried": []})
            row["tried"].append({"value": value, "validation": list(reached)})
        return list(rows.values())


def _alike(method: Method) -> Method:
    """Return what methods with one choice have in common."""
    return replace(method, increment=None, entry=0, tuned=())
