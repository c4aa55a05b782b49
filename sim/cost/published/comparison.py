# SPDX-License-Identifier: MIT
"""Comparison of published chips with a model of their architecture, with two constants in common.

In the model, a synapse of a binary chip is an XNOR and a full adder. A chip also has registers for
its sums and its window, and perhaps an SRAM. The energies are those of `cmos28`, scaled to the node
and supply of the chip by `sim.cost.technology.scaling`. Two constants are free. `wires` is the
energy of a real array divided by that of its gates. `clock` is the energy of a whole core divided
by that of its parts. Colonnade, which is only an array, determines `wires`. BinarEye, which is a
core, determines `clock`. Every other chip is held out. On these, the model is within a factor of 2
at supplies from 0.5 V on. At 0.4 V it is too low by a factor of 7.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, fabs, log
from statistics import fmean
from typing import Literal

from sim.cost.counts.tally import Action, Tally
from sim.cost.published.chips import Chip, ChipValue, Geometry, load_chips
from sim.cost.technology.scaling import logic_factor, memory_factor
from sim.cost.technology.technology import Technology, load_technology

__all__ = [
    "CALIBRATED_ON",
    "Constants",
    "PublishedRow",
    "Summary",
    "calibrated",
    "cycle",
    "published_rows",
    "summary",
]

#: The chips that determine `Constants.wires` and `Constants.clock`.
CALIBRATED_ON = ("colonnade", "binareye")

# Lowest voltage (V) of the scaling law. A chip with a lower supply is priced at this voltage.
_LOWEST_VOLTAGE = 0.5


@dataclass(frozen=True, kw_only=True)
class Constants:
    """The free constants of the model.

    Attributes
    ----------
    wires : float
        Energy of an array divided by that of its gates, all of which toggle in the model. It covers
        activity, wires and drivers.
    clock : float
        Energy of a core divided by that of its array, registers and memory. It covers clock and
        control.
    """

    wires: float
    clock: float


@dataclass(frozen=True, kw_only=True)
class PublishedRow:
    """A published value, and the value of the model.

    Attributes
    ----------
    chip, scope, citation, locator : str
    node, voltage : float or None
        nm and V.
    kind, sureness : str
        Kind and sureness of the published value.
    unit : {"J/op", "J/frame", "share"}
        Unit of `reference` and `modelled`.
    reference, modelled, ratio : float or None
        Published value, value of the model, and modelled / published. The last two are None if the
        value is not modelled.
    role : {"calibrated", "held out", "not modelled"}
        Whether the value determines a constant, tests the model, or is not modelled.
    note : str
        Remark on the ratio, or the reason why there is none.
    """

    chip: str
    scope: str
    citation: str
    locator: str
    node: float | None
    voltage: float | None
    kind: str
    sureness: str
    unit: Literal["J/op", "J/frame", "share"]
    reference: float
    modelled: float | None
    role: Literal["calibrated", "held out", "not modelled"]
    note: str

    @property
    def ratio(self) -> float | None:
        """Modelled value divided by the published value."""
        return None if self.modelled is None else self.modelled / self.reference


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The distance of the model from the published values that were held out.

    Attributes
    ----------
    rows : int
        Number of values held out.
    mean, worst : float
        Geometric mean and maximum of the factors, up or down, between model and value; >= 1.
    """

    rows: int
    mean: float
    worst: float


def cycle(geometry: Geometry) -> Tally:
    """Return the actions of a chip in a cycle, without the accesses to its SRAM."""
    cells, sums = geometry.cells * geometry.synapses, geometry.neurons
    return Tally({
        Action("array", "xnor"): cells,
        Action("array", "full_add"): cells,
        Action("sums", "register", geometry.inputs.bit_length()): sums,
        Action("window", "register", geometry.fresh): 1,
    })  # fmt: skip


def calibrated(chips: Mapping[str, Chip]) -> Constants:
    """Return the constants with which the model is exact for Colonnade and BinarEye.

    Parameters
    ----------
    chips : mapping of str to Chip
        Chips by name. Only these two are used.
    """
    array, core = (chips[name] for name in CALIBRATED_ON)
    wires = _missing(array, Constants(wires=1, clock=1))
    return Constants(wires=wires, clock=_missing(core, Constants(wires=wires, clock=1)))


