# SPDX-License-Identifier: MIT
"""Values that papers print, in one YAML file for each paper, and their reader.

No value is from memory. Each was read in the paper, and its locator says where. Published chips,
which also have a geometry, are in the folder ``chips``; their schema is
`sim.cost.published.chips`.
"""

from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import pydantic
from pydantic import Field

from sim.documents.section import Section
from sim.documents.validation import validate
from sim.documents.yaml_lines import parse
from sim.work.files import read_text

__all__ = [
    "PUBLISHED",
    "Paper",
    "PrintedValue",
    "Rounding",
    "Unit",
    "load_paper",
    "load_value",
    "papers",
    "read_published",
]

#: Folder of the papers, one ``<name>.yaml`` each.
PUBLISHED = Path(__file__).parent

#: "1" is a share of 1, "x" a ratio, "Mb" 10^6 bits, "MiB" 2^20 bytes.
Unit = Literal["%", "points", "1", "x", "bits", "Mb", "MiB", "exemplars", "mJ", "mW", "s"]

Text = Annotated[str, Field(min_length=1)]
Schema = TypeVar("Schema", bound=pydantic.BaseModel)


class Rounding(Section):
    """How a paper rounds a value.

    Attributes
    ----------
    step : float
        Step to which the value is rounded, in the unit of the value.
    rule : {"rounded", "truncated"}
        Whether the value is rounded to the nearest step or down.
    multiple : int
        Factor between the printed value and a smaller value that was rounded first.
    """

    step: Annotated[float, Field(gt=0)]
    rule: Literal["rounded", "truncated"] = "rounded"
    multiple: int = Field(default=1, ge=1)


class PrintedValue(Section):
    """A value that a paper prints.

    Attributes
    ----------
    what : str
        Quantity that the value measures.
    value : float, list of float or null
        Number in `unit`; a list has one number after each task. Null where the paper gives only
        words.
    unit : str
        One of `Unit`.
    locator : str
        Place in the paper: table, figure, section or page.
    deviation : float or null
        Standard deviation that the paper prints with it, in `unit`.
    printed : str or null
        The paper's own words, where they are more than a bare number.
    condition : mapping of str to int, float, bool or str
        Conditions under which the value holds.
    rounding : Rounding or null
        Rounding of the value, where that matters.
    below : bool
        Whether the paper says only that the quantity is less than the value.
    note : str or null
        Remark for the reader.
    """

    what: Text
    value: float | tuple[float, ...] | None = None
    unit: Unit
    locator: Text
    deviation: Annotated[float, Field(gt=0)] | None = None
    printed: Text | None = None
    condition: dict[str, int | float | bool | str] = {}
    rounding: Rounding | None = None
    below: bool = False
    note: Text | None = None

    @pydantic.model_validator(mode="after")
    def _says_something(self) -> "PrintedValue":
        if self.value is None and self.printed is None:
            raise ValueError("value or printed must be given")
        if self.value == ():
            raise ValueError("value must have a number for each task")
        return self

    @property
    def number(self) -> float:
        """The value in `unit`; if it has a number after each task, the last one."""
        assert self.value is not None, f"{self.what} is printed in words"
        return self.value[-1] if isinstance(self.value, tuple) else self.value

    @property
    def exact(self) -> Fraction:
        """The value in `unit` as an exact fraction of its written decimals."""
        return Fraction(repr(self.number))

    @property
    def curve(self) -> tuple[float, ...]:
        """The values after each task; empty where the paper gives only the last."""
        return self.value if isinstance(self.value, tuple) else ()

    def count(self, key: str) -> int:
        """Return an integer of the condition."""
        value = self.condition[key]
        assert isinstance(value, int), f"{key} of {self.what} must be an integer"
        return value


class Paper(Section):
    """A paper, or its slides.

    Attributes
    ----------
    title : str
        Name of the paper in the tables of reports.
    citation : str
        Authors, title, and place of publication.
    setting : mapping of str to str
        Conditions under which all its values hold.
    values : mapping of str to PrintedValue
        Values, under names that this project gives them.
    """

    title: Text
    citation: Text
    setting: dict[str, Text] = {}
    values: Annotated[dict[str, PrintedValue], Field(min_length=1)]

    def having(self, *keys: str) -> dict[str, PrintedValue]:
        """Return the values whose condition has all of the keys, in the order of the file."""
        return {n: v for n, v in self.values.items() if v.condition.keys() >= set(keys)}


def papers() -> tuple[str, ...]:
    """Return the names of the papers, in alphabetical order."""
    return tuple(sorted(path.stem for path in PUBLISHED.glob("*.yaml")))


@cache
def load_paper(name: str) -> Paper:
    """Read a paper; later calls with the same name return the same object.

    Raises
    ------
    UserError
        If there is no such paper or an entry is at fault; the message names file, line and key.
    """
    return read_published(Paper, PUBLISHED / f"{name}.yaml")


def load_value(name: str) -> PrintedValue:
    """Return the value with the name ``paper.value``, such as ``gbm.accuracy``.

    Raises
    ------
    ValueError
        If there is no such paper or value.
    UserError
        In the same cases as `load_paper`.
    """
    paper, _, key = name.partition(".")
    if paper not in papers():
        raise ValueError(f"must be paper.value, the paper one of {', '.join(papers())}: {name!r}")
    values = load_paper(paper).values
    if key not in values:
        raise ValueError(f"must be a value of {paper}, one of {', '.join(values)}, not {key!r}")
    return values[key]


def read_published(schema: type[Schema], path: Path) -> Schema:
    """Read the file of a paper, or of a chip.

    Parameters
    ----------
    schema : type of pydantic.BaseModel
        Schema of the file.
    path : Path
        File to read.

    Returns
    -------
    schema
        The instance.

    Raises
    ------
    UserError
        If the file cannot be read or an entry is at fault; the message names file, line and key.
    """
    return validate(schema, parse(read_text(path), str(path)))
