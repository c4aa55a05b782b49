# SPDX-License-Identifier: MIT
"""The results of an exploration, read from its ``exploration.json`` and checked."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from sim.documents.validation import validate
from sim.documents.yaml_lines import Document
from sim.explore.designs.costs import CostShare
from sim.explore.found.recommend import Recommendation
from sim.explore.found.sensitivity import Share
from sim.explore.space.objectives import Goal
from sim.explore.space.parameter import Dimension
from sim.explore.space.part import Part
from sim.explore.space.point import Value
from sim.work.errors import UserError
from sim.work.files import read_text, require_directory

__all__ = ["FILE", "Exploration", "Trial", "read_exploration"]

#: Name of the file in the folder of an exploration.
FILE = "exploration.json"

# Most faults of a damaged file that a message lists.
_FAULTS = 5

Figures = dict[str, float | None]


class Trial(Part):
    """A point that was tried.

    Attributes
    ----------
    values, spread : dict of str to float
        By objective. A value that was not measured is absent or null.
    accuracy_by_task : list of float
        Accuracy (%) after each task.
    cost : dict of str to list of CostShare
        Parts of the cost, by objective.
    violations : dict of str to float
        Excess over each constraint, relative to its bound; at most 0 if it is kept.
    message : str
        Why a failed trial stopped.
    command, yaml : str
        Command and study that reproduce it.
    note : str
        How it differs from the study that the command runs.
    """

    number: Annotated[int, Field(ge=0)]
    state: Literal["complete", "pruned", "failed", "infeasible"]
    label: str
    parameters: dict[str, Value]
    values: Figures = {}
    spread: Figures = {}
    seeds: int | None = None
    rung: int | None = None
    front: bool = False
    reference: bool = False
    accuracy_by_task: list[float] = []
    cost: dict[str, list[CostShare]] = {}
    seconds: float | None = None
    cache_hits: int | None = None
    violations: dict[str, float] = {}
    message: str = ""
    command: str = ""
    yaml: str = ""
    note: str = ""


class Exploration(Part):
    """All of ``exploration.json``.

    Attributes
    ----------
    title, command, engram, made, data, verdict : str
        Headline, command line, version, time, data set, and the result in one sentence.
    supply : str
        The supply that saves most, in one sentence; empty for a space without supplies.
    objectives, constraints, parameters, trials, recommended, sensitivity : list
    """

    title: str
    command: str
    engram: str
    made: str
    data: str
    verdict: str
    supply: str = ""
    objectives: Annotated[list[Goal], Field(min_length=1)]
    constraints: list[str] = []
    parameters: list[Dimension]
    trials: list[Trial]
    recommended: list[Recommendation] = []
    sensitivity: list[Share] = []

    @pydantic.model_validator(mode="after")
    def _names_are_known(self) -> "Exploration":
        _differ("objectives", [objective.name for objective in self.objectives])
        _differ("trials", [trial.number for trial in self.trials])
        numbers = {trial.number for trial in self.trials}
        for place, recommendation in enumerate(self.recommended):
            if recommendation.trial not in {None, *numbers}:
                raise ValueError(
                    f"recommended.{place}.trial must be the number of a trial, "
                    f"not {recommendation.trial}"
                )
        return self

    @property
    def front(self) -> list[Trial]:
        """Trials on the front, sorted by the first objective, the best first."""
        first = self.objectives[0]
        sign = -1.0 if first.direction == "maximize" else 1.0
        front = [trial for trial in self.trials if trial.front]
        return sorted(front, key=lambda trial: sign * (trial.values.get(first.name) or 0.0))


def read_exploration(folder: Path) -> Exploration:
    """Read the exploration that ``engram explore`` left in a folder.

    Raises
    ------
    UserError
        If the folder or the file is absent, or if the file is no JSON or has another structure.
        The message names the file and the first invalid keys.
    """
    path = require_directory(folder) / FILE
    if not path.exists():
        raise UserError(f"{path} does not exist: it must be a folder that engram explore wrote")
    # Messages name only the key, because the file has few lines.
    document = Document(data=_parse(path), source=str(path), overrides={(): str(path)})
    try:
        return validate(Exploration, document)
    except UserError as error:
        told = str(error).splitlines()
        more = [f"and {len(told) - _FAULTS} more"] if len(told) > _FAULTS else []
        raise UserError("\n".join(told[:_FAULTS] + more)) from error


def _parse(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(read_text(path), parse_constant=_refuse)
        json.dumps(data, ensure_ascii=False).encode()  # JSON can spell half a character
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged, it must be JSON: {error}") from error
    if not isinstance(data, dict):
        raise UserError(f"{path} must hold an exploration, a JSON object")
    return data


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _differ(key: str, names: list[Any]) -> None:
    seen: set[Any] = set()
    for place, name in enumerate(names):
        if name in seen:
            raise ValueError(f"{key}.{place} repeats {name!r}")
        seen.add(name)
