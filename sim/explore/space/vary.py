# SPDX-License-Identifier: MIT
"""Sections whose fields may hold a value, a list of choices, or a range."""

import math
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pydantic
from pydantic import BaseModel, Field, create_model

from sim.documents.section import Section, first_repeat

__all__ = ["RangeSection", "VariedSection", "varied"]


class RangeSection(Section):
    """Numbers from `low` to `high`, both included.

    Attributes
    ----------
    low, high : int or float
    log : bool
        Whether the search works on the logarithm of the numbers.
    step : int, float or null
        Distance between neighbouring numbers. If null, every number of the range is allowed, or
        every integer where the field takes integers.
    """

    low: Any
    high: Any
    log: bool = False
    step: Any = None

    @pydantic.model_validator(mode="after")
    def _is_not_empty(self) -> "RangeSection":
        if not self.low < self.high:
            raise ValueError(
                f"low must be less than high, not {self.low:g} and {self.high:g}: the range is "
                "empty"
            )
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            raise ValueError(
                f"step must be above 0 and at most high - low = {self.high - self.low:g}, not "
                f"{self.step:g}"
            )
        if self.log and self.step is not None:
            raise ValueError("step must be left out with log: only a linear range has a step")
        if self.log and not self.low > 0:
            raise ValueError(f"low must be above 0 with log, not {self.low:g}")
        return self

    @property
    def integers(self) -> bool:
        """Whether the numbers are integers."""
        return isinstance(self.low, int)

    def numbers(self) -> list[int] | list[float] | None:
        """Return all numbers of the range in order; None if there are infinitely many."""
        if self.integers:
            return list(range(self.low, self.high + 1, self.step or 1))
        if self.step is None:
            return None
        # Decimals are exact: rounding changes neither the count of the numbers nor their digits.
        low, high, step = (Decimal(str(n)) for n in (self.low, self.high, self.step))
        return [float(low + i * step) for i in range(int((high - low) / step) + 1)]

    def reaches(self, value: float) -> bool:
        """Return whether a number between the ends is one of `numbers`, up to rounding."""
        step = self.step or (1 if self.integers else None)
        if step is None:
            return True
        steps = (value - self.low) / step
        return math.isclose(steps, round(steps), rel_tol=1e-9, abs_tol=1e-6)


class VariedSection(Section):
    """Base of sections in which lists are choices."""

    @pydantic.model_validator(mode="after")
    def _choices_differ(self) -> "VariedSection":
        for name in type(self).model_fields:
            choices = getattr(self, name)
            again = first_repeat(choices) if isinstance(choices, list) else None
            if again is not None:
                raise ValueError(f"{name} must name every choice once, not {again} again")
        return self


def varied(model: type[BaseModel], tag: str | None = None, **content: Any) -> type[BaseModel]:
    """Return a twin of a section in which every field takes a value, a list of values or a range.

    Parameters
    ----------
    model : type of pydantic.BaseModel
    tag : str, optional
        Value of the additional key ``replay`` of the twin.
    content : type and default, by name
        Fields of the twin that replace those of `model`.

    Returns
    -------
    type of pydantic.BaseModel
        Its fields do not have the defaults of `model`; an absent field is None.
    """
    fields: dict[str, Any] = dict(content)
    for name, field in model.model_fields.items():
        if name in fields:
            continue
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            fields[name] = (varied(field.annotation), Field(default=None))
        else:
            kind: Any = field.annotation
            for constraint in field.metadata:
                kind = Annotated[kind, constraint]
            several = Annotated[list[kind], Field(min_length=1)]
            ranges = _ranges(field.annotation, tuple(field.metadata))
            fields[name] = (Union[kind, several, *ranges], Field(default=None))
    if tag is not None:
        fields["replay"] = (Literal[tag], ...)
    twin = create_model(f"{model.__name__}Varied", __base__=VariedSection, **fields)
    twin.twin_of = model
    return twin


def _ranges(kind: Any, constraints: tuple[Any, ...]) -> tuple[type[RangeSection], ...]:
    """Return the range section for the number in a type; empty if the type holds no number."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        return _ranges(inner, (*constraints, *_flat(more)))
    if kind in (int, float):
        number: Any = kind
        for constraint in constraints:
            number = Annotated[number, constraint]
        step: Any = Annotated[kind, Field(gt=0, le=10**9)]
        content: dict[str, Any] = {
            "low": (number, ...),
            "high": (number, ...),
            "step": (step | None, None),
        }
        name = f"{kind.__name__.capitalize()}Range"
        model = create_model(name, __base__=RangeSection, **content)
        return (model,)
    members = get_args(kind) if get_origin(kind) is not Literal else ()
    return next((found for m in members if (found := _ranges(m, constraints))), ())


def _flat(metadata: list[Any]) -> list[Any]:
    """Return the constraints of an annotation as one list, with each `Field` taken apart."""
    return [c for item in metadata for c in getattr(item, "metadata", [item])]
