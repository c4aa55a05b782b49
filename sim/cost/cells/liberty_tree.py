# SPDX-License-Identifier: MIT
"""The statements of a Liberty text, as groups and attributes that know their lines.

Here is every rule for a number: it is finite, and 0 or more, or more than 0, where it must be.
"""

import math
import re
from dataclasses import dataclass, field

from sim.work.errors import UserError

__all__ = ["Attribute", "LibertyGroup"]


@dataclass(frozen=True)
class Attribute:
    """A simple or complex attribute.

    Attributes
    ----------
    name : str
    values : tuple of str
        Values after the colon or between the parentheses, without quotes.
    where : str
        ``file:line``.
    """

    name: str
    values: tuple[str, ...]
    where: str

    @property
    def text(self) -> str:
        """The first value."""
        return self.values[0] if self.values else ""

    @property
    def numbers(self) -> list[float]:
        """All values as numbers. A value may hold several numbers, split by commas or blanks.

        Raises
        ------
        UserError
            If one of them is not a finite number.
        """
        return [self._number(word) for word in re.split(r"[\s,]+", " ".join(self.values)) if word]

    @property
    def number(self) -> float:
        """The only value as a number.

        Raises
        ------
        UserError
            If it is not a number, or if there is not exactly one.
        """
        numbers = self.numbers
        if len(numbers) != 1:
            raise UserError(f"{self.where}: {self.name} must be one number, not {len(numbers)}")
        return numbers[0]

    @property
    def not_negative(self) -> float:
        """The only value as a number of 0 or more.

        Raises
        ------
        UserError
            If it is not one such number.
        """
        if self.number < 0:
            raise UserError(f"{self.where}: {self.name} must be 0 or more, not {self.text}")
        return self.number

    @property
    def positive(self) -> float:
        """The only value as a number above 0.

        Raises
        ------
        UserError
            If it is not one such number.
        """
        if self.number <= 0:
            raise UserError(f"{self.where}: {self.name} must be more than 0, not {self.text}")
        return self.number

    def _number(self, word: str) -> float:
        try:
            number = float(word)
        except ValueError:
            number = None
        if number is None:
            raise UserError(f"{self.where}: {self.name} must be a number, not {word[:40]!r}")
        if not math.isfinite(number):
            raise UserError(f"{self.where}: {self.name} must be a finite number, not {word[:40]}")
        return number


@dataclass(frozen=True)
class LibertyGroup:
    """A group of statements.

    Attributes
    ----------
    name : str
        Kind of group, such as "cell".
    arguments : tuple of str
        Texts in parentheses, such as the name of the cell.
    where : str
        ``file:line``.
    attributes : list of Attribute
    groups : list of LibertyGroup
    """

    name: str
    arguments: tuple[str, ...]
    where: str
    attributes: list[Attribute] = field(default_factory=list)
    groups: list["LibertyGroup"] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The first argument, empty if there is none."""
        return self.arguments[0] if self.arguments else ""

    def find(self, name: str) -> Attribute | None:
        """Return the last attribute of a name, None if there is none."""
        return next((a for a in reversed(self.attributes) if a.name == name), None)

    def require(self, name: str) -> Attribute:
        """Return the last attribute of a name.

        Raises
        ------
        UserError
            If there is none.
        """
        attribute = self.find(name)
        if attribute is None:
            raise UserError(f"{self.where}: {self.name} {self.title} must state {name}")
        return attribute

    def text(self, name: str) -> str:
        """Return the text of an attribute, empty if there is none."""
        attribute = self.find(name)
        return "" if attribute is None else attribute.text

    def all(self, *names: str) -> list["LibertyGroup"]:
        """Return the direct subgroups with one of some names."""
        return [group for group in self.groups if group.name in names]