def published_rows(chips: Mapping[str, Chip] | None = None) -> list[PublishedRow]:
    """Return every published value together with the value of the model.

    Parameters
    ----------
    chips : mapping of str to Chip, optional
        Chips by name; by default those of `sim.data.published`.
    """
    chips = load_chips() if chips is None else chips
    constants = calibrated(chips)
    return [
        _row(name, chip, value, constants) for name, chip in chips.items() for value in chip.values
    ]


def summary(rows: Sequence[PublishedRow]) -> Summary:
    """Return the distance of the model from the rows that were held out."""
    factors = [
        fabs(log(row.ratio)) for row in rows if row.role == "held out" and row.ratio is not None
    ]
    return Summary(rows=len(factors), mean=exp(fmean(factors)), worst=exp(max(factors)))


def _row(name: str, chip: Chip, value: ChipValue, constants: Constants) -> PublishedRow:
    calibrating = name in CALIBRATED_ON and value is _calibrating(chip)
    role = "calibrated" if calibrating else "held out" if value.model else "not modelled"
    return PublishedRow(
        chip=chip.title,
        scope=value.scope,
        citation=chip.citation,
        locator=value.locator,
        node=chip.node,
        voltage=value.voltage,
        kind=value.kind,
        sureness=value.sureness,
        unit="share" if value.unit == "share" else "J/op" if value.of_operation else "J/frame",
        reference=value.reference,
        modelled=_modelled(chip, value, constants) if value.model else None,
        role=role,
        note=value.not_modelled or _note(value, chip.geometry),
    )


def _note(value: ChipValue, geometry: Geometry | None) -> str:
    notes = [value.note or ""]
    if value.voltage_assumed:
        notes.append(f"supply not found stated, the nominal {value.voltage:g} V assumed")
    if value.voltage is not None and value.voltage < _LOWEST_VOLTAGE:
        notes.append(f"no law of voltages below {_LOWEST_VOLTAGE:g} V, priced there")
    if geometry is not None and geometry.sureness == "L":
        notes.append("geometry not found stated, that of its successor assumed")
    return "; ".join(filter(None, notes))


def _calibrating(chip: Chip) -> ChipValue:
    """Return the first modelled value of a chip."""
    return next(value for value in chip.values if value.model)


def _missing(chip: Chip, constants: Constants) -> float:
    """Return the factor by which the model must be multiplied to meet a calibrating value."""
    value = _calibrating(chip)
    return value.reference / _modelled(chip, value, constants)


def _modelled(chip: Chip, value: ChipValue, constants: Constants) -> float:
    """Return the value of the model, in J an operation or as a share."""
    geometry, node, voltage = chip.geometry, chip.node, value.voltage
    assert geometry is not None
    assert node is not None
    assert voltage is not None
    voltage = max(voltage, _LOWEST_VOLTAGE)
    actions, operations = cycle(geometry), 2 * geometry.synapses
    if value.model == "array":
        actions = Tally({a: n for a, n in actions.items() if a.component == "array"})
        return constants.wires * _logic(actions, node, voltage) / operations
    logic, memory = constants.wires * _logic(actions, node, voltage), _memory(geometry, node)
    if value.model == "memory share":
        return memory / (logic + memory)
    return constants.clock * (logic + memory) / operations


def _logic(actions: Tally, node: float, voltage: float) -> float:
    """Return the energy (J) of some actions of logic."""
    technology = _technology()
    assert technology.voltage is not None
    energy = 0.0
    for action, times in actions.items():
        price = technology.energy(action)
        assert price is not None
        energy += times * price.nominal
    return energy * logic_factor(technology.node, technology.voltage, node, voltage).nominal


def _memory(geometry: Geometry, node: float) -> float:
    """Return the energy (J) of the SRAM reads in a cycle."""
    if geometry.memory is None:
        return 0.0
    plan = _technology().macro(geometry.memory.depth, geometry.memory.width)
    assert plan is not None
    factor = memory_factor(_technology().node, node).nominal
    return geometry.memory.reads * plan.read.nominal * factor


@cache
def _technology() -> Technology:
    return load_technology("cmos28")
