# SPDX-License-Identifier: MIT
"""Gates of Yosys's own library: their size, and the cells of another that do what they do."""

from sim.cost.cells.boolean import parse_function
from sim.cost.cells.cells import Cell, CellLibrary

__all__ = ["FLIPFLOP", "GATE_EQUIVALENTS", "cells_by_gate", "missing_cells"]

#: The flip-flop that all others are made of: it has a clock and no more.
FLIPFLOP = "$_DFF_P_"
#: Areas in NANDs of two inputs. They are those of the smallest cells of IHP SG13G2 with these
#: functions, and taken for leakage, too.
GATE_EQUIVALENTS = {
    "$_NOT_": 0.75,
    "$_NAND_": 1.0,
    "$_NOR_": 1.0,
    "$_AND_": 1.25,
    "$_OR_": 1.25,
    "$_XOR_": 2.0,
    "$_XNOR_": 2.0,
    "$_MUX_": 2.5,
}

# The input that selects comes first, as in the smallest cells.
_FUNCTIONS = {
    "$_BUF_": "A",
    "$_NOT_": "!A",
    "$_NAND_": "!(A&B)",
    "$_NOR_": "!(A|B)",
    "$_AND_": "A&B",
    "$_OR_": "A|B",
    "$_XOR_": "A^B",
    "$_XNOR_": "!(A^B)",
    "$_MUX_": "!S&A|S&B",
}
# Without them ABC or the mapping of registers fails, in words that help nobody.
_NEEDED = {
    "$_BUF_": "a buffer",
    "$_NOT_": "an inverter",
    "$_NAND_": "a NAND of two inputs",
    "$_NOR_": "a NOR of two inputs",
    FLIPFLOP: "a flip-flop that stores its data input",
}


def cells_by_gate(library: CellLibrary) -> dict[str, Cell]:
    """Return the smallest cell of a library for each gate that it has a cell for."""
    fitting = {gate: _with_function(library, text) for gate, text in _FUNCTIONS.items()}
    fitting[FLIPFLOP] = [
        cell for cell in library.cells if cell.kind == "flipflop" and cell.function.isidentifier()
    ]
    return {
        gate: min(cells, key=lambda cell: cell.area) for gate, cells in fitting.items() if cells
    }


def missing_cells(library: CellLibrary) -> list[str]:
    """Return in words what a library lacks of what every design needs."""
    present = cells_by_gate(library)
    return [what for gate, what in _NEEDED.items() if gate not in present]


def _with_function(library: CellLibrary, text: str) -> list[Cell]:
    wanted = parse_function(text)
    return [
        cell
        for cell in library.cells
        if cell.kind == "gate"
        and cell.function
        and len((function := parse_function(cell.function)).inputs) == len(wanted.inputs)
        and function.table == wanted.table
    ]
