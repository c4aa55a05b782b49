# SPDX-License-Identifier: MIT
"""Tables of words: the fields of a word, its rows, and what a block does with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from golden.sampler import Beat

__all__ = [
    "Field",
    "Role",
    "Table",
    "Vectors",
    "beats_table",
    "command_tables",
    "flags_table",
    "integers",
    "label_width",
    "lane_rows",
    "lanes_word",
]

#: What a bench does with a table: load it first, offer its words, or expect them.
Role = Literal["setup", "stimulus", "expected"]
#: Values of the fields, one tuple a word.
Rows = Sequence[tuple[int, ...]]


@dataclass(frozen=True)
class Field:
    """A field of a word.

    Parameters
    ----------
    name : str
    width : int
        Bits, at least 1.
    meaning : str
    signed : bool
        Whether it is in two's complement.
    """

    name: str
    width: int
    meaning: str
    signed: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A list of words of one width.

    Parameters
    ----------
    name : str
        Name of its file, without the ending.
    role : {"setup", "stimulus", "expected"}
    fields : sequence of Field
        From bit 0 of the word upwards, without gaps.
    rows : sequence of tuple of int
        A value for each field.
    use : str
        What the block does with the words, in their order.
    """

    name: str
    role: Role
    fields: Sequence[Field]
    rows: Rows
    use: str

    @property
    def width(self) -> int:
        """Bits of a word."""
        return sum(f.width for f in self.fields)

    @cached_property
    def words(self) -> list[int]:
        """Every row as one word.

        Raises
        ------
        ValueError
            If a value does not fit its field.
        """
        return [self._word(row) for row in self.rows]

    def offsets(self) -> list[int]:
        """Return the lowest bit of each field."""
        starts = np.cumsum([0, *(f.width for f in self.fields)])
        return starts[:-1].tolist()

    def _word(self, row: tuple[int, ...]) -> int:
        word = 0
        for f, start, value in zip(self.fields, self.offsets(), row, strict=True):
            lowest = -(1 << f.width - 1) if f.signed else 0
            if not lowest <= value < lowest + (1 << f.width):
                raise ValueError(f"{self.name}.{f.name} must fit {f.width} bits, not {value}")
            word |= (value & (1 << f.width) - 1) << start
        return word


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """Vectors of a block.

    Parameters
    ----------
    block : str
    contract : str
        Sections of the hardware contract that decide the words.
    parameters : mapping of str to Any
        Plain data.
    about : str
        What a bench has to do, in order.
    tables : sequence of Table
    files : mapping of str to bytes
        Further files by name.
    """

    block: str
    contract: str
    parameters: Mapping[str, Any]
    about: str
    tables: Sequence[Table]
    files: Mapping[str, bytes] = field(default_factory=dict)


def lanes_word(values: Sequence[int] | NDArray[Any], width: int = 1) -> int:
    """Return values side by side, the first in the lowest bits.

    Parameters
    ----------
    values : sequence of int
    width : int
        Bits of a value; negative ones are in two's complement.
    """
    mask = (1 << width) - 1
    return sum((int(value) & mask) << i * width for i, value in enumerate(values))


def lane_rows(values: NDArray[Any], lanes: int, width: int = 1) -> list[tuple[int, ...]]:
    """Return a vector as rows of one field each.

    Parameters
    ----------
    values : sequence of int
    lanes : int
        Values in a row; those past the end of the vector are 0.
    width : int
        Bits of a value.
    """
    starts = range(0, len(values), lanes)
    return [(lanes_word(values[start : start + lanes], width),) for start in starts]


def label_width(count: int) -> int:
    """Return the bits of a number of ``0..count - 1``; at least 1."""
    return max(1, (count - 1).bit_length())


def integers(values: Any) -> list[int]:
    """Return an array of integers, flattened, as Python's."""
    return [int(value) for value in np.asarray(values).ravel().tolist()]


def command_tables(
    fields: Sequence[Field], commands: Rows, lanes: int, rows: Rows
) -> tuple[Table, Table]:
    """Return the commands of a block that learns, and the rows that those to learn take.

    Parameters
    ----------
    fields : sequence of Field
        Of a command.
    commands, rows : list of tuple of int
    lanes : int
    """
    return (
        Table(
            name="commands",
            role="stimulus",
            fields=fields,
            rows=commands,
            use="In order, each whole before the next.",
        ),
        Table(
            name="rows",
            role="stimulus",
            fields=[Field("bits", lanes, "lane l in bit l")],
            rows=rows,
            use="B rows for each command that learns, also for one that is refused.",
        ),
    )


def flags_table(names: Sequence[str], rows: Rows) -> Table:
    """Return the expected error flags after each command.

    Parameters
    ----------
    names : sequence of str
        Of the flags.
    rows : list of tuple of int
    """
    return Table(
        name="flags",
        role="expected",
        fields=[Field(name, 1, "error flag") for name in names],
        rows=rows,
        use="After each command.",
    )


def beats_table(lanes: int, label: Field, beats: Sequence[Beat], use: str) -> Table:
    """Return the expected beats of exemplars.

    Parameters
    ----------
    lanes : int
    label : Field
    beats : sequence of Beat
    use : str
    """
    fields = [
        Field("bits", lanes, "lane l in bit l"),
        label,
        Field("last", 1, "final beat of its exemplar"),
    ]
    rows = [(beat.bits, beat.label, int(beat.last)) for beat in beats]
    return Table(name="beats", role="expected", fields=fields, rows=rows, use=use)
