# SPDX-License-Identifier: MIT
"""Delays of the cells of Liberty files, at the slew and load at which their energies are read."""

from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from sim.cost.cells.liberty import read_liberty
from sim.cost.cells.liberty_cell import SLEW
from sim.cost.cells.liberty_cells import read_cells
from sim.cost.cells.liberty_tree import LibertyGroup
from sim.cost.cells.liberty_units import Units
from sim.cost.cells.lookup import Lookup

__all__ = ["read_delays"]


def read_delays(*paths: Path) -> dict[str, float]:
    """Return the delay (s) of every cell that states one.

    It is the mean over outputs, inputs, states, and both edges, at the slew
    `sim.cost.cells.liberty_cell.SLEW` and a load of four inputs of the smallest inverter. A cell
    whose mean is not above 0 is left out.

    Parameters
    ----------
    paths : Path
        Liberty files, plain or gzip, as for `sim.cost.cells.liberty_cells.read_cells`.

    Raises
    ------
    UserError
        As there; and if a table of delays does not fit its axes. The message names the line.
    """
    load = read_cells(*paths).load
    found = {}
    for path in paths:
        library = read_liberty(path)
        units = Units.of(library)
        templates = {group.title: group for group in library.all("lu_table_template")}
        lookup = Lookup(templates, SLEW / units.time, load / units.capacitance)
        for cell in library.all("cell"):
            each = [lookup(table) for table in _tables(cell)]
            if each and fmean(each) > 0:
                found[cell.title] = fmean(each) * units.time
    return found


def _tables(cell: LibertyGroup) -> Iterator[LibertyGroup]:
    """Yield the tables of delays from an input, or the clock, to an output of a cell."""
    for pin in cell.all("pin"):
        if pin.text("direction") == "output":
            for timing in pin.all("timing"):
                if timing.text("timing_type") not in ("clear", "preset"):
                    yield from timing.all("cell_rise", "cell_fall")
