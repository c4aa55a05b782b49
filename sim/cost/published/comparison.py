# SPDX-License-Identifier: MIT
"""Comparison of published chips with the cost model, two of whose constants they determine.

A synapse of a chip is one or several cells of an XNOR and a full adder. A chip also has registers
for its sums and its window, and perhaps SRAM. These actions are priced as those of any chip
(`sim.cost.pricing`), in `cmos28` at the node and supply of the published value. Two of its values
come from here: `wires` is the energy of Colonnade's array divided by that of its gates, and
`control` is the energy of BinarEye's logic divided by that of its routed gates. Every other value
is held out. Chips in which something else computes than gates are refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from math import exp, fabs, log
from statistics import fmean
from typing import Literal

from sim.cost.counts.tally import Action, Memory, Tally
from sim.cost.pricing import Bill, price, price_memories
from sim.cost.published.chips import Chip, ChipValue, Geometry, load_chips
from sim.cost.technology.loading import load_technology
from sim.cost.technology.operating import scaled
from sim.cost.technology.technology import Technology

__all__ = [
    "CALIBRATED_ON",
    "TECHNOLOGY",
    "Constants",
    "PublishedRow",
    "Summary",
    "calibrated",
    "cycle",
    "published_rows",
    "summary",
]

#: The chips that determine `Constants.wires` and `Constants.control`.
CALIBRATED_ON = ("colonnade", "binareye")

#: The technology whose constants they are.
TECHNOLOGY = "cmos28"


@dataclass(frozen=True, kw_only=True)
class Constants:
    """The constants of the model that published chips determine.

    Attributes
    ----------
    wires : float
        Energy of an array divided by that of its gates. It covers wires, fan-out and drivers.
    control : float
        Energy of the logic of a core divided by that of its routed gates. It covers clock and
        control.
    """

    wires: float
    control: float


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
    unit : {"J/op", "J/cycle", "J/frame", "share"}
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
    unit: Literal["J/op", "J/cycle", "J/frame", "share"]
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
    """Return the actions of a chip in a cycle."""
    cells, sums = Fraction(geometry.cells) * geometry.synapses, geometry.neurons
    actions: dict[Action, int | Fraction] = {
        Action("array", "xnor"): cells,
        Action("array", "full_add"): cells,
        Action("sums", "register", geometry.inputs.bit_length()): sums,
    }
    if geometry.fresh:
        actions[Action("window", "register", geometry.fresh)] = 1
    for memory, access in zip(_memories(geometry), geometry.memories, strict=True):
        actions[Action(memory.component, "read", memory.width)] = Fraction(access.reads)
        actions[Action(memory.component, "write", memory.width)] = Fraction(access.writes)
    return Tally(actions)


def calibrated(chips: Mapping[str, Chip]) -> Constants:
    """Return the constants with which the model is exact for Colonnade and BinarEye.

    Parameters
    ----------
    chips : mapping of str to Chip
        Chips by name. Only these two are used.
    """
    bare = replace(_technology(), overheads={})
    (array, array_value), (core, core_value) = (
        (chips[name], _calibrating(chips[name])) for name in CALIBRATED_ON
    )
    of_array = _bill(array, array_value, bare, only="array")
    wires = array_value.reference * _operations(array, array_value) / of_array.logic.nominal
    of_core = _bill(core, core_value, bare)
    logic = core_value.reference * _operations(core, core_value) - of_core.memories.nominal
    return Constants(wires=wires, control=logic / (wires * of_core.logic.nominal))


def published_rows(chips: Mapping[str, Chip] | None = None) -> list[PublishedRow]:
    """Return every published value together with the value of the model.

    Parameters
    ----------
    chips : mapping of str to Chip, optional
        Chips by name; by default those of `sim.data.published`.
    """
    chips = load_chips() if chips is None else chips
    return [_row(name, chip, value) for name, chip in chips.items() for value in chip.values]


def summary(rows: Sequence[PublishedRow]) -> Summary:
    """Return the distance of the model from the rows that were held out."""
    factors = [
        fabs(log(row.ratio)) for row in rows if row.role == "held out" and row.ratio is not None
    ]
    return Summary(rows=len(factors), mean=exp(fmean(factors)), worst=exp(max(factors)))


def _row(name: str, chip: Chip, value: ChipValue) -> PublishedRow:
    calibrating = name in CALIBRATED_ON and value is _calibrating(chip)
    role, modelled = "calibrated" if calibrating else "held out", None
    note = chip.why_not(value)
    if value.model is not None:
        try:
            modelled, note = _modelled(chip, value), _note(chip, value)
        except ValueError as error:  # no law for this node or supply
            note = str(error)
    return PublishedRow(
        chip=chip.title,
        scope=value.scope,
        citation=chip.citation,
        locator=value.locator,
        node=chip.node,
        voltage=value.voltage,
        kind=value.kind,
        sureness=value.sureness,
        unit=_unit(value),
        reference=value.reference,
        modelled=modelled,
        role="not modelled" if modelled is None else role,
        note=note or "",
    )


def _unit(value: ChipValue) -> Literal["J/op", "J/cycle", "J/frame", "share"]:
    if value.unit == "share":
        return "share"
    if value.of_frame:
        return "J/frame"
    return "J/op" if value.of_operation else "J/cycle"


def _note(chip: Chip, value: ChipValue) -> str:
    notes = [value.note or ""]
    if value.voltage_assumed:
        notes.append(f"supply not found stated, {value.voltage:g} V assumed")
    if _geometry(chip, value).sureness == "L":
        notes.append("geometry partly assumed")
    return "; ".join(filter(None, notes))


def _calibrating(chip: Chip) -> ChipValue:
    """Return the first modelled value of a chip."""
    return next(value for value in chip.values if value.model)


def _geometry(chip: Chip, value: ChipValue) -> Geometry:
    found = value.geometry or chip.geometry
    assert found is not None
    return found


def _operations(chip: Chip, value: ChipValue) -> int:
    """Return the operations of a cycle."""
    return 2 * _geometry(chip, value).synapses


def _modelled(chip: Chip, value: ChipValue) -> float:
    """Return the value of the model, in J an operation or a frame, or as a share."""
    technology, operations = _technology(), _operations(chip, value)
    if value.model == "array":
        bill = _bill(chip, value, technology, only="array")
        return (bill.logic.nominal + bill.beside("wires").nominal) / operations
    bill = _bill(chip, value, technology)
    if value.model == "memory share":
        return bill.memories.nominal / bill.total.nominal
    return bill.total.nominal * (value.operations or 1) / operations


def _bill(chip: Chip, value: ChipValue, technology: Technology, only: str | None = None) -> Bill:
    """Return the bill of a cycle at the node and supply of a value, or of one component of it."""
    assert chip.node is not None
    assert value.voltage is not None
    geometry = _geometry(chip, value)
    there = scaled(technology, chip.node, value.voltage)
    tally = cycle(geometry)
    if only is not None:
        tally = Tally({a: n for a, n in tally.items() if a.component == only})
    return price(tally, price_memories(_memories(geometry), there), there)


def _memories(geometry: Geometry) -> tuple[Memory, ...]:
    return tuple(
        Memory(f"memory {number}", access.depth, access.width)
        for number, access in enumerate(geometry.memories, 1)
    )


@cache
def _technology() -> Technology:
    return load_technology(TECHNOLOGY)
