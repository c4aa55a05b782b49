# SPDX-License-Identifier: MIT
"""A reader for the cells of Liberty files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from sim.cost.cells.cells import CellLibrary
from sim.cost.cells.liberty import read_liberty
from sim.cost.cells.liberty_cell import CellReader, parsed_function
from sim.cost.cells.liberty_tree import LibertyGroup
from sim.cost.cells.liberty_units import Units
from sim.work.errors import UserError

__all__ = ["read_cells"]

# Load at which energies are read, in input capacitances of the smallest inverter. It stands for two
# sinks and an equal capacitance of wires.
_FANOUT = 4

# Absolute zero, in degrees Celsius.
_COLDEST = -273.15


def read_cells(*paths: Path) -> CellLibrary:
    """Read the cells of one or more Liberty files of one corner, plain or gzip.

    Energies are read at the slew `sim.cost.cells.liberty_cell.SLEW` and a load of four inputs of
    the smallest inverter of all files. Tables are interpolated linearly and held constant beyond
    their ends. A value without a table is None. A cell without an area is left out with a warning.
    One edge may give back what the other took, so an edge below zero becomes half of the pair. A
    pair below zero counts as not stated, with a warning.

    Parameters
    ----------
    paths : Path
        Files with units and templates of their own. They must agree in voltage and temperature.

    Raises
    ------
    UserError
        If a file is not a library, lacks a required value or does not fit the others, or if two
        cells have one name; the message names the line.
    """
    files = [_File.of(path) for path in paths]
    first = files[0].library
    for file in files[1:]:
        _check_corner(files[0], file)
    _check_names([cell for file in files for cell in file.cells])
    inputs = [load for file in files for load in _inverter_inputs(file.cells, file.units)]
    if not inputs:
        raise UserError(
            f"{first.where}: library {first.title} must have an inverter, whose input "
            "capacitance sets the load of all cells"
        )
    load, warnings = _FANOUT * min(inputs), [w for file in files for w in file.warnings]
    cells = tuple(
        CellReader(cell, file.units, file.templates, load, warnings).cell()
        for file in files
        for cell in file.cells
    )
    return CellLibrary(
        name=" + ".join(dict.fromkeys(file.library.title for file in files)),
        voltage=files[0].voltage,
        temperature=files[0].temperature,
        load=load,
        cells=cells,
        warnings=tuple(warnings),
        left_out=tuple(cell.title for file in files for cell in file.without_area),
    )


class _File(NamedTuple):
    """A file with its units and templates, and its cells, parted by whether they have an area."""

    library: LibertyGroup
    units: Units
    templates: Mapping[str, LibertyGroup]
    cells: list[LibertyGroup]
    without_area: list[LibertyGroup]

    @classmethod
    def of(cls, path: Path) -> "_File":
        library = read_liberty(path)
        cells = library.all("cell")
        if not cells:
            raise UserError(f"{library.where}: library {library.title} must have cells")
        templates = library.all("power_lut_template", "lu_table_template")
        return cls(
            library,
            Units.of(library),
            {group.title: group for group in templates},
            [cell for cell in cells if cell.find("area")],
            [cell for cell in cells if not cell.find("area")],
        )

    @property
    def warnings(self) -> list[str]:
        return [
            f"{cell.where}: cell {cell.title} states no area and is left out"
            for cell in self.without_area
        ]

    @property
    def voltage(self) -> float:
        return self.library.require("nom_voltage").positive * self.units.voltage

    @property
    def temperature(self) -> float:
        attribute = self.library.require("nom_temperature")
        if attribute.number < _COLDEST:
            raise UserError(
                f"{attribute.where}: nom_temperature must be {_COLDEST} or more, "
                f"not {attribute.text}"
            )
        return attribute.number


def _check_corner(first: _File, other: _File) -> None:
    """Refuse a file of another corner."""
    for name, unit in (("voltage", "V"), ("temperature", "degrees Celsius")):
        wanted, found = getattr(first, name), getattr(other, name)
        if found != wanted:
            raise UserError(
                f"{other.library.require(f'nom_{name}').where}: nom_{name} must be that of "
                f"{first.library.require(f'nom_{name}').where}, {wanted:g} {unit}, not {found:g}"
            )


def _check_names(cells: list[LibertyGroup]) -> None:
    """Refuse two cells of one name."""
    seen: dict[str, LibertyGroup] = {}
    for cell in cells:
        known = seen.setdefault(cell.title, cell)
        if known is not cell:
            raise UserError(f"{cell.where}: cell {cell.title} must not be that of {known.where}")


def _inverter_inputs(groups: list[LibertyGroup], units: Units) -> Iterator[float]:
    """Yield the input capacitances (F) of inverters."""
    for group in groups:
        inputs = [pin for pin in group.all("pin") if pin.text("direction") == "input"]
        outputs = [pin for pin in group.all("pin") if pin.text("direction") == "output"]
        if len(inputs) == len(outputs) == 1 and _inverts(outputs[0]):
            yield inputs[0].require("capacitance").positive * units.capacitance


def _inverts(pin: LibertyGroup) -> bool:
    function = parsed_function(pin) if pin.find("function") else None
    return function is not None and len(function.inputs) == 1 and function.table == (True, False)
