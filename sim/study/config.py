# SPDX-License-Identifier: MIT
"""Configuration of a study: one YAML file, checked key by key, and the methods that it lists."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pydantic
from pydantic import Field

from sim.data.sections import BanksConfig, TasksConfig
from sim.documents.read import read_document
from sim.documents.section import PlacedError, Section, first_repeat
from sim.documents.validation import validate
from sim.documents.yaml_lines import Document, dotted
from sim.learn.sections import BinaryHeadConfig, StudyHead
from sim.replay import SOURCES
from sim.study.chosen import ChoiceConfig, TunedConfig
from sim.study.methods import Method
from sim.study.sweeps import MethodEntry, expand_methods, with_each_value

__all__ = [
    "BUILT_IN",
    "CompareConfig",
    "Covers",
    "StudyConfig",
    "load_config",
]

#: Folder of the configurations that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "configs"

Methods = list[MethodEntry]  # type: ignore[valid-type]
#: What a budget of a comparison is for.
Covers = Literal["memory", "all"]


class StudyConfig(Section):
    """A study: data, tasks, head, the methods to compare and the number of seeds of each.

    Attributes
    ----------
    title : str
        Headline of the report.
    claims : "gbm" or null
        Paper whose claims the report compares with the results; see `sim.study.report.claims`.
    data, tasks
        Sections.
    head
        Head of every method that trains one and names none of its own.
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
        heads = [self.head, *(m.own_head for m in self.expanded_methods() if m.own_head)]
        for key in tuned.offers if tuned is not None else ():
            if not any(key in type(head).model_fields for head in heads):
                kinds = " and ".join(dict.fromkeys(head.kind for head in heads))
                one = "head has" if len(kinds.split()) == 1 else "heads have"
                raise ValueError(f"tuned.{key} must be left out: the {kinds} {one} none")
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

    @pydantic.model_validator(mode="after")
    def _networks_can_fail(self) -> "StudyConfig":
        if (why := self._sound_network) is not None:
            _refuse_failing("methods", self.expanded_methods(), why)
        if self.data.each is not None and (self.tuned is not None or self.always_chooses):
            path = ("data", "each")
            raise PlacedError("data.each must be left out where validation chooses", path)
        return self

    @property
    def _sound_network(self) -> str | None:
        """Why no cell of the network can fail here, for messages; None if cells can."""
        if self.data.name != "bank":
            return f": no network embeds {self.data.name}, only a bank's"
        if self.data.others:
            return " beside data.others: one network alone can fail"
        if self.tuned is not None or self.always_chooses:
            return " where validation chooses: it has sound embeddings"
        return None

    def expanded_methods(self) -> list[Method]:
        """Return one method for each combination of swept values, in the order of the file."""
        return expand_methods(self.methods)

    @property
    def fails_network(self) -> bool:
        """Whether a method lets cells of the network's memories fail."""
        return any(method.failing_network for method in self.expanded_methods())

    @property
    def validation(self) -> ChoiceConfig:
        """The validation that chooses, its defaults filled in."""
        return self.choice or ChoiceConfig()

    @property
    def tunes(self) -> bool:
        """Whether there is a method whose value of `tuned` validation has to choose."""
        return any(method.tuned for method in self.with_tuned(self.expanded_methods()))

    def with_tuned(self, methods: Sequence[Method]) -> list[Method]:
        """Return methods with every value that `tuned` offers them; as they are without it."""
        if self.tuned is None:
            return list(methods)
        return with_each_value(methods, self.head, self.tuned.offers)

    @pydantic.model_validator(mode="after")
    def _head_is_sound(self) -> "StudyConfig":
        if getattr(self.head, "faults", None) is not None:
            raise ValueError("head.faults must be left out: head_faults of a method is its key")
        return self

    def _check_head(self, key: str, methods: Sequence[Method]) -> None:
        for method in methods:
            if getattr(method.own_head, "faults", None) is not None:
                raise ValueError(
                    f"{key}.{method.entry}.head.faults must be left out: head_faults is its key"
                )
            if (unfit := method.unfit_key(self.head)) is not None:
                kind = (method.own_head or self.head).kind
                raise ValueError(
                    f"{key}.{method.entry}.{unfit} must be left out: the {kind} head has none"
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
        _refuse_failing("bounds", self.expanded_bounds(), self._sound_network or "")
        self._check_head("bounds", self.expanded_bounds())
        return self

    def expanded_bounds(self) -> list[Method]:
        """Return one bound for each combination of swept values, like `expanded_methods`."""
        return expand_methods(self.bounds, "bounds")


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


def _refuse_failing(key: str, methods: Sequence[Method], why: str) -> None:
    """Refuse methods that let cells of the network fail; the message ends in `why`."""
    for method in methods:
        for fault in method.failing_network:
            path = (key, method.entry, fault)
            raise PlacedError(f"{dotted(path)} must be left out{why}", path)
