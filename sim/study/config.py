# SPDX-License-Identifier: MIT
"""Configuration of a study: one YAML file, checked key by key, and the methods that it lists."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pydantic
from pydantic import Field

from sim.data.sections import BanksConfig, TasksConfig
from sim.documents.read import read_document
from sim.documents.section import Section, first_repeat
from sim.documents.validation import validate
from sim.documents.yaml_lines import Document
from sim.learn.sections import Balance, BinaryHeadConfig, StudyHead
from sim.replay import SOURCES
from sim.study.methods import Method, MethodEntry, expand_methods, with_each_value

__all__ = [
    "BUILT_IN",
    "ChoiceConfig",
    "CompareConfig",
    "Covers",
    "StudyConfig",
    "TunedConfig",
    "load_config",
]

#: Folder of the configurations that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "configs"

Methods = list[MethodEntry]  # type: ignore[valid-type]
Rate = Annotated[int, Field(ge=0, le=24)]
Gain = Annotated[float, Field(gt=0, le=1e6)]
#: What a budget of a comparison is for.
Covers = Literal["memory", "all"]


class ChoiceConfig(Section):
    """The validation that chooses parameters, on training samples of the base classes.

    Attributes
    ----------
    base, increment : int
        Base classes in the first task and in every later one, as in `TasksConfig`.
    path : str or null
        Bank of the same samples by another network, as `BanksConfig.path`; null takes the study's
        own bank. The later classes of the study are new to its network. If the network was
        pre-trained on all base classes, none of the classes in validation is new to it.
    share : float
        Share of each class's training samples that is held out for tests.
    split_seed : int
        Seed of the generator that draws the held-out samples.
    seeds : int
        Runs of each candidate.
    """

    base: int = Field(default=25, ge=0, le=65_536)
    increment: int = Field(default=5, ge=1, le=65_536)
    path: str | None = None
    share: float = Field(default=0.2, gt=0, lt=1)
    split_seed: int = Field(default=0, ge=0, le=2**63 - 1)
    seeds: int = Field(default=1, ge=1, le=1000)


class TunedConfig(Section):
    """Values of a key of the head, of which validation chooses one for every method that trains it.

    It names the one key that the study's head has. A method with a value of its own keeps it.

    Attributes
    ----------
    rate : list of int or null
        Values of k of the integer head.
    logit_gain : list of float or null
        Gains of the binary head.
    balance : list of float or null
        Samples of a past class for one of a present class, of either head.
    """

    rate: Annotated[list[Rate], Field(min_length=1)] | None = None
    logit_gain: Annotated[list[Gain], Field(min_length=1)] | None = None
    balance: Annotated[list[Balance], Field(min_length=1)] | None = None

    @pydantic.model_validator(mode="after")
    def _names_one_key(self) -> "TunedConfig":
        if sum(value is not None for value in (self.rate, self.logit_gain, self.balance)) != 1:
            raise ValueError("must name one of rate, logit_gain and balance, a key of the head")
        if (again := first_repeat(self.values)) is not None:
            raise ValueError(f"must name every value once, not {again:g} again")
        return self

    @property
    def key(self) -> str:
        """The key of the head."""
        return next(key for key in type(self).model_fields if getattr(self, key) is not None)

    @property
    def values(self) -> Sequence[float]:
        """Its values."""
        return self.rate or self.logit_gain or self.balance or ()


class StudyConfig(Section):
    """A study: data, tasks, head, the methods to compare and the number of seeds of each.

    Attributes
    ----------
    title : str
        Headline of the report.
    claims : "gbm" or null
        Paper whose claims the report compares with the results; see `sim.study.report.claims`.
    data, tasks, head
        Sections.
    methods : list
        Sources of replayed samples. Each is a mapping with the key ``replay`` and the parameters
        of that source; a list of values is a sweep over them. The optional key ``increment`` (a
        value or a list) replaces the study's number of classes in a later task.
    seeds : int
        Runs of each method; run ``s`` uses seed ``s``, counted from 0.
    tuned : TunedConfig or null
        What validation chooses for every method before its runs.
    choice : ChoiceConfig or null
        That validation; null stands for its defaults.
    """

    #: Whether such a configuration chooses something even without `tuned`.
    always_chooses: ClassVar[bool] = False

    title: str = Field(default="Class-incremental study", min_length=1)
    claims: Literal["gbm"] | None = None
    data: BanksConfig = BanksConfig()
    tasks: TasksConfig = TasksConfig()
    head: StudyHead = BinaryHeadConfig()
    methods: Annotated[Methods, Field(min_length=1)]
    seeds: int = Field(default=3, ge=1, le=1000)
    tuned: TunedConfig | None = None
    choice: ChoiceConfig | None = None

    @pydantic.model_validator(mode="after")
    def _methods_differ(self) -> "StudyConfig":
        _refuse_repeats("methods", self.expanded_methods())
        return self

    @pydantic.model_validator(mode="after")
    def _methods_fit_the_head(self) -> "StudyConfig":
        self._check_head("methods", self.expanded_methods())
        return self

    @pydantic.model_validator(mode="after")
    def _tuned_fits(self) -> "StudyConfig":
        tuned = self.tuned
        if tuned is not None and tuned.key not in type(self.head).model_fields:
            raise ValueError(
                f"tuned.{tuned.key} must be left out: the {self.head.kind} head has none"
            )
        if tuned is None and self.choice is not None and not self.always_chooses:
            raise ValueError("choice must be left out without tuned: nothing is chosen")
        if tuned is not None and self.tasks.instances is not None:
            raise ValueError("tuned must be left out with tasks.instances: no classes are held out")
        return self

    @pydantic.model_validator(mode="after")
    def _methods_fit_the_tasks(self) -> "StudyConfig":
        for method in self.expanded_methods() if self.tasks.instances is not None else ():
            if not SOURCES[method.replay].learns_again or method.increment is not None:
                raise ValueError(
                    f"methods.{method.entry} must learn classes again and have no increment where "
                    f"tasks.instances is given; {method.label!r} needs new classes in every task"
                )
        return self

    def expanded_methods(self) -> list[Method]:
        """Return one method for each combination of swept values, in the order of the file."""
        return expand_methods(self.methods)

    @property
    def validation(self) -> ChoiceConfig:
        """The validation that chooses, its defaults filled in."""
        return self.choice or ChoiceConfig()

    @property
    def tunes(self) -> bool:
        """Whether there is a method whose value of `tuned` validation has to choose."""
        tuned = self.tuned
        return tuned is not None and any(m.takes(tuned.key) for m in self.expanded_methods())

    def with_tuned(self, methods: Sequence[Method]) -> list[Method]:
        """Return methods with every value that `tuned` offers them; as they are without it."""
        if self.tuned is None:
            return list(methods)
        return with_each_value(methods, self.tuned.key, self.tuned.values)

    def _check_head(self, key: str, methods: Sequence[Method]) -> None:
        for method in methods:
            if (unfit := method.unfit_key(self.head)) is not None:
                raise ValueError(
                    f"{key}.{method.entry}.{unfit} must be left out: the {self.head.kind} head has "
                    "none"
                )
            try:
                method.settled(self.head)
            except pydantic.ValidationError as error:
                message = error.errors()[0]["msg"].removeprefix("Value error, ")
                raise ValueError(f"{key}.{method.entry} and head: {message}") from error


class CompareConfig(StudyConfig):
    """A study that runs the best candidate of every source within each budget.

    A configuration with the key ``budgets`` is a comparison.

    Attributes
    ----------
    budgets : list of float
        Most bits that a method may take, in Mb (10^6 bits).
    covers : {"memory", "all"}
        What a budget is for: the memory of the past, all its state included, or all state that
        survives between tasks, the classifier's included.
    bounds : list
        Methods that run without a budget, for reference; written like `methods`.
    """

    always_chooses: ClassVar[bool] = True

    budgets: Annotated[list[Annotated[float, Field(gt=0, le=1e6)]], Field(min_length=1)]
    covers: Covers | None = None  # None stands for memory, so that the digest is as without the key
    bounds: Methods = []
    choice: ChoiceConfig | None = ChoiceConfig()

    @property
    def covered(self) -> Covers:
        """What a budget is for."""
        return self.covers or "memory"

    @pydantic.field_validator("claims")
    @classmethod
    def _claims_nothing(cls, claims: str | None) -> str | None:
        if claims is not None:
            raise ValueError("must be left out if budgets are given: claims need a plain study")
        return claims

    @pydantic.field_validator("budgets")
    @classmethod
    def _budgets_differ(cls, budgets: list[float]) -> list[float]:
        if (again := first_repeat(budgets)) is not None:
            raise ValueError(f"must name every budget once, not {again:g} again")
        return sorted(budgets)

    @pydantic.model_validator(mode="after")
    def _bounds_differ(self) -> "CompareConfig":
        _refuse_repeats("bounds", self.expanded_bounds())
        self._check_head("bounds", self.expanded_bounds())
        return self

    def expanded_bounds(self) -> list[Method]:
        """Return one bound for each combination of swept values, like `expanded_methods`."""
        return expand_methods(self.bounds)


def load_config(
    name: str, overrides: Sequence[str] = (), seeds: int | None = None
) -> tuple[StudyConfig, Document]:
    """Read a study, or a `CompareConfig` if it has the key ``budgets``; see `load`.

    Parameters
    ----------
    name, overrides
        See `sim.documents.read.load`.
    seeds : int, optional
        Number of seeds; it replaces the number in the file.
    """
    own = [] if seeds is None else [f"seeds={seeds}"]
    document = read_document(name, BUILT_IN, [*overrides, *own])
    schema = CompareConfig if "budgets" in document.data else StudyConfig
    return validate(schema, document), document


def _refuse_repeats(key: str, methods: Sequence[Method]) -> None:
    seen: set[str] = set()
    for method in methods:
        if method.label in seen:
            raise ValueError(f"{key}.{method.entry} repeats the method {method.label!r}")
        seen.add(method.label)
