# SPDX-License-Identifier: MIT
"""The rows of ``published.yaml``: which published value is held to which runs of which report."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import pydantic
from pydantic import Field

from sim.data.published import PrintedValue, load_value
from sim.documents.section import Section
from sim.documents.validation import validate
from sim.documents.yaml_lines import parse
from sim.work.files import read_text

__all__ = ["ROWS", "Chapter", "Comparison", "Runs", "Table", "load_table"]

ROWS = Path(__file__).with_name("published.yaml")


class Runs(Section):
    """Runs of a report.

    Attributes
    ----------
    report : str
        Folder of the report.
    label : str or null
        Runs of this label.
    family, budget : str and float, or null
        Runs that a comparison chose for a family at a budget, in Mb.
    row, column : str or null
        Cell of a table of binarizers.
    last_row_of : str or null
        Matrix, of whose last row the mean counts.
    """

    report: str
    label: str | None = None
    family: str | None = None
    budget: float | None = None
    row: str | None = None
    column: str | None = None
    last_row_of: str | None = None


class Comparison(Section):
    """A row of ``published.yaml``, which says what its keys mean.

    Attributes
    ----------
    what : str
        ``{paper.value}`` in it stands for the number of a published value.
    source : str
    values : tuple of str
        Names of none, one or two published values, `sim.data.published.load_value`.
    decimals : int or null
        Of the values in the source; as written if null.
    band : float or null
        Points; if null, a difference has the band from half to double of what is published.
    least : float
        Points.
    key : str
        Which number of a run.
    ours, over : Runs or null
    why : str or null
        Why nothing was run.
    shown : str or null
        Why a row does not hold, and the experiment that showed it.
    guess : str or null
        Why it may not hold; no experiment has shown it.
    """

    what: str
    source: str
    values: Annotated[tuple[str, ...], Field(max_length=2)] = ()
    decimals: int | None = Field(default=None, ge=0)
    band: float | None = Field(default=None, ge=0)
    least: float = Field(default=0.0, ge=0)
    key: str = "average_incremental"
    ours: Runs | None = None
    over: Runs | None = None
    why: str | None = None
    shown: str | None = None
    guess: str | None = None

    @pydantic.field_validator("what")
    @classmethod
    def _numbers_filled_in(cls, text: str) -> str:
        return _filled(text)

    @pydantic.field_validator("values")
    @classmethod
    def _are_published(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            load_value(name)
        return names

    @pydantic.model_validator(mode="after")
    def _can_be_held(self) -> "Comparison":
        if (self.ours is None) == (self.why is None):
            raise ValueError("why must be given where nothing was run, and nowhere else")
        if self.shown is not None and self.guess is not None:
            raise ValueError("guess must be left out beside shown: the reason is known")
        if self.ours is None and (self.values or self.over is not None):
            raise ValueError("values and over must be left out where nothing was run")
        if self.band is not None and not self.values:
            raise ValueError("values must be given with band")
        if self.ours is not None and self.band is None and self.over is None:
            raise ValueError("over must be given where the order alone is held")
        return self

    @property
    def printed(self) -> tuple[PrintedValue, ...]:
        """The published values."""
        return tuple(load_value(name) for name in self.values)

    @property
    def reason(self) -> str:
        """Why the row does not hold, as far as it is known."""
        if self.shown is not None:
            return self.shown
        return "not found" if self.guess is None else f"not found; perhaps {self.guess}"

    @property
    def published(self) -> Decimal | None:
        """What is published, in per cent or points; None where the paper has no number."""
        found = [_percent(value) for value in self.printed if value.value is not None]
        if not found:
            return None
        return found[0] if len(found) == 1 else abs(found[0] - found[1])


class Chapter(Section):
    """Rows that stand under one title.

    Attributes
    ----------
    title : str
    note : str
        ``{paper.value}`` in it stands for the number of a published value.
    rows : list of Comparison
    """

    title: str
    note: str = ""
    rows: Annotated[list[Comparison], Field(min_length=1)]

    @pydantic.field_validator("note")
    @classmethod
    def _numbers_filled_in(cls, text: str) -> str:
        return _filled(text)


class Table(Section):
    """All of ``published.yaml``.

    Attributes
    ----------
    sections : list of Chapter
    """

    sections: list[Chapter]


def load_table() -> Table:
    """Read ``published.yaml``.

    Raises
    ------
    UserError
        If a row is at fault; the message names file, line and key.
    """
    return validate(Table, parse(read_text(ROWS), str(ROWS)))


def _filled(text: str) -> str:
    """Return a text with the numbers of the published values that it names."""
    return re.sub(r"\{([^{}]+)\}", lambda found: repr(load_value(found[1]).number), text)


def _percent(value: PrintedValue) -> Decimal:
    """Return a value in per cent or points, with the decimals that are written and no others."""
    return Decimal(repr(value.number)) * (100 if value.unit == "1" else 1)
