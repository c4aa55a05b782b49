# SPDX-License-Identifier: MIT
"""Cells of a library: area, leakage, capacitance and energy."""

from dataclasses import dataclass
from statistics import fmean
from typing import Literal, NamedTuple

__all__ = ["Cell", "CellLibrary", "Kind", "Spread"]

Kind = Literal["gate", "flipflop", "other"]


class Spread(NamedTuple):
    """A value over the states of a cell: the least, the mean, the largest."""

    low: float
    mean: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread | None":
        """Return the spread of some values; None if there are none."""
        return cls(min(values), fmean(values), max(values)) if values else None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell. What its library does not state is None, and never 0.

    Attributes
    ----------
    name : str
    kind : {"gate", "flipflop", "other"}
        A function of its inputs; one that stores a bit by the edge of a clock; latches, clock
        gates, banks, drivers of a bus.
    function : str
        Of the output; of a flip-flop its next state. Empty where there is not one output.
    area : float
        m2; a Liberty text has no unit of area, micrometres are the custom.
    leakage : float or None
        W, as the library sums it up over the states.
    input_capacitance, clock_capacitance : float
        F, mean of the inputs that are no clock, and of the clock pin.
    output_edge : Spread or None
        J an edge of an output, the load's C V^2 / 2 not included; over inputs, states, directions.
    clock_cycle : Spread or None
        J a clock cycle of a flip-flop that keeps its bit; None of others, too.
    clock_fall : float
        J of the falling edge in it; 0 where there is none.
    data_edge : float or None
        J an edge of a flip-flop's data, output unmoved; None where no pin alone is stored, too.
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
    def change(self) -> Spread | None:
        """J of a clock cycle in which a flip-flop's bit changes; None if not all is stated."""
        if self.output_edge is None or self.clock_cycle is None or self.data_edge is None:
            return None
        # An edge of the output comes with the rising edge of the clock that causes it.
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
        F on every output.
    cells : tuple of Cell
    """

    name: str
    voltage: float
    temperature: float
    load: float
    cells: tuple[Cell, ...]
