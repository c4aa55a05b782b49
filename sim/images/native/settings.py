# SPDX-License-Identifier: MIT
"""Configuration of a study in image space: a pre-training, and the tasks after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import Field

from sim.documents.section import Section
from sim.images.pretrain.sections import ScheduleConfig
from sim.images.pretrain.settings import PretrainConfig, Recipe, load_recipe
from sim.learn.sections import HeadConfig, PlateauConfig

__all__ = ["BUILT_IN", "NativeConfig", "Plan", "load_native"]

#: Folder of the configurations that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "configs"

_NAMES = {
    "native": "native replay",
    "latent": "latent replay",
    "float": "native replay, floating point",
    "joint": "joint training",
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A method with its budget.

    Parameters
    ----------
    replay : {"native", "latent", "float", "joint"}
    megabits : float or None
        Memory of the past in Mb (10^6 bits); None keeps everything.
    ideal : bool
        Whether the feature extractor is pre-trained on all classes, including the later ones.
    entry : int
        Index in the configuration's list of methods.
    """

    replay: str
    megabits: float | None
    ideal: bool
    entry: int

    @property
    def name(self) -> str:
        """Name of the method without its budget."""
        return _NAMES[self.replay] + (", ideal pre-training" if self.ideal else "")

    @property
    def label(self) -> str:
        """Legend of the method."""
        return self.name if self.megabits is None else f"{self.name}, {self.megabits:g} Mb"


Megabits = Annotated[float, Field(gt=0, le=1e6)]


class _Entry(Section):
    """A method of the list; see `Plan`.

    Attributes
    ----------
    ideal : bool
        Whether the feature extractor is pre-trained on all classes, including the later ones.
    """

    ideal: bool = False


class _BudgetEntry(_Entry):
    """A method whose memory is bounded.

    Attributes
    ----------
    megabits : float or list of float
        A list is a sweep.
    """

    megabits: Megabits | Annotated[list[Megabits], Field(min_length=1)]


class NativeEntry(_BudgetEntry):
    """Native replay: keeps images and trains the whole network in every task."""

    replay: Literal["native"]


class LatentEntry(_BudgetEntry):
    """Latent replay: keeps embeddings and trains only the classifier."""

    replay: Literal["latent"]


class FloatEntry(_BudgetEntry):
    """Native replay with a network of real numbers that has no more bits than the binary one."""

    replay: Literal["float"]


class JointEntry(_Entry):
    """Native replay that keeps every image: the upper bound."""

    replay: Literal["joint"]


MethodEntry = Annotated[
    NativeEntry | LatentEntry | FloatEntry | JointEntry, Field(discriminator="replay")
]


class NativeConfig(PretrainConfig):
    """A study in image space.

    Only the pre-training learns the first `classes.base` classes. Then a new classifier learns the
    classes after them, task by task, and only these are tested.

    Attributes
    ----------
    title : str
        Headline of the report.
    increment : int
        Classes of a task.
    learning : ScheduleConfig
        Training in every task of native replay; `training` belongs to the pre-training.
    head : HeadConfig
        Classifier of latent replay and its training.
    methods : list
        Methods to compare, each with the key ``replay``.
    seeds : int
        Runs of each method, with `seed` and the seeds that follow it.
    """

    title: str = Field(default="Native and latent replay of a fully binary network", min_length=1)
    increment: int = Field(default=10, ge=1, le=65_536)
    learning: ScheduleConfig = ScheduleConfig(
        learning_rate=1e-4,
        schedule="plateau",
        plateau=PlateauConfig(factor=0.7, patience=10, minimum=1e-6),
    )
    head: HeadConfig = HeadConfig()
    methods: Annotated[list[MethodEntry], Field(min_length=1)]
    seeds: int = Field(default=1, ge=1, le=1000)

    @pydantic.model_validator(mode="after")
    def _methods_differ(self) -> "NativeConfig":
        seen: set[str] = set()
        for plan in self.plans():
            if plan.label in seen:
                raise ValueError(f"methods.{plan.entry} repeats the method {plan.label!r}")
            seen.add(plan.label)
        return self

    def plans(self) -> list[Plan]:
        """Return the methods, one for each budget of a sweep."""
        return [
            Plan(replay=entry.replay, megabits=megabits, ideal=entry.ideal, entry=place)
            for place, entry in enumerate(self.methods)
            for megabits in _budgets(entry)
        ]

    def pretraining(self, seed: int, classes: int) -> PretrainConfig:
        """Return the pre-training with a seed, on the first `classes` classes."""
        own = {name: getattr(self, name) for name in PretrainConfig.model_fields}
        base = self.classes.model_copy(update={"base": classes})
        return PretrainConfig(**{**own, "classes": base, "seed": seed})


def load_native(name: str, overrides: Sequence[str] = ()) -> tuple[NativeConfig, Recipe]:
    """Read a configuration and the network it names.

    Parameters
    ----------
    name, overrides
        See `sim.images.pretrain.settings.load_recipe`.

    Raises
    ------
    UserError
        If a file cannot be read or a value does not fit; the message names key and line.
    """
    recipe = load_recipe(name, overrides, schema=NativeConfig, built_in=BUILT_IN)
    assert isinstance(recipe.config, NativeConfig)
    return recipe.config, recipe


def _budgets(entry: MethodEntry) -> list[float] | list[None]:
    if isinstance(entry, JointEntry):
        return [None]
    return entry.megabits if isinstance(entry.megabits, list) else [entry.megabits]
