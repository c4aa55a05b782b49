# SPDX-License-Identifier: MIT
"""A reader for the values of the cells in a Liberty file."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from sim.cost.cells.boolean import Function, parse_function
from sim.cost.cells.cells import Cell, CellLibrary, Kind, Spread
from sim.cost.cells.liberty import read_liberty
from sim.cost.cells.liberty_tree import Attribute, LibertyGroup
from sim.cost.cells.lookup import Lookup
from sim.cost.quantity import parse_unit
from sim.work.errors import UserError

__all__ = ["SLEW", "read_cells"]

#: Slew (s) of every input.
SLEW = 0.1e-9

# Load at which energies are read, in input capacitances of the smallest inverter. It stands for two
# sinks and an equal capacitance of wires.
_FANOUT = 4

_EDGES = ("rise", "fall")


def read_cells(path: Path) -> CellLibrary:
    """Read the cells of a Liberty file, plain or gzip.

    Energies are read at a slew of `SLEW` and a load of four inputs of the smallest inverter. Tables
    are interpolated linearly and held constant beyond their ends. A value without a table is None.

    Raises
    ------
    UserError
        If the file is not a library or lacks a required value; the message names the line.
    """
    library = read_liberty(path)
    units = _Units.of(library)
    groups = library.all("cell")
    if not groups:
        raise UserError(f"{library.where}: library {library.title} must have cells")
    inputs = list(_inverter_inputs(groups, units))
    if not inputs:
        raise UserError(
            f"{library.where}: library {library.title} must have an inverter, whose input "
            "capacitance sets the load of all cells"
        )
    load = _FANOUT * min(inputs)
    templates = {
        group.title: group for group in library.all("power_lut_template", "lu_table_template")
    }
    return CellLibrary(
        name=library.title,
        voltage=library.require("nom_voltage").number * units.voltage,
        temperature=library.require("nom_temperature").number,
        load=load,
        cells=tuple(_read_cell(group, units, templates, load) for group in groups),
    )


def _read_cell(
    group: LibertyGroup, units: "_Units", templates: Mapping[str, LibertyGroup], load: float
) -> Cell:
    try:
        return _Reader(group, units, templates, load).cell()
    except KeyError as error:
        raise UserError(
            f"{group.where}: cell {group.title} must have a pin {error}, which a function names"
        ) from error


class _Units(NamedTuple):
    """SI values of the units of a library."""

    time: float
    voltage: float
    leakage: float
    capacitance: float

    @property
    def energy(self) -> float:
        # Liberty has no unit of energy; its tools use C V^2.
        return self.capacitance * self.voltage**2

    @classmethod
    def of(cls, library: LibertyGroup) -> "_Units":
        return cls(
            _unit(library.require("time_unit"), "s"),
            _unit(library.require("voltage_unit"), "V"),
            _unit(library.require("leakage_power_unit"), "W"),
            _unit(library.require("capacitive_load_unit"), "F"),
        )


def _unit(attribute: Attribute, dimension: str) -> float:
    text = "".join(attribute.values)
    match = re.fullmatch(r"([\d.]+)\s*([a-zA-Z]+)", text)
    # Units may be in lower case: pf, 1v.
    unit = re.sub("[fvw]$", lambda base: base[0].upper(), match[2]) if match else ""
    try:
        parsed = parse_unit(unit)
        if parsed.dimension != dimension or match is None:
            raise ValueError
        return float(match[1]) * parsed.to_si(1.0)
    except ValueError:
        raise UserError(
            f"{attribute.where}: {attribute.name} must be a number of {dimension} with a prefix, "
            f"not {text!r}"
        ) from None


def _inverter_inputs(groups: list[LibertyGroup], units: _Units) -> Iterator[float]:
    """Yield the input capacitances (F) of inverters."""
    for group in groups:
        inputs = [pin for pin in group.all("pin") if pin.text("direction") == "input"]
        outputs = [pin for pin in group.all("pin") if pin.text("direction") == "output"]
        if len(inputs) == len(outputs) == 1 and _inverts(outputs[0]):
            yield inputs[0].require("capacitance").number * units.capacitance


def _inverts(pin: LibertyGroup) -> bool:
    function = _parsed(pin) if pin.find("function") else None
    return function is not None and len(function.inputs) == 1 and function.table == (True, False)


def _parsed(group: LibertyGroup, name: str = "function") -> Function:
    attribute = group.require(name)
    try:
        return parse_function(attribute.text)
    except ValueError as error:
        raise UserError(f"{attribute.where}: {name}: {error}") from error


class _Reader:
    """A reader for the values of one cell."""

    def __init__(
        self, group: LibertyGroup, units: _Units, templates: Mapping[str, LibertyGroup], load: float
    ) -> None:
        self._group, self._units = group, units
        pins = [
            *group.all("pin"),
            *(p for bus in group.all("bus", "bundle") for p in bus.all("pin")),
        ]
        self._inputs = [pin for pin in pins if pin.text("direction") == "input"]
        self._outputs = [pin for pin in pins if pin.text("direction") == "output"]
        self._stores = group.all("ff", "ff_bank", "latch", "latch_bank", "statetable")
        self._flipflop = self._stores[0] if [g.name for g in self._stores] == ["ff"] else None
        self._lookup = Lookup(templates, SLEW / units.time, load / units.capacitance)

    def cell(self) -> Cell:
        clock, data = self._clock_and_data()
        idle = self._idle_edges(clock)
        return Cell(
            name=self._group.title,
            kind=self._kind(),
            function=self._function(),
            area=self._group.require("area").number * 1e-12,
            leakage=self._leakage(),
            input_capacitance=self._capacitance([p for p in self._inputs if p is not clock]),
            clock_capacitance=self._capacitance([clock] if clock else []),
            output_edge=self._output_edge(clock),
            clock_cycle=Spread.of([rise + fall for rise, fall in idle]),
            clock_fall=_mean([fall for _, fall in idle]) or 0.0,
            data_edge=self._data_edge(data),
        )

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
            Spread.of([self._energy(power, edge) for power in states for edge in _EDGES])
            for states in _by_supply(powers)
        ]
        stated = [supply for supply in supplies if supply is not None]
        return Spread(*map(sum, zip(*stated, strict=True))) if stated else None

    def _function(self) -> str:
        if self._flipflop is not None:
            return self._flipflop.text("next_state")
        if len(self._outputs) != 1 or not self._outputs[0].find("function"):
            return ""
        return _parsed(self._outputs[0]).text

    def _leakage(self) -> float | None:
        total = self._group.find("cell_leakage_power")
        if total is not None:
            return total.number * self._units.leakage
        means = [
            fmean(state.require("value").number for state in states)
            for states in _by_supply(self._group.all("leakage_power"))
        ]
        return sum(means) * self._units.leakage if means else None

    def _capacitance(self, pins: list[LibertyGroup]) -> float:
        each = [pin.require("capacitance").number for pin in pins]
        return (_mean(each) or 0.0) * self._units.capacitance

    def _energy(self, power: LibertyGroup, edge: str) -> float:
        """Return the energy (J) of an edge; 0 if only the other edge has a table."""
        tables = power.all(f"{edge}_power", "power")
        return self._lookup(tables[0]) * self._units.energy if tables else 0.0

    def _clock_and_data(self) -> tuple[LibertyGroup | None, LibertyGroup | None]:
        """Return a flip-flop's clock pin and, if its next state is that of one pin, data pin."""
        if self._flipflop is None:
            return None, None
        pins = {pin.title: pin for pin in self._inputs}
        clocked = _parsed(self._flipflop, "clocked_on").inputs
        stored = _parsed(self._flipflop, "next_state").inputs
        return pins.get(clocked[0]), pins.get(stored[0]) if len(stored) == 1 else None

    def _idle_edges(self, clock: LibertyGroup | None) -> list[tuple[float, float]]:
        """Return the clock's rise and fall energies (J) in every state that keeps the bit."""
        if clock is None or self._flipflop is None:
            return []
        following = _parsed(self._flipflop, "next_state")
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
        forces = [_parsed(memory, name) for name in ("clear", "preset") if memory.find(name)]
        for bits in product((False, True), repeat=len(names)):
            state = dict(zip(names, bits, strict=True))
            state |= dict.fromkeys(memory.arguments[1:], not state[memory.title])
            state |= {
                pin.title: _parsed(pin)(state) for pin in self._outputs if pin.find("function")
            }
            if not any(force(state) for force in forces):
                yield state

    def _matching(self, pin: LibertyGroup, state: Mapping[str, bool], edge: str) -> float | None:
        """Return the energy (J) of an edge of a pin in a state, summed over all supplies."""
        fitting = [
            [p for p in states if not p.find("when") or _parsed(p, "when")(state)]
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
