# SPDX-License-Identifier: MIT
"""Binary and ternary chips as published: geometry, values, and what of them can be modelled.

One YAML file a chip in `sim/data/published/chips`. No value is from memory. Each was read in the
paper, its abstract or a named secondary source, or is arithmetic on such values; its locator says
which.
"""

from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import Field

from sim.cost.quantity import Sureness
from sim.data.published import PUBLISHED, read_published
from sim.documents.section import Section

__all__ = ["CHIPS", "Chip", "ChipValue", "Geometry", "WindowMemory", "load_chip", "load_chips"]

#: Folder of the chips, one ``<name>.yaml`` each.
CHIPS = PUBLISHED / "chips"

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]

#: J of an operation, or of a frame, from a value; a multiply-accumulate is two operations.
_ENERGIES = {
    "TOPS/W": lambda value: 1e-12 / value,
    "fJ/op": lambda value: value * 1e-15,
    "fJ/MAC": lambda value: value * 1e-15 / 2,
    "uJ/frame": lambda value: value * 1e-6,
    "mJ/frame": lambda value: value * 1e-3,
}


class WindowMemory(Section):
    """SRAM that the window over the feature map is read from.

    Attributes
    ----------
    depth, width : int
        Rows, and bits of a row.
    reads : int
        Rows read in a cycle.
    """

    depth: Count
    width: Count
    reads: Count


class Geometry(Section):
    """What a chip computes in a cycle, its weights kept beside the logic.

    Attributes
    ----------
    neurons : int
        Sums formed side by side.
    inputs : int
        Synapses of each in a cycle.
    cells : int
        Cells of an XNOR and a full adder that a synapse takes: 2 if it is ternary.
    fresh : int
        Bits clocked into the window.
    memory : WindowMemory or null
    sureness : {"H", "M", "L"}
    locator : str
        What was read, and how the numbers follow from it.
    """

    neurons: Count
    inputs: Count
    cells: Count
    fresh: Count
    memory: WindowMemory | None = None
    sureness: Sureness
    locator: str

    @property
    def synapses(self) -> int:
        """Multiply-accumulates of a cycle."""
        return self.neurons * self.inputs


class ChipValue(Section):
    """A published value of a chip.

    Attributes
    ----------
    scope : str
        What it includes.
    value : float
    unit : {"TOPS/W", "fJ/op", "fJ/MAC", "uJ/frame", "mJ/frame", "share"}
    voltage : float or null
        V, null where not found stated.
    voltage_assumed : bool
        Whether the voltage is an assumption of ours, the nominal one of the node.
    kind : {"measured", "post_layout", "synthesis", "derived"}
        How it was found; "derived" is arithmetic on published values.
    sureness : {"H", "M", "L"}
    locator : str
        Where it stands, or how it was derived.
    model : {"array", "core", "memory share"} or null
        What of the chip the value is held against, `sim.cost.published.comparison`.
    not_modelled : str or null
        Why it is held against nothing.
    note : str or null
        What to know when both are compared.
    """

    scope: str
    value: Positive
    unit: Literal["TOPS/W", "fJ/op", "fJ/MAC", "uJ/frame", "mJ/frame", "share"]
    voltage: Positive | None = None
    voltage_assumed: bool = False
    kind: Literal["measured", "post_layout", "synthesis", "derived"]
    sureness: Sureness
    locator: str
    model: Literal["array", "core", "memory share"] | None = None
    not_modelled: str | None = None
    note: str | None = None

    @pydantic.model_validator(mode="after")
    def _modelled_or_why_not(self) -> "ChipValue":
        if (self.model is None) == (self.not_modelled is None):
            raise ValueError("one of model and not_modelled must be given")
        if self.model is not None and self.voltage is None:
            raise ValueError("voltage must be given with model")
        if (self.model == "memory share") != (self.unit == "share"):
            raise ValueError(f"model {self.model} must not have a value in {self.unit}")
        return self

    @property
    def reference(self) -> float:
        """J an operation or a frame, or a share."""
        return self.value if self.unit == "share" else _ENERGIES[self.unit](self.value)

    @property
    def of_operation(self) -> bool:
        """Whether it is an energy of an operation."""
        return self.unit in ("TOPS/W", "fJ/op", "fJ/MAC")


class Chip(Section):
    """A chip.

    Attributes
    ----------
    title, citation : str
    node : float or null
        nm, null where not found stated.
    geometry : Geometry or null
        Null where nothing is modelled.
    values : list of ChipValue
    """

    title: str
    citation: str
    node: Positive | None
    geometry: Geometry | None = None
    values: Annotated[list[ChipValue], Field(min_length=1)]

    @pydantic.model_validator(mode="after")
    def _can_be_modelled(self) -> "Chip":
        modelled = any(value.model for value in self.values)
        if modelled and (self.node is None or self.geometry is None):
            raise ValueError("node and geometry must be given for values with a model")
        return self


def load_chip(path: Path) -> Chip:
    """Read a chip.

    Raises
    ------
    UserError
        If the file cannot be read or an entry is at fault; the message names file, line and key.
    """
    return read_published(Chip, path)


def load_chips(folder: Path = CHIPS) -> dict[str, Chip]:
    """Return the chips of a folder by the stem of their file, in alphabetical order."""
    return {path.stem: load_chip(path) for path in sorted(folder.glob("*.yaml"))}
