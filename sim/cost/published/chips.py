# SPDX-License-Identifier: MIT
"""Published chips: their kind, their geometry, their values, and which can be modelled.

Each chip has a YAML file in `sim/data/published/chips`; ``docs/cost.md`` shows how to write one. No
value is from memory. Each was read in the paper, in its abstract or in a named secondary source, or
is arithmetic on such values. Its locator says which.
"""

from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import Field

from sim.cost.quantity import Sureness
from sim.data.published import PUBLISHED, read_published
from sim.documents.section import Section

__all__ = [
    "CHIPS",
    "OUT_OF_SCOPE",
    "Chip",
    "ChipValue",
    "CycleMemory",
    "Geometry",
    "Kind",
    "load_chip",
    "load_chips",
]

#: Folder of the chips, one ``<name>.yaml`` each.
CHIPS = PUBLISHED / "chips"

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]

#: Conversion of a value to J an operation or J a frame. A multiply-accumulate is two operations.
_ENERGIES = {
    "TOPS/W": lambda value: 1e-12 / value,
    "fJ/op": lambda value: value * 1e-15,
    "fJ/MAC": lambda value: value * 1e-15 / 2,
    "pJ/cycle": lambda value: value * 1e-12,
    "uJ/frame": lambda value: value * 1e-6,
    "mJ/frame": lambda value: value * 1e-3,
}


Kind = Literal["digital", "analogue", "in-memory", "latches", "processor", "floating point"]

#: Why chips of a kind are not modelled.
OUT_OF_SCOPE: dict[Kind, str] = {
    "analogue": "out of scope: charge, current or time adds up, not gates",
    "in-memory": "out of scope: the memory computes, so that no row is read",
    "latches": "out of scope: weights and maps lie in arrays of latches, not in SRAM",
    "processor": "out of scope: instructions and buses take most of the energy",
    "floating point": "out of scope: its additions align and normalise, which no action here does",
}


class CycleMemory(Section):
    """SRAM that is accessed in a cycle.

    Attributes
    ----------
    depth, width : int
        Rows, and bits of a row.
    reads, writes : float
        Rows read and written in a cycle, of all such memories together.
    """

    depth: Count
    width: Count
    reads: float = Field(default=0, ge=0)
    writes: float = Field(default=0, ge=0)


class Geometry(Section):
    """The computation of a chip in a cycle.

    Attributes
    ----------
    neurons : int
        Number of sums computed in parallel.
    inputs : int
        Synapses of each sum in a cycle.
    cells : float
        Cells for each synapse, each of an XNOR and a full adder: 1 if it is binary, 2 if it is
        ternary, a b if weights have a bits and inputs b bits.
    fresh : int
        Bits clocked into registers in a cycle, beside those of the sums.
    memories : list of CycleMemory
    sureness : {"H", "M", "L"}
        Confidence in these numbers: high, medium or low.
    locator : str
        Source of these numbers, and their derivation from it.
    """

    neurons: Count
    inputs: Count
    cells: Positive
    fresh: int = Field(ge=0)
    memories: list[CycleMemory] = []
    sureness: Sureness
    locator: str

    @property
    def synapses(self) -> int:
        """Multiply-accumulate operations in a cycle."""
        return self.neurons * self.inputs


