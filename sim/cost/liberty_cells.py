# SPDX-License-Identifier: MIT
"""What a Liberty file says of its cells."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import NamedTuple

from sim.cost.boolean import Function, parse_function
from sim.cost.cells import Cell, CellLibrary, Kind, Spread
from sim.cost.liberty import Attribute, Group, read_liberty
from sim.cost.lookup import Lookup
from sim.cost.quantity import parse_unit
from sim.errors import UserError

__all__ = ["SLEW", "read_cells"]

#: Slew of every input (s).
SLEW = 0.1e-9

# Loads at which energies are read, in input capacitances of the smallest inverter: two sinks, and
# as much again of wire.
_FANOUT = 4


def read_cells(path: Path) -> CellLibrary:
    """Read the cells of a Liberty file, plain or gzip.

    Energies are read at a slew of `SLEW` and a load of four inputs of the smallest inverter, by
    linear interpolation, held at the ends of a table.

    Raises
    ------
    UserError
        If the file is no library, or lacks what is needed; the message names the line.
    """
    library = read_liberty(path)
    units = _Units.of(library)
    groups = library.all("cell")
    if not groups:
        raise UserError(f"{library.where}: library {library.title} must have cells")
    load = _FANOUT * min(_inverter_inputs(groups, units), default=0.0)
    templates = {
        group.title: group for group in library.all("power_lut_template", "lu_table_template")
    }
    return CellLibrary(
        name=library.title,
        voltage=library.require("nom_voltage").number * units.voltage,
        temperature=library.require("nom_temperature").number,
        load=load,
        cells=tuple(_Reader(group, units, templates, load).cell() for group in groups),
    )


class _Units(NamedTuple):
    """SI value of the units of a library."""

    time: float
    voltage: float
    leakage: float
    capacitance: float

    @property
    def energy(self) -> float:
        # The format has no unit of energy; its tools take C V^2.
        return self.capacitance * self.voltage**2

    @classmethod
    def of(cls, library: Group) -> "_Units":
        return cls(
            _unit(library.require("time_unit"), "s"),
            _unit(library.require("voltage_unit"), "V"),
            _unit(library.require("leakage_power_unit"), "W"),
            _unit(library.require("capacitive_load_unit"), "F"),
        )


def _unit(attribute: Attribute, dimension: str) -> float:
    text = "".join(attribute.values)
    match = re.fullmatch(r"([\d.]+)\s*([a-zA-Z]+)", text)
    # Liberty writes farads small: ff, pf.
    unit = re.sub("f$", "F", match[2]) if match else ""
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


def _inverter_inputs(groups: list[Group], units: _Units) -> Iterator[float]:
    for group in groups:
        pins = {pin.text("direction"): pin for pin in group.all("pin")}
        if len(group.all("pin")) == 2 and {"input", "output"} <= pins.keys():
            function = pins["output"].text("function")
            if function and _parsed(pins["output"]).table == (True, False):
                yield pins["input"].require("capacitance").number * units.capacitance


def _parsed(group: Group, name: str = "function") -> Function:
    attribute = group.require(name)
    try:
        return parse_function(attribute.text)
    except ValueError as error:
        raise UserError(f"{attribute.where}: {name}: {error}") from error


class _Reader:
    """What is read of one cell."""

    def __init__(
        self, group: Group, units: _Units, templates: Mapping[str, Group], load: float
    ) -> None:
        self._group, self._units = group, units
        pins = [
            *group.all("pin"),
            *(p for bus in group.all("bus", "bundle") for p in bus.all("pin")),
        ]
        self._inputs = [pin for pin in pins if pin.text("direction") == "input"]
        self._outputs = [pin for pin in pins if pin.text("direction") == "output"]
        self._memory = next(iter(group.all("ff", "latch")), None)
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
            output_edge=Spread.of([
                self._energy(power, edge)
                for pin in self._outputs
                for power in _states(pin)
                # A flip-flop's reset moves its output, too.
                if clock is None or power.text("related_pin") == clock.title
                for edge in ("rise", "fall")
            ]),
            clock_cycle=Spread.of([rise + fall for rise, fall in idle]),
            clock_fall=Spread.of([fall for _, fall in idle]).mean,
            data_edge=self._data_edge(data),
        )  # fmt: skip

    def _kind(self) -> Kind:
        if self._memory is not None:
            return "flipflop" if self._memory.name == "ff" else "latch"
        return "latch" if self._group.find("clock_gating_integrated_cell") else "gate"

    def _function(self) -> str:
        if self._memory is not None:
            return self._memory.text("next_state") or self._memory.text("data_in")
        return self._outputs[0].text("function") if len(self._outputs) == 1 else ""

    def _leakage(self) -> float:
        total = self._group.find("cell_leakage_power")
        if total is not None:
            return total.number * self._units.leakage
        states = [g.require("value").number for g in self._group.all("leakage_power")]
        return Spread.of(states).mean * self._units.leakage

    def _capacitance(self, pins: list[Group]) -> float:
        each = [pin.require("capacitance").number for pin in pins]
        return Spread.of(each).mean * self._units.capacitance

    def _energy(self, power: Group, edge: str) -> float:
        """Return the energy (J) of an edge, 0 where there is no table of it."""
        tables = power.all(f"{edge}_power", "power")
        return self._lookup(tables[0]) * self._units.energy if tables else 0.0

    def _clock_and_data(self) -> tuple[Group | None, Group | None]:
        """Return the pins of a flip-flop that are clocked and, if they are pins, stored."""
        if self._kind() != "flipflop" or self._memory is None:
            return None, None
        pins = {pin.title: pin for pin in self._inputs}
        clocked = _parsed(self._memory, "clocked_on").inputs
        stored = _parsed(self._memory, "next_state").inputs
        return pins.get(clocked[0]), pins.get(stored[0]) if len(stored) == 1 else None

    def _idle_edges(self, clock: Group | None) -> list[tuple[float, float]]:
        """Return rise and fall of the clock in every state in which the next bit is the same."""
        if clock is None or self._memory is None:
            return []
        following = _parsed(self._memory, "next_state")
        return [
            (self._matching(clock, state, "rise"), self._matching(clock, state, "fall"))
            for state in self._quiet_states()
            if following(state) == state[self._memory.title]
        ]

    def _data_edge(self, data: Group | None) -> float:
        if data is None:
            return 0.0
        return Spread.of([
            self._matching(data, state, edge)
            for state in self._quiet_states()
            for edge in ("rise", "fall")
        ]).mean  # fmt: skip

    def _quiet_states(self) -> Iterator[dict[str, bool]]:
        """Yield all bits of pins and of the stored bit in which nothing clears or presets it."""
        memory = self._memory
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

    def _matching(self, pin: Group, state: Mapping[str, bool], edge: str) -> float:
        """Return the energy (J) of an edge of a pin in a state."""
        for power in _states(pin):
            if not power.find("when") or _parsed(power, "when")(state):
                return self._energy(power, edge)
        return 0.0


def _states(pin: Group) -> list[Group]:
    """Return the powers of a pin by state, or, where no states are told apart, those of all."""
    powers = pin.all("internal_power")
    return [power for power in powers if power.find("when")] or powers
