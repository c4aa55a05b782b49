# SPDX-License-Identifier: MIT
"""Entries of a list of methods: each value may be a list, and every combination is a method."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import prod
from types import NoneType
from typing import Annotated, Any, Literal, Union, get_args

from pydantic import BaseModel, Field, ValidationError, create_model

from sim.documents.section import PlacedError, Section
from sim.documents.yaml_lines import KeyPath, dotted
from sim.learn.cells import FailingCells
from sim.learn.sections import AnyHead
from sim.replay import SOURCES, SourceParams
from sim.study.methods import NETWORK_KEYS, Method

__all__ = ["MAX_METHODS", "MethodEntry", "expand_methods", "with_each_value"]

MAX_METHODS = 10_000  # more would run for months, and their list alone fills the memory


@cache  # a section that many methods have is copied once
def _sweep(model: type[BaseModel], tag: str | None = None) -> type[BaseModel]:
    """Return a copy of `model` in which each field takes one value or a list of values to try."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if (section := _section(kind)) is not None:
            kind = _sweep(section) | None if NoneType in get_args(kind) else _sweep(section)
        else:
            for constraint in field.metadata:
                kind = Annotated[kind, constraint]
            kind = kind | Annotated[list[kind], Field(min_length=1)]
        fields[name] = (kind, Field(default=None))
    if tag is not None:
        fields["replay"] = (Literal[tag], ...)
        increment: Any = Annotated[int, Field(ge=1, le=65_536)]
        several: Any = Annotated[list[increment], Field(min_length=1)]
        meaning = "Classes of a later task, in place of the study's."
        fields["increment"] = (increment | several, Field(default=None, description=meaning))
        for key, (_, meaning) in NETWORK_KEYS.items():
            failing = _sweep(FailingCells) | None
            fields[key] = (failing, Field(default=None, description=meaning))
    twin = create_model(f"{model.__name__}Sweep", __base__=Section, **fields)
    twin.twin_of = model
    return twin


def _section(kind: Any) -> type[BaseModel] | None:
    """Return the section that a field holds, always or unless it is null; None for other fields."""
    kinds = [kind] if isinstance(kind, type) else [k for k in get_args(kind) if k is not NoneType]
    one = kinds[0] if len(kinds) == 1 else None
    return one if isinstance(one, type) and issubclass(one, BaseModel) else None


#: One entry of a list of methods: the name of a source, and one or several values a parameter.
MethodEntry = Annotated[
    Union[tuple(_sweep(source.Params, name) for name, source in SOURCES.items())],  # noqa: UP007
    Field(discriminator="replay"),
]


def expand_methods(entries: list[Any], key: str = "methods") -> list[Method]:
    """Return one method for each combination of swept values, in the order of the entries.

    Parameters
    ----------
    entries : list of MethodEntry
    key : str
        Where the configuration lists them, for messages.

    Raises
    ------
    ValueError
        If there are more than `MAX_METHODS`, or parameters do not fit each other.
    """
    given = [entry.model_dump(exclude_unset=True, exclude={"replay"}) for entry in entries]
    swept = [_combinations(values) for values in given]
    if sum(swept) > MAX_METHODS:
        largest = swept.index(max(swept))
        raise ValueError(
            f"methods must be at most {MAX_METHODS} combinations of swept values, not "
            f"{sum(swept)}: methods.{largest} alone has {swept[largest]}"
        )
    methods = []
    for place, entry in enumerate(entries):
        for values in _expand(given[place]):
            increment = values.pop("increment", None)
            failing = _failing_network(values, (key, place))
            params = _params(entry.replay, values, (key, place))
            methods.append(
                Method(
                    entry.replay,
                    params,
                    place,
                    increment,
                    network_faults=failing.get("network_faults"),
                    map_faults=failing.get("map_faults"),
                )
            )
    return methods


def _failing_network(values: dict[str, Any], where: KeyPath) -> dict[str, FailingCells]:
    """Take the faults of the network's memories out of the values of an entry."""
    given = {key: values.pop(key, None) for key in NETWORK_KEYS}
    found = {}
    for key, value in given.items():
        if value is None:
            continue
        try:
            found[key] = FailingCells.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            path = (*where, key, *first["loc"])
            said = first["msg"].removeprefix("Value error, ")
            raise PlacedError(f"{dotted(path)}: {said}", path) from error
    return found


def _params(replay: str, values: dict[str, Any], where: KeyPath) -> SourceParams:
    """Return the parameters of a source; an error says which entry and key is at fault."""
    try:
        return SOURCES[replay].Params.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        path = (*where, *first["loc"])
        if first["type"] == "missing":
            raise PlacedError(f"{dotted(path)} must be given", path) from error
        said = first["msg"].removeprefix("Value error, ")
        raise PlacedError(f"{dotted(path)}: {said}", path) from error


def with_each_value(
    methods: Sequence[Method], head: AnyHead, offers: Mapping[str, Sequence[float]]
) -> list[Method]:
    """Return each method with each value of a key of its head, for validation to choose from.

    A method that has a value of its own, or that trains no head, comes once as it is.

    Parameters
    ----------
    methods : sequence of Method
    head : AnyHead
        Head of the study.
    offers : mapping of str to sequence of float
        Values by key. A method takes the first key that it can.
    """
    found = []
    for method in methods:
        key = next((key for key in offers if method.takes(key, head)), None)
        values = offers[key] if key is not None else ()
        found += [replace(method, tuned=((str(key), value),)) for value in values] or [method]
    return found


def _combinations(entry: Mapping[str, Any]) -> int:
    """Return the number of combinations that `_expand` yields."""
    return prod(
        _combinations(v) if isinstance(v, Mapping) else len(v) if isinstance(v, list) else 1
        for v in entry.values()
    )


def _expand(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every combination of one value for each key, nested sections included."""
    options = []
    for value in entry.values():
        if isinstance(value, Mapping):
            options.append(list(_expand(value)))
        else:
            options.append(value if isinstance(value, list) else [value])
    for values in itertools.product(*options):
        yield dict(zip(entry, values, strict=True))
