# SPDX-License-Identifier: MIT
"""Tables for the terminal, which turn into lists where it is too narrow for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

__all__ = ["TerminalTable"]

_BORDER = 3  # characters between two cells
_FRAME = 4  # characters at the left and the right of a row


@dataclass(frozen=True)
class TerminalTable:
    """A table of text that rich can print; no cell is ever cut.

    Where the columns do not fit beside each other, every row becomes a short list: a line with its
    label, then a line ``name: value`` for each other cell.

    Parameters
    ----------
    title : str
        Line above the table.
    columns : sequence of str
        Headings.
    rows : sequence of sequence of str
        Cells of each row.
    labels : int
        Number of columns at the left that name a row; all others are aligned at the right.
    wraps : bool
        Whether a cell that is no label may take several lines.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    labels: int = 1
    wraps: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table | Text]:
        if self._least_width() <= options.max_width:
            yield self._table()
        else:
            yield from self._list()

    def _least_width(self) -> int:
        """Return the columns of the narrowest terminal that breaks no word and no number."""
        widths = [_FRAME - _BORDER]
        for place, name in enumerate(self.columns):
            cells = [name, *(row[place] for row in self.rows)]
            if place < self.labels or self.wraps:
                cells = [word for cell in cells for word in cell.split()]
            widths.append(_BORDER + max(map(cell_len, cells), default=0))
        return sum(widths)

    def _table(self) -> Table:
        table = Table(title=Text(self.title), title_justify="left", header_style="bold")
        for place, name in enumerate(self.columns):
            label = place < self.labels
            table.add_column(
                Text(name),
                justify="left" if label else "right",
                overflow="fold",
                no_wrap=not (label or self.wraps),
            )
        for row in self.rows:
            table.add_row(*map(Text, row))
        return table

    def _list(self) -> Iterator[Text]:
        yield Text(self.title, style="italic")
        for row in self.rows:
            yield Text(", ".join(row[: self.labels]), style="bold")
            for name, cell in zip(self.columns[self.labels :], row[self.labels :], strict=True):
                if cell:
                    yield Text(f"  {name}: {cell}")
