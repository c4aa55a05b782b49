# SPDX-License-Identifier: MIT
"""Energy of switching gates, from the cells of a library.

An edge of an output takes the cell's own energy, averaged over its states. An edge at an input
takes C V^2 / 2 of the pin and of the wire that `sim.cost.cells.liberty_cells` assumes for it. A
flip-flop takes the energy of every clock cycle, and more if its bit changes. The pins of memories
are left out. The clock tree, which no netlist before placement has, is estimated.
"""

from collections import defaultdict
from dataclasses import dataclass
from math import ceil

from sim.cost.cells.cells import Cell, CellLibrary, Kind
from sim.hardware.gate_cells import FLIPFLOP, cells_by_gate
from sim.work.errors import UserError
from verification.rtl.toggles import Activity, Switching

__all__ = ["Energy", "changes", "clock_tree", "energy_by_part"]

_WIRE = 2.0  # charge of pin and wire divided by that of the pin
_SINKS = 16  # pins that a buffer of the clock tree drives


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Energy (J) of some gates.

    Attributes
    ----------
    gates : float
        Energy of the edges at outputs of gates.
    flipflops : float
        Energy of flip-flops for changing bits, in addition to the clock.
    clock : float
        Energy of the clock cycles of flip-flops, with their clock pins.
    load : float
        Energy of driven pins and wires.
    """

    gates: float = 0.0
    flipflops: float = 0.0
    clock: float = 0.0
    load: float = 0.0

    @property
    def total(self) -> float:
        """Total energy (J)."""
        return self.gates + self.flipflops + self.clock + self.load

    def __add__(self, other: "Energy") -> "Energy":
        return Energy(
            gates=self.gates + other.gates,
            flipflops=self.flipflops + other.flipflops,
            clock=self.clock + other.clock,
            load=self.load + other.load,
        )


def energy_by_part(activity: Activity, library: CellLibrary) -> dict[str, Energy]:
    """Return the energies of a design's outermost parts by name; "" for gates outside all parts.

    Raises
    ------
    UserError
        If the library lacks a cell, or the energies of a cell.
    """
    cells = _cells_of(activity, library)
    silent = sorted({kind for _, kind in activity.groups if not _is_stated(cells[kind])})
    if silent:
        raise UserError(f"{library.name} must state the energies of {', '.join(silent)}")
    parts: dict[str, Energy] = defaultdict(Energy)
    for group, switching in activity.groups.items():
        part = group.component.partition(".")[0]
        parts[part] += _energy(switching, cells[group.kind], activity.cycles, library.voltage)
    return dict(parts)


def changes(activity: Activity, library: CellLibrary, kind: Kind) -> float:
    """Return the changes per output and cycle over all cells of a kind; 0 if there are none.

    Parameters
    ----------
    activity : Activity
    library : CellLibrary
        Library with the cells of the activity.
    kind : {"gate", "flipflop"}

    Raises
    ------
    UserError
        If the library lacks a cell.
    """
    cells = _cells_of(activity, library)
    chosen = [s for group, s in activity.groups.items() if cells[group.kind].kind == kind]
    outputs = activity.cycles * sum(switching.gates for switching in chosen)
    return sum(switching.outputs for switching in chosen) / outputs if outputs else 0.0


def clock_tree(flipflops: int, library: CellLibrary) -> float:
    """Return an estimate of the energy (J) that a tree of buffers takes in a clock cycle.

    The smallest buffer drives 16 flip-flops, or 16 buffers, with as much wire as their pins have
    capacitance. The clock pins of the flip-flops are not part of it.

    Parameters
    ----------
    flipflops : int
    library : CellLibrary

    Raises
    ------
    UserError
        If the library lacks a flip-flop, a buffer, or the energy of its edges.
    """
    cells, square = cells_by_gate(library), library.voltage**2
    flipflop, buffer = cells.get(FLIPFLOP), cells.get("$_BUF_")
    if flipflop is None or buffer is None or buffer.output_edge is None:
        raise UserError(f"{library.name} must have a flip-flop, and a buffer with its energy")
    # A cycle has two edges of C V^2 / 2 each.
    energy = flipflops * (_WIRE - 1) * flipflop.clock_capacitance * square
    sinks = flipflops
    while sinks > 1:
        sinks = ceil(sinks / _SINKS)
        each = 2 * buffer.output_edge.mean + _WIRE * buffer.input_capacitance * square
        energy += sinks * each
    return energy


def _cells_of(activity: Activity, library: CellLibrary) -> dict[str, Cell]:
    cells = {cell.name: cell for cell in library.cells} | cells_by_gate(library)
    missing = sorted({kind for _, kind in activity.groups} - cells.keys())
    if missing:
        raise UserError(f"{library.name} must have a cell for {', '.join(missing)}")
    return cells


def _is_stated(cell: Cell) -> bool:
    return (cell.change if cell.kind == "flipflop" else cell.output_edge) is not None


def _energy(switching: Switching, cell: Cell, cycles: int, voltage: float) -> Energy:
    load = switching.inputs * _WIRE * cell.input_capacitance * voltage**2 / 2
    if cell.kind != "flipflop":
        assert cell.output_edge is not None
        return Energy(gates=switching.outputs * cell.output_edge.mean, load=load)
    assert cell.change is not None
    assert cell.clock_cycle is not None
    change = cell.change.mean - cell.clock_cycle.mean
    cycle = cell.clock_cycle.mean + cell.clock_capacitance * voltage**2
    return Energy(
        flipflops=switching.outputs * change, clock=switching.gates * cycles * cycle, load=load
    )
