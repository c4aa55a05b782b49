# SPDX-License-Identifier: MIT
"""Cells of a library: area, leakage, capacitance and energy."""

from dataclasses import dataclass
from statistics import fmean
from typing import Literal, NamedTuple

__all__ = ["Cell", "CellLibrary", "Kind", "Spread"]

Kind = Literal["gate", "flipflop", "other"]


class Spread(NamedTuple):
    """A figure over the states of a cell: the least, the mean, the largest."""

    low: float
    mean: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """Return the spread of some values; of none it is 0."""
        return cls(min(values), fmean(values), max(values)) if values else cls(0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell.

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
    leakage : float
        W, as the library sums it up over the states.
    input_capacitance, clock_capacitance : float
        F, mean of the inputs that are no clock, and of the clock pin.
    output_edge : Spread
        J an edge of an output, the load's C V^2 / 2 not included; over inputs, states, directions.
    clock_cycle : Spread
        J a clock cycle of a flip-flop that keeps its bit; 0 of others.
    clock_fall : float
        J of the falling edge in it.
    data_edge : float
        J an edge of a flip-flop's data, output unmoved.
    """

    name: str
    kind: Kind
    function: str
    area: float
    leakage: float
    input_capacitance: float
    clock_capacitance: float = 0.0
    output_edge: Spread
    clock_cycle: Spread = Spread(0, 0, 0)
    clock_fall: float = 0.0
    data_edge: float = 0.0


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
