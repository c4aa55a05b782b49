# SPDX-License-Identifier: MIT
"""Values of cells as a CSV table with one row for each cell: writer and reader."""

import csv
import io
from pathlib import Path
from typing import get_args

from sim.cost.cells.cells import Cell, CellLibrary, Kind, Spread
from sim.cost.cells.liberty_cells import read_cells
from sim.cost.quantity import column_in_si
from sim.work.errors import UserError
from sim.work.files import read_text

__all__ = ["CellRow", "cells_as_table", "read_table", "table_text"]

CellRow = dict[str, str | float]


def cells_as_table(path: Path) -> list[CellRow]:
    """Return the cells of a Liberty file, plain or gzip, as rows of a table.

    Names of columns end in their unit (V, degrees Celsius, um2, pW, fF, fJ). Numbers have six
    digits. A value that the library does not state is empty. See `Cell`.

    Raises
    ------
    UserError
        If the file is not a library or lacks a required value, as in `read_cells`.
    """
    library = read_cells(path)
    return [_row(library, cell) for cell in library.cells]


def table_text(rows: list[CellRow], comment: str) -> str:
    """Return rows as CSV.

    Parameters
    ----------
    rows : list of CellRow
        At least one row. All rows have the same columns.
    comment : str
        Lines to put above the table, each after a ``#``.
    """
    text = io.StringIO()
    text.writelines(f"# {line}\n" for line in comment.splitlines())
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_table(path: Path) -> CellLibrary:
    """Read a table that `table_text` wrote.

    Raises
    ------
    UserError
        If the file cannot be read or is not such a table; the message names the line.
    """
    lines = read_text(path).splitlines(keepends=True)
    above = sum(1 for line in lines if line.startswith("#"))
    reader = csv.DictReader(lines[above:])
    cells, corner = [], None
    for row in reader:
        try:
            corner = float(row["voltage_V"]), float(row["temp_c"]), _in_si(row, "load_fF")
            cells.append(_cell(row))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{path}:{above + reader.line_num}: a row must have the columns of a table of "
                f"cells, with numbers in them: {error}"
            ) from error
    if corner is None:
        raise UserError(f"{path} must be a table of cells, not empty")
    voltage, temperature, load = corner
    return CellLibrary(
        name=path.stem, voltage=voltage, temperature=temperature, load=load, cells=tuple(cells)
    )


def _row(library: CellLibrary, cell: Cell) -> CellRow:
    edge, cycle = cell.output_edge, cell.clock_cycle
    return {
        "name": cell.name,
        "kind": cell.kind,
        "function": cell.function,
        "voltage_V": _digits(library.voltage),
        "temp_c": _digits(library.temperature),
        "load_fF": _digits(library.load * 1e15),
        "area_um2": _digits(cell.area * 1e12),
        "leakage_pW": _stated(cell.leakage, 1e12),
        "input_fF": _digits(cell.input_capacitance * 1e15),
        "clock_fF": _digits(cell.clock_capacitance * 1e15),
        **_columns("output_edge", edge),
        **_columns("clock_cycle", cycle),
        "clock_fall_fJ": _digits(cell.clock_fall * 1e15),
        "data_edge_fJ": _stated(cell.data_edge, 1e15),
    }


def _columns(name: str, spread: Spread | None) -> CellRow:
    return {
        f"{name}_{part}_fJ": _stated(getattr(spread, part, None), 1e15) for part in Spread._fields
    }


def _stated(value: float | None, unit: float) -> str | float:
    return "" if value is None else _digits(value * unit)


def _digits(value: float) -> float:
    return float(f"{value:.6g}")


def _cell(row: dict[str, str]) -> Cell:
    if row["kind"] not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, not {row['kind']!r}")
    return Cell(
        name=row["name"],
        kind=row["kind"],  # pyright: ignore[reportArgumentType] (checked above)
        function=row["function"],
        area=_in_si(row, "area_um2"),
        leakage=_in_si_or_none(row, "leakage_pW"),
        input_capacitance=_in_si(row, "input_fF"),
        clock_capacitance=_in_si(row, "clock_fF"),
        output_edge=_spread(row, "output_edge"),
        clock_cycle=_spread(row, "clock_cycle"),
        clock_fall=_in_si(row, "clock_fall_fJ"),
        data_edge=_in_si_or_none(row, "data_edge_fJ"),
    )


def _spread(row: dict[str, str], name: str) -> Spread | None:
    columns = [f"{name}_{part}_fJ" for part in Spread._fields]
    if all(row[column] == "" for column in columns):
        return None
    return Spread(*(_in_si(row, column) for column in columns))


def _in_si(row: dict[str, str], column: str) -> float:
    return column_in_si(column, row[column])


def _in_si_or_none(row: dict[str, str], column: str) -> float | None:
    return None if row[column] == "" else _in_si(row, column)
