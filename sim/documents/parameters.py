# SPDX-License-Identifier: MIT
"""Sections of a YAML file that hold the parameters of hardware, one key each."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar, get_type_hints

import pydantic

from sim.documents.section import Section

__all__ = ["ParametersSection", "parameters_section", "values_section"]


class ParametersSection(Section):
    """Section whose fields are arguments of `build`; an error of `build` is one of the section.

    Attributes
    ----------
    build : callable
        Takes the fields as keyword arguments and returns the parameters.
    """

    build: ClassVar[Callable[..., Any]]

    def value(self) -> Any:
        """Return the parameters."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
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


def parameters_section(params: Any) -> type[ParametersSection]:
    """Return the schema for a dataclass of parameters; its field values are the defaults.

    Parameters
    ----------
    params : dataclass instance
        Parameters whose values become the defaults of the schema.
    """
    values = {f.name: getattr(params, f.name) for f in fields(params)}
    return values_section(values, get_type_hints(type(params)), type(params))


def values_section(
    values: Mapping[str, Any], kinds: Mapping[str, Any], build: Callable[..., Any]
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

    Returns
    -------
    type of ParametersSection
        The schema.
    """
    content: dict[str, Any] = {}
    for name, value in values.items():
        if is_dataclass(value) and not isinstance(value, type):
            inner = parameters_section(value)
            content[name] = (inner, inner())
        else:
            content[name] = (kinds.get(name, type(value)), value)
    model = pydantic.create_model("Parameters", __base__=ParametersSection, **content)
    model.build = staticmethod(build)  # pyright: ignore[reportAttributeAccessIssue]
    return model
