# SPDX-License-Identifier: MIT
"""A parameter of the space: one choice of a list, or a number of a range."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, SkipValidation

from sim.explore.space.part import Part
from sim.explore.space.point import Value
from sim.explore.space.vary import RangeSection

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

__all__ = ["Dimension", "Parameter"]


class Dimension(Part):
    """A dimension of a space, as a report names it.

    Attributes
    ----------
    name : str
        Key of its value among the parameters of a trial.
    kind : {"categorical", "int", "float"}
        Kind of its values: choices, integers or real numbers.
    log : bool
        Whether the search works on the logarithm of the values.
    """

    name: Annotated[str, Field(min_length=1)]
    kind: Literal["categorical", "int", "float"]
    log: bool = False


class Parameter(Dimension):
    """A parameter of the space with its choices or its range.

    Parameters
    ----------
    name : str
        Either ``replay``, or a section and a key joined by a dot. The section is ``data``,
        ``head``, ``hardware`` or the name of a method.
    choices : tuple or RangeSection
        The values that it may take.
    """

    choices: tuple[Value, ...] | SkipValidation[RangeSection]

    def __init__(self, name: str, choices: tuple[Value, ...] | RangeSection) -> None:
        kind, log = "categorical", False
        if isinstance(choices, RangeSection):
            kind, log = "int" if choices.integers else "float", choices.log
        super().__init__(name=name, kind=kind, log=log, choices=choices)  # pyright: ignore[reportCallIssue]

    @property
    def first(self) -> Value:
        """The first choice, or the least number of the range."""
        return self.choices.low if isinstance(self.choices, RangeSection) else self.choices[0]

    def suggest(self, trial: "BaseTrial") -> Value:
        """Return the value that a trial of Optuna chooses."""
        if not isinstance(self.choices, RangeSection):
            return trial.suggest_categorical(self.name, self.choices)
        low, high, log = self.choices.low, self.choices.high, self.choices.log
        if self.choices.integers:
            step = 1 if self.choices.step is None else self.choices.step
            return trial.suggest_int(self.name, low, high, step=step, log=log)
        return trial.suggest_float(self.name, low, high, step=self.choices.step, log=log)

    def values(self) -> list[Value]:
        """Return all values that it may take.

        Raises
        ------
        ValueError
            If the range has infinitely many numbers.
        """
        if not isinstance(self.choices, RangeSection):
            return list(self.choices)
        numbers = self.choices.numbers()
        if numbers is None:
            raise ValueError(
                f"{self.name} must have a step or be a list for a grid: its range has infinitely "
                "many numbers"
            )
        return list(numbers)

    def allows(self, value: Value) -> bool:
        """Return whether the parameter may take a value."""
        if not isinstance(self.choices, RangeSection):
            return any(value == c and isinstance(value, bool) == isinstance(c, bool)
                       for c in self.choices)  # fmt: skip
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        inside = self.choices.low <= value <= self.choices.high
        return inside and self.choices.reaches(value)

    @property
    def in_words(self) -> str:
        """The values that it may take, in words."""
        choices = self.choices
        if not isinstance(choices, RangeSection):
            return f"one of {', '.join('null' if c is None else str(c) for c in choices)}"
        what = "an integer" if choices.integers else "a number"
        step = "" if choices.step is None else f" in steps of {choices.step:g}"
        return f"{what} in {choices.low:g}..{choices.high:g}{step}"
