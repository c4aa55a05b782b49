# SPDX-License-Identifier: MIT
"""SRAM macros of a technology, and their table in CSV."""

import csv
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sim.cost.quantity import Range, column_in_si
from sim.work.errors import UserError
from sim.work.files import read_text

__all__ = ["Macro", "read_macros"]

Quantity = Literal["read", "write", "leakage"]


@dataclass(frozen=True, kw_only=True)
class Macro:
    """An SRAM macro in one corner.

    Attributes
    ----------
    ports : {1, 2}
    depth, width : int
        Words, and bits of a word.
    area : float
        m2.
    leakage : float
        W.
    read, write : float
        J an access, without the toggles of address and data pins.
    voltage, temperature : float or None
        V and degrees Celsius of the corner; None where the table does not state them.
    corners : tuple of Macro
        The same macro in the other corners of the table.
    """

    ports: int
    depth: int
    width: int
    area: float
    leakage: float
    read: float
    write: float
    voltage: float | None = None
    temperature: float | None = None
    corners: tuple["Macro", ...] = ()

    @property
    def bits(self) -> int:
        """Bits it holds."""
        return self.depth * self.width

    def over_corners(self, quantity: Quantity, source: str) -> Range:
        """Return a value, with its extremes over the corners as bounds.

        Parameters
        ----------
        quantity : {"read", "write", "leakage"}
        source : str
            Key of the source of the macros.
        """
        values = [getattr(macro, quantity) for macro in (self, *self.corners)]
        return Range(
            low=min(values),
            nominal=getattr(self, quantity),
            high=max(values),
            source=source,
            # Leakage is an estimate of the library even if all corners agree.
            sureness="M" if quantity == "leakage" else "H",
        )


def read_macros(path: Path, corner: str) -> list[Macro]:
    """Read macros from CSV.

    Parameters
    ----------
    path : Path
        CSV file. Comment lines that begin with ``#`` come first, then a header, then a line for
        every macro and corner with these columns: ports (1P or 2P), words, width, corner, area_um2,
        leak_nW, clk_read_pJ, clk_write_pJ. The columns vdd (V) and temp_c (degrees Celsius) may be
        missing.
    corner : str
        Corner whose values are returned. The others are its `Macro.corners`.

    Raises
    ------
    UserError
        If the file cannot be read or a line is invalid; the message names the line.
    """
    lines = read_text(path).splitlines()
    above = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    reader = csv.DictReader(lines[above:])
    rows: dict[tuple[int, int, int], dict[str, Macro]] = defaultdict(dict)
    for row in reader:
        try:
            macro = _macro(row)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{path}:{above + reader.line_num}: a macro must have ports, words, width, corner, "
                f"area_um2, leak_nW, clk_read_pJ and clk_write_pJ: {error}"
            ) from error
        rows[macro.ports, macro.depth, macro.width][row["corner"]] = macro
    if not rows:
        raise UserError(f"{path} must be a table of macros, not empty")
    corners = sorted({name for of in rows.values() for name in of})
    if corner not in corners:
        raise UserError(f"{path}: corner must be one of {', '.join(corners)}, not {corner!r}")
    return [_with_corners(of, corner) for of in rows.values() if corner in of]


def _macro(row: dict[str, str]) -> Macro:
    return Macro(
        ports={"1P": 1, "2P": 2}[row["ports"]],
        depth=_at_least_one(row, "words"),
        width=_at_least_one(row, "width"),
        area=_positive(row, "area_um2"),
        leakage=_positive(row, "leak_nW"),
        read=_positive(row, "clk_read_pJ"),
        write=_positive(row, "clk_write_pJ"),
        voltage=_voltage(row["vdd"]) if "vdd" in row else None,
        temperature=_temperature(row["temp_c"]) if "temp_c" in row else None,
    )


def _at_least_one(row: dict[str, str], name: str) -> int:
    number = int(row[name])
    if number < 1:
        raise ValueError(f"{name} must be >= 1, not {number}")
    return number


def _voltage(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(f"vdd must be > 0, not {text}")
    return value


def _temperature(text: str) -> float:
    value = float(text)
    if not -273 <= value < float("inf"):
        raise ValueError(f"temp_c must be >= -273, not {text}")
    return value


def _positive(row: dict[str, str], name: str) -> float:
    value = column_in_si(name, row[name])
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be > 0, not {row[name]}")
    return value


def _with_corners(of: dict[str, Macro], corner: str) -> Macro:
    return replace(of[corner], corners=tuple(of[name] for name in of if name != corner))
