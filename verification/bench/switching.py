# SPDX-License-Identifier: MIT
"""Energy of gates that switch, by the cells of a library.

An edge of an output takes the cell's own energy, the mean over its states; an edge at an input
C V^2 / 2 of the pin and of as much wire as `sim.cost.cells.liberty_cells` puts beside it. A
flip-flop takes a clock cycle whatever it stores, and more where its bit changes. The clock tree,
glitches and the pins of memories are left out.
"""

from collections import defaultdict
from dataclasses import dataclass

from sim.cost.cells.cells import Cell, CellLibrary, Kind
from sim.hardware.gate_cells import cells_by_gate
from sim.work.errors import UserError
from verification.rtl.toggles import Activity, Switching

__all__ = ["Energy", "changes", "energy_by_part"]

_WIRE = 2.0  # charge of pin and wire over that of the pin


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Energy (J) of some gates.

    Attributes
    ----------
    gates : float
        Edges of outputs of gates.
    flipflops : float
        What flip-flops take for bits that change, beyond the clock.
    clock : float
        Clock cycles of flip-flops, their clock pins included.
    load : float
        Pins that outputs drive, and wires.
    """

    gates: float = 0.0
    flipflops: float = 0.0
    clock: float = 0.0
    load: float = 0.0

    @property
    def total(self) -> float:
        """Their sum (J)."""
        return self.gates + self.flipflops + self.clock + self.load

    def __add__(self, other: "Energy") -> "Energy":
        return Energy(
            gates=self.gates + other.gates,
            flipflops=self.flipflops + other.flipflops,
            clock=self.clock + other.clock,
            load=self.load + other.load,
        )


def energy_by_part(activity: Activity, library: CellLibrary) -> dict[str, Energy]:
    """Return what the outermost parts of a design take, by name; "" is what lies in none.

    Raises
    ------
    UserError
        If the library lacks a cell, or its energies.
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
    """Return the changes of an output a cycle, over all cells of a kind; 0 where there are none.

    Parameters
    ----------
    activity : Activity
    library : CellLibrary
        Cells that the activity is of.
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
