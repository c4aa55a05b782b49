# SPDX-License-Identifier: MIT
"""Something that may be chosen: one of a list, or a number of a range."""

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
        Its key among the parameters of a trial.
    kind : {"categorical", "int", "float"}
        Choices, integers or numbers.
    log : bool
        Whether the search looks at the logarithm.
    """

    name: Annotated[str, Field(min_length=1)]
    kind: Literal["categorical", "int", "float"]
    log: bool = False


class Parameter(Dimension):
    """Something that may be chosen.

    Parameters
    ----------
    name : str
        Where it stands: ``replay``; or ``data``, ``head``, ``hardware`` or a method, and the key
        there.
    choices : tuple or RangeSection
        What it may be.
    """

    choices: tuple[Value, ...] | SkipValidation[RangeSection]

    def __init__(self, name: str, choices: tuple[Value, ...] | RangeSection) -> None:
        kind, log = "categorical", False
        if isinstance(choices, RangeSection):
            kind, log = "int" if choices.integers else "float", choices.log
        super().__init__(name=name, kind=kind, log=log, choices=choices)  # pyright: ignore[reportCallIssue]

    @property
    def first(self) -> Value:
        """First choice, or least number."""
        return self.choices.low if isinstance(self.choices, RangeSection) else self.choices[0]

    def suggest(self, trial: "BaseTrial") -> Value:
        """Return what a trial of Optuna chooses."""
        if not isinstance(self.choices, RangeSection):
            return trial.suggest_categorical(self.name, self.choices)
        low, high, log = self.choices.low, self.choices.high, self.choices.log
        if self.choices.integers:
            step = 1 if self.choices.step is None else self.choices.step
            return trial.suggest_int(self.name, low, high, step=step, log=log)
        return trial.suggest_float(self.name, low, high, step=self.choices.step, log=log)

    def values(self) -> list[Value]:
        """Return all that it may be.

        Raises
        ------
        ValueError
            If there is no end to it.
        """
        if not isinstance(self.choices, RangeSection):
            return list(self.choices)
        numbers = self.choices.numbers()
        if numbers is None:
            raise ValueError(
                f"{self.name} must have a step or be a list for a grid: its range has no end of "
                "numbers"
            )
        return list(numbers)

    def allows(self, value: Value) -> bool:
        """Return whether it may be a value."""
        if not isinstance(self.choices, RangeSection):
            return any(value == c and isinstance(value, bool) == isinstance(c, bool)
                       for c in self.choices)  # fmt: skip
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        inside = self.choices.low <= value <= self.choices.high
        return inside and self.choices.reaches(value)

    @property
    def in_words(self) -> str:
        """What it may be, in words."""
        choices = self.choices
        if not isinstance(choices, RangeSection):
            return f"one of {', '.join('null' if c is None else str(c) for c in choices)}"
        what = "an integer" if choices.integers else "a number"
        step = "" if choices.step is None else f" in steps of {choices.step:g}"
        return f"{what} in {choices.low:g}..{choices.high:g}{step}"
