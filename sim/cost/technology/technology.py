# SPDX-License-Identifier: MIT
"""A technology: energies of actions, macros of memories, and what a chip takes beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Protocol

from sim.cost.cells.gates import prices_of
from sim.cost.cells.liberty_cells import read_cells
from sim.cost.counts.tally import Action
from sim.cost.quantity import Range
from sim.cost.technology.conflicts import library_conflicts, supply_conflict
from sim.cost.technology.rows import Source
from sim.cost.technology.tiling import MemoryPlan

__all__ = ["Faster", "Hot", "Memories", "Price", "Technology", "per_bit"]

_MEMORY_ACTIONS = ("read", "write")


class Memories(Protocol):
    """A model of memories of any size."""

    def plan(self, depth: int, width: int, ports: int) -> MemoryPlan:
        """Return the macros and costs of a memory.

        Parameters
        ----------
        depth, width : int
            Rows, and bits of a row.
        ports : {1, 2}
            Number of ports.
        """
        ...


class Faster(NamedTuple):
    """Two supplies (V), and the delay of a gate at the first divided by that at the second."""

    voltage: float
    other: float
    ratio: float


class Hot(NamedTuple):
    """A hotter corner: degrees Celsius, and leakages there divided by those of the technology."""

    temperature: float
    memory: float
    gates: float


@dataclass(frozen=True)
class Price:
    """A value, either of a whole action or cell, or of each bit of it."""

    range: Range
    per_bit: bool = False


@dataclass(frozen=True, kw_only=True)
class Technology:
    """A technology. All values are in SI units.

    Attributes
    ----------
    name, title : str
    node : float
        nm.
    voltage : float or None
        V; None where the source does not state it.
    sources : mapping of str to Source
        Sources by the keys that `Range.source` uses.
    logic : mapping of str to Price
        Values of logic by the keys of `sim.cost.technology.table.LogicRows`.
    overheads : mapping of str to Range
        What a chip takes beside its actions, by the keys of
        `sim.cost.technology.table.OverheadRows`.
    memories : Memories or None
        Model of the memories; None if the technology has none.
    nonvolatile : bool
        Whether memories keep their bits without a supply, so that they need not leak.
    endurance : Range or None
        Writes that a memory cell survives; None where there is no such limit.
    memory_voltage : float or None
        V at which the memories are known, if not that of the technology.
    highest_clock : float or None
        Hz up to which the values hold; None where the source does not state it.
    faster : Faster or None
        Speed of gates at another supply; None where the source does not state it.
    temperature : float or None
        Degrees Celsius; None where the source does not state it.
    hot : Hot or None
        Leakages at a higher temperature; None where the source does not state them.
    warnings : tuple of str
        Warnings about values that were left out.
    conflicts : tuple of str
        Warnings about values that do not fit each other.
    note : str or None
        Remark on the values of the memories.
    """

    name: str
    title: str
    node: float
    voltage: float | None
    sources: Mapping[str, Source]
    logic: Mapping[str, Price]
    memories: Memories | None
    overheads: Mapping[str, Range] = field(default_factory=dict)
    nonvolatile: bool = False
    endurance: Range | None = None
    memory_voltage: float | None = None
    highest_clock: float | None = None
    faster: Faster | None = None
    temperature: float | None = None
    hot: Hot | None = None
    warnings: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    note: str | None = None

    def energy(self, action: Action) -> Range | None:
        """Return the energy (J) of an action of logic; None if the technology does not state it.

        Raises
        ------
        ValueError
            If the action is an access. Its energy depends on the memory; see `macro`.
        """
        if action.kind in _MEMORY_ACTIONS:
            raise ValueError(f"A {action.kind} must be priced by its memory, not by {self.name}")
        price = self.logic.get(action.kind)
        if price is None:
            return None
        return price.range * action.width if price.per_bit else price.range

    def value(self, key: str) -> Range | None:
        """Return a value (SI) that is not the energy of an action; None if it is not stated.

        Parameters
        ----------
        key : {"clock", "gate_area", "gate_leakage", "flipflop_area", "flipflop_leakage"}
            Name of the value.
        """
        price = self.logic.get(key)
        return None if price is None else price.range

    def macro(self, depth: int, width: int, ports: int = 1) -> MemoryPlan | None:
        """Return the macros and costs of a memory; None if the technology has no memories.

        Parameters
        ----------
        depth, width : int
            Rows, and bits of a row.
        ports : {1, 2}
            2 if the memory is read and written in the same cycle, else 1.
        """
        return None if self.memories is None else self.memories.plan(depth, width, ports)

    def with_liberty(self, *paths: Path) -> "Technology":
        """Return the technology with the logic of Liberty files. Its memories are unchanged.

        The new title names the library. There is a conflict if the library has another supply or is
        of another node, and a warning for every value that was left out.

        Parameters
        ----------
        paths : Path
            Files that together are one library.

        Raises
        ------
        UserError
            If a file is not a library, or if the files do not fit each other.
        """
        library = read_cells(*paths)
        files = ", ".join(path.name for path in paths)
        name, logic = f"{library.name} ({files})", per_bit(prices_of(library, "liberty"))
        supplies = supply_conflict(
            f"logic of {name}",
            library.voltage,
            f"memories of {self.name}",
            self.memory_voltage or self.voltage,
        )
        area = logic["gate_area"].range if "gate_area" in logic else None
        nodes = library_conflicts(name, area, self.name, self.node, self.value("gate_area"))
        return replace(
            self,
            title=f"{self.title}; logic of {name}",
            voltage=library.voltage,
            warnings=(*self.warnings, *library.warnings),
            # Those of the logic before are gone with it.
            conflicts=(*filter(None, [supplies]), *nodes),
            sources={**self.sources, "liberty": Source(citation=f"{library.name}, {files}")},
            logic=logic,
            faster=None,
            hot=None,
        )


def per_bit(prices: Mapping[str, Range]) -> dict[str, Price]:
    """Return values of logic from those of cells, by key.

    All are per bit but `lfsr_step`: an LFSR computes one feedback bit a step, whatever its width.

    Parameters
    ----------
    prices : mapping of str to Range
        Values as `sim.cost.cells.gates.prices_of` returns them.
    """
    return {key: Price(range_, key != "lfsr_step") for key, range_ in prices.items()}
