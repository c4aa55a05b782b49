# SPDX-License-Identifier: MIT
"""Energies of actions from the cells of a library. Each action is a few gates.

The gates are found by their functions. With random bits, the output of a gate toggles in half of
the actions, and the flip-flop of a `register` bit changes in half of its cycles. An edge takes the
cell's own energy and the C V^2 / 2 of its load: a gate drives two inputs of its own kind, a
flip-flop two inverters, and both as much wire. Glitches and the clock tree are not counted. Gates
that switch with delays (`verification.bench.activity`) say how far off this is. The low bound takes
the cheapest state of each cell at half the load, the high bound the costliest state at twice the
load.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from sim.cost.cells.boolean import parse_function
from sim.cost.cells.cells import Cell, CellLibrary, Spread
from sim.cost.quantity import Range

__all__ = ["BILLS", "GATES", "prices_of"]

#: Functions of the gates. Of the cells of a library with one of them, the smallest is taken.
GATES = {
    "inverter": "!A",
    "nand2": "!(A&B)",
    "and2": "A&B",
    "xor2": "A^B",
    "xnor2": "!(A^B)",
}

#: Gates of an action, or of one bit of it. "xnor" is an XNOR and the AND that masks it. "full_add"
#: is a full adder of two XORs and three NANDs. "compare" is the carry of a comparison: the majority
#: of three bits, one of them inverted. "lfsr_step" is the feedback of four taps. The
#: action "accumulate" is a full adder and a register.
BILLS: dict[str, dict[str, int]] = {
    "xnor": {"xnor2": 1, "and2": 1},
    "full_add": {"xor2": 2, "nand2": 3},
    "compare": {"nand2": 4, "inverter": 1},
    "lfsr_step": {"xor2": 3},
    "logic": {"nand2": 1},
}

_ACTIVITY = 0.5
_FANOUT = 4  # input capacitances of a gate that it drives: two sinks, and as much wire


class _Corner(NamedTuple):
    """A bound: the index of an energy in a `Spread`, and a factor of the load."""

    part: int
    load: float


_CORNERS = (_Corner(0, 0.5), _Corner(1, 1.0), _Corner(2, 2.0))


def prices_of(library: CellLibrary, source: str) -> dict[str, Range]:
    """Return energies, areas and leakages of logic.

    Parameters
    ----------
    library : CellLibrary
    source : str
        Key of the source of the library.

    Returns
    -------
    dict of str to Range
        Values by key. A kind of action has its energy (J), or that of one bit of it. "clock" is the
        energy (J) of a cycle of a flip-flop that keeps its bit. "gate_area" and "gate_leakage" are
        those of a NAND of two inputs (m2, W). "flipflop_area" and "flipflop_leakage" are those of a
        flip-flop (m2, W). A key is absent if the library lacks a cell or a value for it. Sureness
        is high for values that the library states, and medium for energies composed of them.
    """
    cells = {name: cell for name in GATES if (cell := _gate(library, name)) is not None}
    loads = {name: _FANOUT * cell.input_capacitance for name, cell in cells.items()}
    edges = {n: cell.output_edge for n, cell in cells.items() if cell.output_edge is not None}

    def over_corners(energy: Callable[[_Corner], float]) -> Range:
        low, nominal, high = map(energy, _CORNERS)
        return Range(low=low, nominal=nominal, high=high, source=source, sureness="M")

    prices = {
        kind: over_corners(partial(_bill, library, edges, loads, bill))
        for kind, bill in BILLS.items()
        if bill.keys() <= edges.keys()
    }
    flipflop = _flipflop(library)
    if flipflop is not None and flipflop.clock_cycle is not None:
        pin = _pin(library, flipflop.clock_capacitance)
        kept = partial(_kept, pin, flipflop.clock_cycle)
        if flipflop.change is not None:
            prices["register"] = over_corners(partial(_stored, library, flipflop.change, pin, kept))
            if "full_add" in prices:
                prices["accumulate"] = prices["full_add"] + prices["register"]
        prices["clock"] = over_corners(kept)
    for name, cell in (("gate", cells.get("nand2")), ("flipflop", flipflop)):
        if cell is not None:
            prices[f"{name}_area"] = Range.exactly(cell.area, source)
            if cell.leakage is not None:
                prices[f"{name}_leakage"] = Range.exactly(cell.leakage, source)
    return prices


def _bill(
    library: CellLibrary,
    edges: Mapping[str, Spread],
    loads: Mapping[str, float],
    bill: Mapping[str, int],
    corner: _Corner,
) -> float:
    return _ACTIVITY * sum(
        count * (edges[name][corner.part] + _charge(library, corner, loads[name]))
        for name, count in bill.items()
    )


def _stored(
    library: CellLibrary,
    change: Spread,
    pin: float,
    kept: Callable[[_Corner], float],
    corner: _Corner,
) -> float:
    """Return the energy (J) of a clocked bit that changes in half of its cycles."""
    changed = change[corner.part] + (_charge(library, corner, library.load) + pin)
    return _ACTIVITY * changed + (1 - _ACTIVITY) * kept(corner)


def _kept(pin: float, cycle: Spread, corner: _Corner) -> float:
    return cycle[corner.part] + pin


def _charge(library: CellLibrary, corner: _Corner, load: float) -> float:
    return corner.load * load * library.voltage**2 / 2


def _pin(library: CellLibrary, capacitance: float) -> float:
    # A cycle has two edges of C V^2 / 2 each.
    return capacitance * library.voltage**2


def _gate(library: CellLibrary, name: str) -> Cell | None:
    wanted = parse_function(GATES[name])
    fitting = [
        cell
        for cell in library.cells
        if cell.kind == "gate"
        and cell.function
        and len((function := parse_function(cell.function)).inputs) == len(wanted.inputs)
        and function.table == wanted.table
    ]
    return min(fitting, key=lambda cell: cell.area, default=None)


def _flipflop(library: CellLibrary) -> Cell | None:
    plain = [cell for cell in library.cells if cell.stores_a_pin]
    return min(plain, key=lambda cell: cell.area, default=None)
