# SPDX-License-Identifier: MIT
"""The YAML configuration of an exploration: methods and hardware, objectives, constraints."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Union

import pydantic
from pydantic import BeforeValidator, Field

from sim.cost.counts.training import Gradients
from sim.data.sections import DataConfig, TasksConfig
from sim.documents.read import load
from sim.documents.section import Section, first_repeat
from sim.documents.yaml_lines import Document
from sim.explore.space.objectives import NAMES, Constraint, Name, Objective, ObjectiveSection
from sim.explore.space.rungs import FidelityConfig
from sim.explore.space.vary import VariedSection, varied
from sim.learn.cells import CellModel
from sim.learn.sections import HeadConfig, IntegerHeadConfig, TernaryHeadConfig, with_kind
from sim.replay import SOURCES

__all__ = ["BUILT_IN", "ExploreConfig", "HardwareConfig", "SamplerConfig", "load_explore"]

#: Folder of the configurations that come with the package, one file ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parents[1] / "configs"


class HardwareConfig(Section):
    """The chip around the memory of the past, and how it learns; see `sim.cost.configuration`.

    Attributes
    ----------
    technology : str
        YAML file or built-in technology for the prices.
    network : str or null
        Description of the network that makes the embeddings. Only a bank has one: the features
        of images are their pixels.
    clock_mhz : float
        Clock in MHz.
    pe : int
        Number of parallel neurons. The memories of the machine are just large enough for the
        network.
    simd : int
        Inputs of each neuron in a cycle.
    weight_reuse : {1, 2, 4, 8}
        P, pixels that a row of weights serves before the next row is read.
    units : {1, 2}
        Matrix-vector units side by side, each of PE neurons.
    lanes : int
        L, features in a memory row, if the method has no `lanes` of its own.
    backward_bits : int
        q_b, bits of errors and gradients. The forward pass is binary.
    weight_bits : int
        Bits of each real weight. Its sign is the binary weight.
    gradients : {"registers", "memory"}
        Where the gradients are summed, as in a chip to price.
    embeddings : {"buffer", "recompute"}
        Whether the embeddings of new samples are kept, as in a chip to price.
    past_voltage : float or null
        Supply of the memory of the past in V, at which cells of its codes or exemplars fail; null
        is the supply of the technology, at which none fails.
    head_voltage : float or null
        Supply of the memory of the integer head's weights, likewise.
    network_voltage : float or null
        Supply of the memory of the network's weights, likewise. Every design then embeds the images
        of its bank again. Weights of a binary head that lie in the same memory do not fail.
    map_voltage : float or null
        Supply of the memories of the network's maps, likewise.
    cell : CellModel, str or null
        At which supply cells of all these fail, as in `faults` of a study.
    """

    technology: str = "open130"
    network: str | None = None
    clock_mhz: float = Field(default=50.0, gt=0, le=100_000)
    pe: int = Field(default=16, ge=1, le=1024)
    simd: int = Field(default=64, ge=1, le=1024)
    weight_reuse: Literal[1, 2, 4, 8] = 1
    units: Literal[1, 2] = 1
    lanes: int = Field(default=64, ge=1, le=64)
    backward_bits: int = Field(default=16, ge=1, le=32)
    weight_bits: int = Field(default=16, ge=1, le=32)
    gradients: Gradients = "registers"
    embeddings: Literal["buffer", "recompute"] = "buffer"
    past_voltage: float | None = Field(default=None, gt=0, le=10)
    head_voltage: float | None = Field(default=None, gt=0, le=10)
    network_voltage: float | None = Field(default=None, gt=0, le=10)
    map_voltage: float | None = Field(default=None, gt=0, le=10)
    cell: CellModel | str | None = None


class SamplerConfig(Section):
    """The sampler, which proposes points.

    Attributes
    ----------
    name : {"grid", "random", "tpe", "nsga2"}
        ``grid`` tries all points in a fixed order. The others are samplers of Optuna. ``nsga2``
        evolves the parameters that all methods share and draws a method's own parameters at
        random, so it suits spaces of one method.
    seed : int
        Seed of its choices.
    population : int
        Designs in a generation of ``nsga2``.
    """

    name: Literal["grid", "random", "tpe", "nsga2"] = "tpe"
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    population: int = Field(default=20, ge=2, le=10_000)


class DataSpace(VariedSection, DataConfig):
    """Data of a study. `features` may list several lengths of an embedding.

    Attributes
    ----------
    features : int, list of int or null
        D, the number of first bits of an embedding that are used; all bits if null.
    """

    features: (  # pyright: ignore[reportIncompatibleVariableOverride]
        Annotated[int, Field(ge=1, le=2**24)]
        | Annotated[list[Annotated[int, Field(ge=1, le=2**24)]], Field(min_length=1)]
        | None
    ) = None


_BinaryHeadSpace: Any = varied(
    HeadConfig, kind=(Literal["binary"], Field(default="binary", exclude=True))
)
_IntegerHeadSpace: Any = varied(IntegerHeadConfig, kind=(Literal["integer"], ...))
_TernaryHeadSpace: Any = varied(TernaryHeadConfig, kind=(Literal["ternary"], ...))
_HeadSpace: Any = Annotated[
    _BinaryHeadSpace | _IntegerHeadSpace | _TernaryHeadSpace,
    Field(discriminator="kind"),
    BeforeValidator(with_kind),
]
_HardwareSpace: Any = varied(
    HardwareConfig,
    technology=(str, "open130"),
    network=(str | None, None),
    cell=(CellModel | str | None, None),
)
_MethodEntry = Annotated[
    Union[tuple(varied(source.Params, name) for name, source in SOURCES.items())],  # noqa: UP007
    Field(discriminator="replay"),
]


class ExploreConfig(Section):
    """A space of designs, with objectives and constraints.

    Attributes
    ----------
    title : str
        Headline of the report.
    name : str
        Name of the study in its storage.
    data, tasks, head, methods
        As in a study. A value in `head` or `methods` may be a list of choices or a range, and
        `data.features` may be a list. Every source appears once.
    hardware
        `HardwareConfig`, whose values may be lists or ranges, too.
    objectives : list of str or of ObjectiveSection
        What the search makes as good as it can.
    constraints : list of str
        Bounds such as ``bits <= 1 Mb``. A design that breaks one is not run.
    fidelity : FidelityConfig
        Rungs on which a design is tried with few tasks or seeds first.
    sampler : SamplerConfig
        What proposes points.
    recommend : list of float
        Budgets (Mb). The report recommends a design for each.
    reference : mapping or null
        Parameters of the reference design, which runs first. The report says where it lies
        relative to the front. Absent parameters take the first of their choices.
    """

    beside: ClassVar[frozenset[str]] = frozenset(
        {"title", "name", "sampler", "recommend", "reference"}
    )

    title: str = Field(default="Design space", min_length=1)
    name: str = Field(default="explore", min_length=1)
    data: DataSpace = DataSpace()
    tasks: TasksConfig = TasksConfig()
    head: _HeadSpace = _BinaryHeadSpace()  # pyright: ignore[reportInvalidTypeForm]
    methods: Annotated[list[_MethodEntry], Field(min_length=1)]  # type: ignore[valid-type]
    hardware: _HardwareSpace = _HardwareSpace()  # pyright: ignore[reportInvalidTypeForm]
    objectives: Annotated[list[Name | ObjectiveSection], Field(min_length=1)] = [*NAMES]
    constraints: list[str] = []
    fidelity: FidelityConfig = FidelityConfig()
    sampler: SamplerConfig = SamplerConfig()
    recommend: list[Annotated[float, Field(gt=0, le=1e6)]] = []
    reference: dict[str, int | float | bool | str | None] | None = None

    @pydantic.field_validator("methods")
    @classmethod
    def _sources_differ(cls, methods: list[Any]) -> list[Any]:
        names = [entry.replay for entry in methods]
        if (again := first_repeat(names)) is not None:
            raise ValueError(f"must name every source once, not {again} again: give it lists")
        return methods

    @pydantic.field_validator("objectives")
    @classmethod
    def _accuracy_is_sought_once_each(cls, objectives: list[Any]) -> list[Any]:
        names = [entry if isinstance(entry, str) else entry.name for entry in objectives]
        if (again := first_repeat(names)) is not None:
            raise ValueError(f"must name every objective once, not {again} again")
        if "accuracy" not in names:
            raise ValueError("must include accuracy: all others are known without a search")
        return objectives

    @pydantic.field_validator("constraints")
    @classmethod
    def _constraints_are_bounds(cls, constraints: list[str]) -> list[str]:
        for text in constraints:
            Constraint.parse(text)
        return constraints

    @property
    def sought(self) -> tuple[Objective, ...]:
        """The objectives, accuracy first."""
        entries = [
            (entry, None) if isinstance(entry, str) else (entry.name, entry.of)
            for entry in self.objectives
        ]
        found = (Objective.named(name, of) for name, of in entries)
        return tuple(sorted(found, key=lambda objective: objective.static))

    @property
    def bounds(self) -> tuple[Constraint, ...]:
        """The constraints."""
        return tuple(map(Constraint.parse, self.constraints))

    @property
    def valued(self) -> tuple[Objective, ...]:
        """The objectives, followed by other quantities that constraints bound."""
        sought = self.sought
        names = {objective.name for objective in sought}
        more = dict.fromkeys(bound.name for bound in self.bounds if bound.name not in names)
        return (*sought, *map(Objective.named, more))

    def whole_data(self) -> DataConfig:
        """Return the data with all bits of an embedding."""
        return DataConfig.model_validate(self.data.model_dump(exclude={"features"}))


def load_explore(name: str, overrides: Sequence[str] = ()) -> tuple[ExploreConfig, Document]:
    """Read a space of designs; see `sim.documents.read.load`."""
    return load(ExploreConfig, name, BUILT_IN, overrides)