class ChipValue(Section):
    """A published value of a chip.

    Attributes
    ----------
    scope : str
        Parts of the chip that the value includes.
    value : float
    unit : {"TOPS/W", "fJ/op", "fJ/MAC", "pJ/cycle", "uJ/frame", "mJ/frame", "share"}
    voltage : float or null
        V; null if no statement of it was found.
    voltage_assumed : bool
        Whether the voltage is our assumption, which the locator explains.
    operations : float or null
        Operations of a frame, two for each synapse; only of values per frame.
    geometry : Geometry or null
        Geometry behind this value, if it is not that of the chip.
    kind : {"measured", "post_layout", "synthesis", "derived"}
        How the value was found. "derived" is arithmetic on published values.
    sureness : {"H", "M", "L"}
        Confidence in the value: high, medium or low.
    locator : str
        Place in the source, or the derivation.
    model : {"array", "core", "memory share"} or null
        Part of the model that the value is compared with, see `sim.cost.published.comparison`.
    not_modelled : str or null
        Reason why the value is not compared; null where the kind of the chip is the reason.
    note : str or null
        Remark on the comparison.
    """

    scope: str
    value: Positive
    unit: Literal["TOPS/W", "fJ/op", "fJ/MAC", "pJ/cycle", "uJ/frame", "mJ/frame", "share"]
    voltage: Positive | None = None
    voltage_assumed: bool = False
    operations: Positive | None = None
    geometry: Geometry | None = None
    kind: Literal["measured", "post_layout", "synthesis", "derived"]
    sureness: Sureness
    locator: str
    model: Literal["array", "core", "memory share"] | None = None
    not_modelled: str | None = None
    note: str | None = None

    @pydantic.model_validator(mode="after")
    def _modelled_or_why_not(self) -> "ChipValue":
        if self.model is not None and self.not_modelled is not None:
            raise ValueError("only one of model and not_modelled must be given")
        if self.model is not None and self.voltage is None:
            raise ValueError("voltage must be given with model")
        if self.model is not None and self.of_frame and self.operations is None:
            raise ValueError(f"operations must be given with model and a value in {self.unit}")
        if self.model is not None and self.unit == "pJ/cycle":
            raise ValueError(f"model {self.model} must not have a value in {self.unit}")
        if (self.model == "memory share") != (self.unit == "share"):
            raise ValueError(f"model {self.model} must not have a value in {self.unit}")
        return self

    @property
    def reference(self) -> float:
        """The value in J an operation, a cycle or a frame, or as a share."""
        return self.value if self.unit == "share" else _ENERGIES[self.unit](self.value)

    @property
    def of_operation(self) -> bool:
        """Whether the value is an energy per operation."""
        return self.unit in ("TOPS/W", "fJ/op", "fJ/MAC")

    @property
    def of_frame(self) -> bool:
        """Whether the value is an energy per frame."""
        return self.unit.endswith("/frame")


class Chip(Section):
    """A chip.

    Attributes
    ----------
    title, citation : str
    kind : {"digital", "analogue", "in-memory", "latches", "processor", "floating point"}
        What computes. Only "digital" chips are modelled: gates, beside registers or SRAM.
    node : float or null
        nm; null if no statement of it was found.
    geometry : Geometry or null
        Null if no value is modelled, or each has a geometry of its own.
    values : list of ChipValue
    """

    title: str
    citation: str
    kind: Kind
    node: Positive | None
    geometry: Geometry | None = None
    values: Annotated[list[ChipValue], Field(min_length=1)]

    @pydantic.model_validator(mode="after")
    def _can_be_modelled(self) -> "Chip":
        modelled = [value for value in self.values if value.model]
        known = all(value.geometry or self.geometry for value in modelled)
        if modelled and (self.node is None or not known):
            raise ValueError("node and geometry must be given for values with a model")
        if modelled and self.kind != "digital":
            raise ValueError(f"values of a chip of kind {self.kind} must not have a model")
        if self.kind == "digital" and any(
            value.model is None and value.not_modelled is None for value in self.values
        ):
            raise ValueError("one of model and not_modelled must be given for each value")
        return self

    def why_not(self, value: ChipValue) -> str | None:
        """Return why a value of the chip is not modelled; None if it is."""
        return value.not_modelled or OUT_OF_SCOPE.get(self.kind)


def load_chip(path: Path) -> Chip:
    """Read a chip.

    Raises
    ------
    UserError
        If the file cannot be read or an entry is invalid; the message names file, line and key.
    """
    return read_published(Chip, path)


def load_chips(folder: Path = CHIPS) -> dict[str, Chip]:
    """Return the chips of a folder by the stems of their files, in alphabetical order."""
    return {path.stem: load_chip(path) for path in sorted(folder.glob("*.yaml"))}
