# SPDX-License-Identifier: MIT
"""Gates of Yosys's own library: their sizes, and the matching cells of another library."""

from sim.cost.cells.boolean import parse_function
from sim.cost.cells.cells import Cell, CellLibrary

__all__ = ["FLIPFLOP", "FUNCTIONS", "GATE_EQUIVALENTS", "cells_by_gate", "missing_cells"]

#: The plain flip-flop, with a clock but without reset or enable. All others are built from it.
FLIPFLOP = "$_DFF_P_"
#: Areas, in NANDs of two inputs, of the smallest cells of IHP SG13G2 with these functions. The same
#: numbers serve for leakage.
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

#: Functions of Yosys's gates, by the names of their pins. In the multiplexer the select input comes
#: first, as in the smallest cells.
FUNCTIONS = {
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
# Without one of these, ABC or the mapping of registers fails with an unhelpful message.
_NEEDED = {
    "$_BUF_": "a buffer",
    "$_NOT_": "an inverter",
    "$_NAND_": "a NAND of two inputs",
    "$_NOR_": "a NOR of two inputs",
    FLIPFLOP: "a flip-flop that stores its data input",
}


def cells_by_gate(library: CellLibrary) -> dict[str, Cell]:
    """Return the smallest matching cell of a library for each gate that has one."""
    fitting = {gate: _with_function(library, text) for gate, text in FUNCTIONS.items()}
    fitting[FLIPFLOP] = [cell for cell in library.cells if cell.stores_a_pin]
    return {
        gate: min(cells, key=lambda cell: cell.area) for gate, cells in fitting.items() if cells
    }


def missing_cells(library: CellLibrary) -> list[str]:
    """Return the cells that every design needs and the library lacks, in words."""
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
