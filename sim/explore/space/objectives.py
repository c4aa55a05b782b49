# SPDX-License-Identifier: MIT
"""Objectives with their units, and constraints that bound them."""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Literal

import pydantic
from pydantic import Field

from sim.documents.section import Section
from sim.explore.space.part import Part

__all__ = ["NAMES", "UNITS", "Constraint", "Goal", "Name", "Objective", "ObjectiveSection"]

Name = Literal["accuracy", "bits", "energy", "area", "latency"]
Scope = Literal["class", "image", "exemplar", "past", "chip", "learner", "state"]

#: Names of the objectives.
NAMES: tuple[Name, ...] = ("accuracy", "bits", "energy", "area", "latency")

# Label and unit of every objective. The first scope of a name is its default.
_MEANINGS: dict[tuple[str, str | None], tuple[str, str]] = {
    ("accuracy", None): ("average incremental accuracy", "%"),
    ("bits", "state"): ("all bits that survive between tasks", "Mb"),
    ("bits", "past"): ("memory of the past, all of it", "Mb"),
    ("energy", "class"): ("energy to learn a class", "mJ"),
    ("energy", "image"): ("energy from an image to its class", "uJ"),
    ("energy", "exemplar"): ("energy of an exemplar of the past", "nJ"),
    ("area", "learner"): ("area of all memories, those of learning too", "mm2"),
    ("area", "chip"): ("area of the memories of network and past", "mm2"),
    ("area", "past"): ("area of the memory of the past", "mm2"),
    ("latency", "class"): ("time to learn a class, without the backward passes", "ms"),
    ("latency", "image"): ("time from an image to its class", "ms"),
    ("latency", "exemplar"): ("time of an exemplar of the past", "us"),
}

_SCOPES: dict[str, list[str]] = {
    name: [of for known, of in _MEANINGS if known == name and of is not None] for name in NAMES
}

#: Value of each unit in SI. Bits and shares are plain numbers.
UNITS = {
    "accuracy": {"%": 1e-2},
    "bits": {"b": 1.0, "kb": 1e3, "Mb": 1e6},
    "energy": {"nJ": 1e-9, "uJ": 1e-6, "mJ": 1e-3, "J": 1.0},
    "area": {"um2": 1e-12, "mm2": 1e-6},
    "latency": {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0},
}

_CONSTRAINT = re.compile(r"\s*(\w+)\s*(<=|>=)\s*([0-9.eE+-]+)\s*([%\w]*)\s*")
_FORM = "a bound such as 'bits <= 1 Mb' or 'area <= 1 mm2'"


class Goal(Part):
    """A quantity to maximize or minimize, as a report names it.

    Attributes
    ----------
    name : str
        Key of its value among the values of a trial.
    label, unit : str
        Description and unit of its values, for people.
    direction : {"maximize", "minimize"}
        Whether larger or smaller values are better.
    """

    name: Annotated[str, Field(min_length=1)]
    label: str
    unit: str
    direction: Literal["maximize", "minimize"]

    def no_worse(self, value: float, other: float) -> bool:
        """Return whether `value` is at least as good as `other`."""
        return value >= other if self.direction == "maximize" else value <= other


class Objective(Goal):
    """A goal by which designs are valued. Its name is one of `NAMES`.

    Attributes
    ----------
    of : str or None
        Scope of all but accuracy, such as ``class`` or ``image``.
    """

    of: str | None = None

    @classmethod
    def named(cls, name: str, of: str | None = None) -> "Objective":
        """Return the objective with a name and a scope; the default scope if `of` is None.

        Raises
        ------
        ValueError
            If the objective has no such scope.
        """
        scopes = _SCOPES[name]
        if of is not None and of not in scopes:
            known = f"one of {', '.join(scopes)}" if scopes else "left out"
            raise ValueError(f"of must be {known} for {name}, not {of!r}")
        of = of or next(iter(scopes), None)
        label, unit = _MEANINGS[name, of]
        direction = "maximize" if name == "accuracy" else "minimize"
        return cls(name=name, label=label, unit=unit, direction=direction, of=of)

    @property
    def static(self) -> bool:
        """Whether its value is known before anything is learnt."""
        return self.name != "accuracy"

    def in_unit(self, value: float) -> float:
        """Convert a value in SI, a number of bits or a share to the unit of the objective."""
        return value / UNITS[self.name][self.unit]


class ObjectiveSection(Section):
    """An objective and its scope.

    Attributes
    ----------
    name : str
        The objective.
    of : str or null
        The scope. For energy: `class` (embed the samples, write the memory and train the head;
        the default), `image` (embed and classify it) or `exemplar` (draw or read it). For
        latency: `class` (embed the samples, fit and write the memory, draw or read the exemplars,
        and run the forward passes; the default), `image` or `exemplar`. For area: `learner` (all
        memories; the default), `chip` (without the memories that only learning needs) or `past`.
        For bits: `state` (the memory of the past and the head, with whatever its training goes on
        from; the default) or `past`.
    """

    name: Name
    of: Scope | None = None

    @pydantic.model_validator(mode="after")
    def _of_is_of_the_name(self) -> "ObjectiveSection":
        Objective.named(self.name, self.of)
        return self


@dataclass(frozen=True)
class Constraint:
    """A bound that a design must keep.

    Parameters
    ----------
    name : str
        Name of the objective.
    relation : {"<=", ">="}
    bound : float
        In SI, a number of bits, or a share.
    text : str
        The constraint as the user wrote it.
    """

    name: str
    relation: str
    bound: float
    text: str

    @classmethod
    def parse(cls, text: str) -> "Constraint":
        """Return the constraint that a text states.

        Raises
        ------
        ValueError
            If the text states no constraint.
        """
        match = _CONSTRAINT.fullmatch(text)
        if match is None:
            raise ValueError(f"must be {_FORM}, not {text!r}")
        name, relation, number, unit = match.groups()
        if name not in NAMES:
            raise ValueError(f"must be a bound on one of {', '.join(NAMES)}, not on {name!r}")
        if unit not in UNITS[name]:
            raise ValueError(f"must give {name} in {' or '.join(UNITS[name])}, not in {unit!r}")
        try:
            bound = float(number) * UNITS[name][unit]
        except ValueError:
            raise ValueError(f"must be {_FORM}, not {text!r}") from None
        if not math.isfinite(bound):
            raise ValueError(f"must have a finite bound, not {number}")
        return cls(name, relation, bound, " ".join(text.split()))

    def excess(self, value: float, objective: Objective) -> float:
        """Return the excess of a value relative to the bound; at most 0 if the bound is kept.

        Parameters
        ----------
        value : float
            In the unit of the objective.
        objective : Objective
        """
        bound = objective.in_unit(self.bound)
        beyond = value - bound if self.relation == "<=" else bound - value
        return beyond / (abs(bound) or 1.0)
