# SPDX-License-Identifier: MIT
"""Published binary and ternary chips: their geometry, their values, and which can be modelled.

Each chip has a YAML file in `sim/data/published/chips`. No value is from memory. Each was read in
the paper, in its abstract or in a named secondary source, or is arithmetic on such values. Its
locator says which.
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

#: Conversion of a value to J an operation or J a frame. A multiply-accumulate is two operations.
_ENERGIES = {
    "TOPS/W": lambda value: 1e-12 / value,
    "fJ/op": lambda value: value * 1e-15,
    "fJ/MAC": lambda value: value * 1e-15 / 2,
    "uJ/frame": lambda value: value * 1e-6,
    "mJ/frame": lambda value: value * 1e-3,
}


class WindowMemory(Section):
    """SRAM from which the window over the feature map is read.

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
    """The computation of a chip in a cycle, with its weights kept beside the logic.

    Attributes
    ----------
    neurons : int
        Number of sums computed in parallel.
    inputs : int
        Synapses of each sum in a cycle.
    cells : int
        Cells for each synapse, each of an XNOR and a full adder; 2 if the synapse is ternary.
    fresh : int
        Bits clocked into the window in a cycle.
    memory : WindowMemory or null
    sureness : {"H", "M", "L"}
        Confidence in these numbers: high, medium or low.
    locator : str
        Source of these numbers, and their derivation from it.
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
        """Multiply-accumulate operations in a cycle."""
        return self.neurons * self.inputs


class ChipValue(Section):
    """A published value of a chip.

    Attributes
    ----------
    scope : str
        Parts of the chip that the value includes.
    value : float
    unit : {"TOPS/W", "fJ/op", "fJ/MAC", "uJ/frame", "mJ/frame", "share"}
    voltage : float or null
        V; null if no statement of it was found.
    voltage_assumed : bool
        Whether the voltage is our assumption, the nominal voltage of the node.
    kind : {"measured", "post_layout", "synthesis", "derived"}
        How the value was found. "derived" is arithmetic on published values.
    sureness : {"H", "M", "L"}
        Confidence in the value: high, medium or low.
    locator : str
        Place in the source, or the derivation.
    model : {"array", "core", "memory share"} or null
        Part of the model that the value is compared with, see `sim.cost.published.comparison`.
    not_modelled : str or null
        Reason why the value is not compared.
    note : str or null
        Remark on the comparison.
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
        """The value in J an operation or J a frame, or as a share."""
        return self.value if self.unit == "share" else _ENERGIES[self.unit](self.value)

    @property
    def of_operation(self) -> bool:
        """Whether the value is an energy per operation."""
        return self.unit in ("TOPS/W", "fJ/op", "fJ/MAC")


class Chip(Section):
    """A chip.

    Attributes
    ----------
    title, citation : str
    node : float or null
        nm; null if no statement of it was found.
    geometry : Geometry or null
        Null if no value of the chip is modelled.
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
        If the file cannot be read or an entry is invalid; the message names file, line and key.
    """
    return read_published(Chip, path)


def load_chips(folder: Path = CHIPS) -> dict[str, Chip]:
    """Return the chips of a folder by the stems of their files, in alphabetical order."""
    return {path.stem: load_chip(path) for path in sorted(folder.glob("*.yaml"))}
