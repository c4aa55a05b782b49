# SPDX-License-Identifier: MIT
"""Cells of a library: area, leakage, capacitance and energy."""

from dataclasses import dataclass
from statistics import fmean
from typing import Literal, NamedTuple

from sim.cost.cells.boolean import parse_function

__all__ = ["Cell", "CellLibrary", "Kind", "Spread"]

Kind = Literal["gate", "flipflop", "other"]


class Spread(NamedTuple):
    """The least, mean and largest value over the states of a cell."""

    low: float
    mean: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread | None":
        """Return the spread of some values; None if there are none."""
        return cls(min(values), fmean(values), max(values)) if values else None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell. A value that its library does not state is None, never 0.

    Attributes
    ----------
    name : str
    kind : {"gate", "flipflop", "other"}
        "gate" is a function of its inputs. "flipflop" stores a bit at a clock edge. "other" is a
        latch, a clock gate, a bank or a bus driver.
    function : str
        Function of the output, or next state of a flip-flop. Empty if the cell does not have
        exactly one output.
    area : float
        m2. Liberty has no unit of area; square micrometres are assumed, as is the custom.
    leakage : float or None
        W, as the library summarises it over the states.
    input_capacitance, clock_capacitance : float
        F. The mean over the inputs except the clock, and the value of the clock pin.
    output_edge : Spread or None
        J an edge of an output, over inputs, states and directions. The C V^2 / 2 of the load is not
        included.
    clock_cycle : Spread or None
        J a clock cycle of a flip-flop that keeps its bit. None for other cells, too.
    clock_fall : float
        J of the falling edge in that cycle; 0 if it is not stated.
    data_edge : float or None
        J an edge of a flip-flop's data pin while the output stays. None, too, if the next state is
        not that of a single pin.
    """

    name: str
    kind: Kind
    function: str
    area: float
    leakage: float | None
    input_capacitance: float
    clock_capacitance: float = 0.0
    output_edge: Spread | None
    clock_cycle: Spread | None = None
    clock_fall: float = 0.0
    data_edge: float | None = None

    @property
    def stores_a_pin(self) -> bool:
        """Whether this is a flip-flop that stores one pin, as it is or inverted."""
        if self.kind != "flipflop" or not self.function:
            return False
        following = parse_function(self.function)
        return len(following.inputs) == 1 and following.table[0] != following.table[1]

    @property
    def change(self) -> Spread | None:
        """J of a clock cycle in which a flip-flop's bit changes; None if a value is missing."""
        if self.output_edge is None or self.clock_cycle is None or self.data_edge is None:
            return None
        # The energy of an output edge includes the rising clock edge that causes it.
        return Spread(*(edge + self.clock_fall + self.data_edge for edge in self.output_edge))


@dataclass(frozen=True, kw_only=True)
class CellLibrary:
    """Cells of one corner.

    Attributes
    ----------
    name : str
    voltage : float
        V.
    temperature : float
        Degrees Celsius.
    load : float
        Load (F) at every output.
    cells : tuple of Cell
    warnings : tuple of str
        What of the library was left out, each with its line.
    left_out : tuple of str
        Names of cells that state no area, and so are not among the cells.
    """

    name: str
    voltage: float
    temperature: float
    load: float
    cells: tuple[Cell, ...]
    warnings: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
