# SPDX-License-Identifier: MIT
"""A reader for the values of one cell in a Liberty library."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from statistics import fmean

from sim.cost.cells.boolean import Function, parse_function
from sim.cost.cells.cells import Cell, Kind, Spread
from sim.cost.cells.liberty_tree import LibertyGroup
from sim.cost.cells.liberty_units import Units
from sim.cost.cells.lookup import Lookup
from sim.work.errors import UserError

__all__ = ["SLEW", "CellReader", "parsed_function"]

#: Slew (s) of every input.
SLEW = 0.1e-9

# A flip-flop with more inputs is not read as one, since its states are tried one by one.
_MOST_INPUTS = 12

_EDGES = ("rise", "fall")

# Energies of a cell, in words.
_ENERGIES = {
    "output_edge": "the energy of an output edge",
    "clock_cycle": "the energy of a clock cycle",
    "data_edge": "the energy of a data edge",
    "change": "the energy of a change",
}


def parsed_function(group: LibertyGroup, name: str = "function") -> Function:
    """Return the function that an attribute of a group states.

    Raises
    ------
    UserError
        If there is no such attribute or no function in it; the message names the line.
    """
    attribute = group.require(name)
    try:
        return parse_function(attribute.text)
    except ValueError as error:
        raise UserError(f"{attribute.where}: {name}: {error}") from error


class CellReader:
    """A reader for the values of one cell.

    Parameters
    ----------
    group : LibertyGroup
        The cell.
    units : Units
    templates : mapping of str to LibertyGroup
        Templates of the library by name.
    load : float
        Load (F) of every output.
    warnings : list of str
        Takes a line for every value that is left out.
    """

    def __init__(
        self,
        group: LibertyGroup,
        units: Units,
        templates: Mapping[str, LibertyGroup],
        load: float,
        warnings: list[str],
    ) -> None:
        self._group, self._units, self._warnings = group, units, warnings
        pins = [
            *group.all("pin"),
            *(p for bus in group.all("bus", "bundle") for p in bus.all("pin")),
        ]
        self._inputs = [pin for pin in pins if pin.text("direction") == "input"]
        self._outputs = [pin for pin in pins if pin.text("direction") == "output"]
        self._stores = group.all("ff", "ff_bank", "latch", "latch_bank", "statetable")
        single = [g.name for g in self._stores] == ["ff"] and len(self._inputs) <= _MOST_INPUTS
        self._flipflop = self._stores[0] if single else None
        self._names = {
            name
            for named in (*pins, *group.all("pg_pin", "bus", "bundle"), *self._stores)
            for argument in named.arguments
            for name in argument.split()
        }
        self._lookup = Lookup(templates, SLEW / units.time, load / units.capacitance)

    def cell(self) -> Cell:
        """Return the values of the cell.

        Raises
        ------
        UserError
            If it lacks a required value or a value breaks its rule; the message names the line.
        """
        clock, data = self._clock_and_data()
        idle = self._idle_edges(clock)
        self._check_functions()
        cell = Cell(
            name=self._group.title,
            kind=self._kind(),
            function=self._function(),
            area=self._group.require("area").not_negative * 1e-12,
            leakage=self._leakage(),
            input_capacitance=self._capacitance([p for p in self._inputs if p is not clock]),
            clock_capacitance=self._capacitance([clock] if clock else []),
            output_edge=self._output_edge(clock),
            clock_cycle=Spread.of([rise + fall for rise, fall in idle]),
            clock_fall=_mean([fall for _, fall in idle]) or 0.0,
            data_edge=self._data_edge(data),
        )
        return self._without_negatives(cell)

    def _without_negatives(self, cell: Cell) -> Cell:
        """Return the cell without energies below zero; warn of each."""
        for field, words in _ENERGIES.items():
            value = getattr(cell, field)
            if (value[0] if isinstance(value, Spread) else value or 0.0) < 0:
                self._warnings.append(
                    f"{self._group.where}: cell {cell.name}: {words} is below zero in the sum of "
                    "both edges, so it counts as not stated"
                )
                # A change of the bit is the sum of other energies.
                cell = replace(cell, **{"data_edge" if field == "change" else field: None})
        return cell

    def _check_functions(self) -> None:
        for pin in self._outputs:
            if pin.find("function"):
                self._parsed(pin)

    def _parsed(self, group: LibertyGroup, name: str = "function") -> Function:
        """Return a function, all of whose names are pins or stored bits of the cell."""
        function = parsed_function(group, name)
        for pin in function.inputs:
            if not {pin, pin.partition("[")[0]} & self._names:
                raise UserError(
                    f"{group.require(name).where}: {name}: cell {self._group.title} must have a "
                    f"pin {pin!r}, which it names"
                )
        return function

    def _kind(self) -> Kind:
        if self._flipflop is not None:
            return "flipflop"
        gating = self._group.find("clock_gating_integrated_cell")
        shared = any(pin.find("three_state") for pin in self._outputs)
        return "other" if self._stores or gating or shared else "gate"

    def _output_edge(self, clock: LibertyGroup | None) -> Spread | None:
        powers = [power for pin in self._outputs for power in _powers(pin)]
        # Only powers of the clock count, because a reset moves the output of a flip-flop, too.
        powers = [p for p in powers if clock is None or _is_of(p, clock)]
        supplies = [
            Spread.of([energy for power in states for energy in self._edges(power)])
            for states in _by_supply(powers)
        ]
        stated = [supply for supply in supplies if supply is not None]
        return Spread(*map(sum, zip(*stated, strict=True))) if stated else None

    def _function(self) -> str:
        if self._flipflop is not None:
            return self._flipflop.text("next_state")
        if len(self._outputs) != 1 or not self._outputs[0].find("function"):
            return ""
        return self._parsed(self._outputs[0]).text

    def _leakage(self) -> float | None:
        total = self._group.find("cell_leakage_power")
        if total is not None:
            return total.not_negative * self._units.leakage
        means = [
            fmean(state.require("value").number for state in states)
            for states in _by_supply(self._group.all("leakage_power"))
        ]
        if sum(means) < 0:
            where = self._group.all("leakage_power")[0].where
            raise UserError(
                f"{where}: leakage_power of cell {self._group.title} must be 0 or more in sum, "
                f"not {sum(means):g}"
            )
        return sum(means) * self._units.leakage if means else None

    def _capacitance(self, pins: list[LibertyGroup]) -> float:
        each = [pin.require("capacitance").not_negative for pin in pins]
        return (_mean(each) or 0.0) * self._units.capacitance

    def _edges(self, power: LibertyGroup) -> tuple[float, float]:
        """Return the energies (J) of both edges; of a pair with one below zero, its half twice."""
        rise, fall = (self._energy(power, edge) for edge in _EDGES)
        half = (rise + fall) / 2
        return (rise, fall) if min(rise, fall) >= 0 else (half, half)

    def _energy(self, power: LibertyGroup, edge: str) -> float:
        """Return the energy (J) of an edge; 0 if only the other edge has a table."""
        tables = power.all(f"{edge}_power", "power")
        return self._lookup(tables[0]) * self._units.energy if tables else 0.0

    def _clock_and_data(self) -> tuple[LibertyGroup | None, LibertyGroup | None]:
        """Return a flip-flop's clock pin and, if its next state is that of one pin, data pin."""
        if self._flipflop is None:
            return None, None
        pins = {pin.title: pin for pin in self._inputs}
        clocked = self._parsed(self._flipflop, "clocked_on").inputs
        stored = self._parsed(self._flipflop, "next_state").inputs
        return pins.get(clocked[0]), pins.get(stored[0]) if len(stored) == 1 else None

    def _idle_edges(self, clock: LibertyGroup | None) -> list[tuple[float, float]]:
        """Return the clock's rise and fall energies (J) in every state that keeps the bit."""
        if clock is None or self._flipflop is None:
            return []
        following = self._parsed(self._flipflop, "next_state")
        return [
            (rise, fall)
            for state in self._quiet_states()
            if following(state) == state[self._flipflop.title]
            and (rise := self._matching(clock, state, "rise")) is not None
            and (fall := self._matching(clock, state, "fall")) is not None
        ]

    def _data_edge(self, data: LibertyGroup | None) -> float | None:
        if data is None:
            return None
        return _mean(
            [
                energy
                for state in self._quiet_states()
                for edge in _EDGES
                if (energy := self._matching(data, state, edge)) is not None
            ]
        )

    def _quiet_states(self) -> Iterator[dict[str, bool]]:
        """Yield all states of pins and stored bit in which nothing clears or presets the bit."""
        memory = self._flipflop
        assert memory is not None
        names = [*(pin.title for pin in self._inputs), memory.title]
        forces = [self._parsed(memory, name) for name in ("clear", "preset") if memory.find(name)]
        for bits in product((False, True), repeat=len(names)):
            state = dict(zip(names, bits, strict=True))
            state |= dict.fromkeys(memory.arguments[1:], not state[memory.title])
            state |= {
                pin.title: self._parsed(pin)(state) for pin in self._outputs if pin.find("function")
            }
            if not any(force(state) for force in forces):
                yield state

    def _matching(self, pin: LibertyGroup, state: Mapping[str, bool], edge: str) -> float | None:
        """Return the energy (J) of an edge of a pin in a state, summed over all supplies."""
        fitting = [
            [p for p in states if not p.find("when") or self._parsed(p, "when")(state)]
            for states in _by_supply(_powers(pin))
        ]
        found = [self._energy(powers[0], edge) for powers in fitting if powers]
        return sum(found) if found else None


def _powers(pin: LibertyGroup) -> list[LibertyGroup]:
    """Return the powers of a pin that have a table."""
    tables = ("power", *(f"{edge}_power" for edge in _EDGES))
    return [power for power in pin.all("internal_power") if power.all(*tables)]


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None


def _is_of(power: LibertyGroup, pin: LibertyGroup) -> bool:
    return pin.title in power.text("related_pin").split()


def _by_supply(powers: list[LibertyGroup]) -> list[list[LibertyGroup]]:
    """Return the powers of each supply: those with a state, or all powers if none has a state."""
    supplies: dict[str, list[LibertyGroup]] = {}
    for power in powers:
        supplies.setdefault(power.text("related_pg_pin"), []).append(power)
    return [[p for p in each if p.find("when")] or each for each in supplies.values()]
