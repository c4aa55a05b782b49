# SPDX-License-Identifier: MIT
"""Every number of a configuration has both bounds, so that no typing error asks for the moon."""

import importlib
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, Field

from rtl.catalogue import BLOCKS
from sim.cost.configuration import REFERENCE, _CostFields
from sim.documents.parameters import ParametersSection, parameters_section
from sim.documents.section import Section
from sim.explore.space.settings import ExploreConfig
from sim.hardware.settings import _schema
from sim.study.config import CompareConfig, StudyConfig
from sim.vectors.blocks import BLOCKS as VECTORS
from sim.vectors.settings import _schema as _vectors_schema

#: Numbers with another check than bounds of their own.
CHECKED_ELSEWHERE = {
    "order": "a seed or a list of classes, which `class_order` checks against the data",
    "reference": "values of other keys, which are checked as those",
    "primes": "each is bounded by the width of its part",
    "task_primes": "likewise",
    "taps": "each is bounded by the width of the LFSR",
}

WITH_TORCH = {
    "binplay": "BinPlayConfig",
    "native": "NativeConfig",
    "pretrain": "PretrainConfig",
    "resnet": "ResnetConfig",
}


def unbounded(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Yield the keys whose numbers lack a bound; lower bounds of parameters are in their class."""
    for name, field in model.model_fields.items():
        kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else None
        for leaf, lacks in leaves(kind or field.annotation):
            if isinstance(leaf, type) and issubclass(leaf, BaseModel):
                yield from unbounded(leaf, f"{above}{name}.")
            elif name not in CHECKED_ELSEWHERE:
                own = issubclass(model, ParametersSection)
                yield from (f"{above}{name}: {lack}" for lack in lacks - ({"low"} if own else {0}))


def leaves(kind: Any, constraints: tuple[Any, ...] = ()) -> Iterator[tuple[Any, set[str]]]:
    """Yield the models and the numbers in a type, numbers with the bounds that they lack."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        flat = [c for item in more for c in (getattr(item, "metadata", None) or [item])]
        yield from leaves(inner, (*constraints, *flat))
    elif kind in (int, float):
        signs = {"low": ("ge", "gt"), "high": ("le", "lt")}
        yield (
            kind,
            {
                end
                for end, names in signs.items()
                if all(getattr(c, name, None) is None for c in constraints for name in names)
            },
        )
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind, set()
    elif get_origin(kind) is not Literal:
        union = get_origin(kind) in (Union, types.UnionType)
        for member in get_args(kind):
            yield from leaves(member, constraints if union else ())


@pytest.mark.parametrize(
    "model",
    [StudyConfig, CompareConfig, ExploreConfig, _CostFields, parameters_section(REFERENCE)],
    ids=lambda model: model.__name__,
)
def test_every_number_of_a_configuration_has_both_bounds(model: type[BaseModel]) -> None:
    assert sorted({*unbounded(model)}) == []


@pytest.mark.parametrize("wing", WITH_TORCH)
def test_every_number_of_a_training_has_both_bounds(wing: str) -> None:
    pytest.importorskip("torch")
    settings = importlib.import_module(f"sim.images.{wing}.settings")
    assert sorted({*unbounded(getattr(settings, WITH_TORCH[wing]))}) == []


@pytest.mark.parametrize("block", BLOCKS)
def test_every_number_of_a_block_has_an_upper_bound(block: str) -> None:
    assert sorted({*unbounded(_schema(BLOCKS[block].arguments("full")))}) == []


@pytest.mark.parametrize("block", [name for name in VECTORS if name != "network"])
def test_every_number_of_the_vectors_of_a_block_has_an_upper_bound(block: str) -> None:
    assert sorted({*unbounded(_vectors_schema(block))}) == []


def test_planted_numbers_without_bounds_are_found() -> None:
    class Inner(Section):
        many: list[int] | None = None
        half: Annotated[float, Field(gt=0)] | Literal["none"] = "none"

    class Outer(Section):
        bounded: int = Field(default=1, ge=0, lt=3)
        both: Annotated[int | list[Annotated[int, Field(ge=1, le=2)]], Field(ge=1, le=2)] = 1
        inner: Inner = Inner()
        text: str = ""

    assert sorted(unbounded(Outer)) == [
        "inner.half: high",
        "inner.many: high",
        "inner.many: low",
    ]
