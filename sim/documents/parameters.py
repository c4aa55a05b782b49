# SPDX-License-Identifier: MIT
"""Sections of a YAML file that hold the parameters of hardware, one key each."""

from collections.abc import Callable, Mapping, Set
from dataclasses import fields, is_dataclass
from types import MappingProxyType, UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin, get_type_hints

import pydantic
from pydantic import Field

from sim.documents.section import Section

__all__ = ["NOTHING", "Check", "ParametersSection", "parameters_section", "values_section"]

#: Checks parameters beyond what they check themselves; raises `ValueError`.
Check = Callable[[Any], None]

# Parameters are sizes and seeds. Their classes know the lower bounds; what no hardware can have is
# refused here, before anything of that size is made.
_MOST = 2**24
_MOST_SEED = 2**64 - 1

#: An empty mapping, the default of mappings that are arguments.
NOTHING: Mapping[Any, Any] = MappingProxyType({})


class ParametersSection(Section):
    """Section whose fields are arguments of `build`; an error of `build` is one of the section.

    Attributes
    ----------
    build : callable
        Takes the fields as keyword arguments and returns the parameters.
    further : set of str
        Fields that `build` takes only if the file has them.
    """

    build: ClassVar[Callable[..., Any]]
    further: ClassVar[Set[str]] = frozenset()

    def value(self) -> Any:
        """Return the parameters."""
        names = (type(self).model_fields.keys() - self.further) | self.model_fields_set
        given = {name: getattr(self, name) for name in names}
        return type(self).build(
            **{k: v.value() if isinstance(v, ParametersSection) else v for k, v in given.items()}
        )

    @pydantic.model_validator(mode="after")
    def _fit(self) -> "ParametersSection":
        try:
            self.value()
        except TypeError as error:
            raise ValueError(str(error)) from error
        return self


def _unchecked(params: Any) -> None:
    """Accept any parameters."""


def parameters_section(
    params: Any,
    check: Check = _unchecked,
    most: Mapping[str, int] = NOTHING,
    larger: Mapping[type, type] = NOTHING,
) -> type[ParametersSection]:
    """Return the schema for a dataclass of parameters; its field values are the defaults.

    Parameters
    ----------
    params : dataclass instance
        Parameters whose values become the defaults of the schema.
    check : callable
        Check of these parameters and of those inside them.
    most : mapping of str to int
        Largest values of some parameters, by name, of these and of those inside them.
    larger : mapping of type to type
        For some dataclasses, one derived from it. A file that has a field of its own gets that one.
    """
    kind = type(params)
    derived = larger.get(kind, kind)
    values = {f.name: getattr(params, f.name, f.default) for f in fields(derived)}
    further = values.keys() - {f.name for f in fields(kind)}

    def build(**given: Any) -> Any:
        return (derived if further & given.keys() else kind)(**given)

    section = values_section(values, get_type_hints(derived), build, check, most, larger)
    section.further, section.twin_of = further, derived
    return section


def values_section(
    values: Mapping[str, Any],
    kinds: Mapping[str, Any],
    build: Callable[..., Any],
    check: Check = _unchecked,
    most: Mapping[str, int] = NOTHING,
    larger: Mapping[type, type] = NOTHING,
) -> type[ParametersSection]:
    """Return a schema whose defaults are the given values; dataclasses become sections.

    Parameters
    ----------
    values : mapping of str to Any
        Default of every key.
    kinds : mapping of str to type
        Type of a key, where it is not the type of the default.
    build : callable
        See `ParametersSection`.
    check : callable
        Check of what `build` returns, and of the dataclasses inside it.
    most : mapping of str to int
        Largest values of some keys, by name, of these and of those inside them.
    larger : mapping of type to type
        As for `parameters_section`, for the dataclasses inside.

    Returns
    -------
    type of ParametersSection
        The schema.
    """
    content: dict[str, Any] = {}
    for name, value in values.items():
        if is_dataclass(value) and not isinstance(value, type):
            inner = parameters_section(value, check, most, larger)
            content[name] = (inner, inner())
        else:
            kind = kinds.get(name, type(value))
            largest = most.get(name, _MOST_SEED if name == "seed" else _MOST)
            bounded: Any = Annotated[int, Field(le=largest)]
            if kind is int:
                kind = bounded
            elif get_origin(kind) in (Union, UnionType):
                kind = Union[tuple(bounded if k is int else k for k in get_args(kind))]  # noqa: UP007
            content[name] = (kind, value)
    model = pydantic.create_model("Parameters", __base__=ParametersSection, **content)

    def checked(**given: Any) -> Any:
        params = build(**given)
        check(params)
        return params

    model.build = staticmethod(checked)  # pyright: ignore[reportAttributeAccessIssue]
    return model
