# SPDX-License-Identifier: MIT
"""Technologies, read from YAML and checked: energies of actions, and macros of memories."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Protocol

from sim.cost.cells.gates import prices_of
from sim.cost.cells.liberty_cells import read_cells
from sim.cost.cells.table import read_table
from sim.cost.counts.tally import Action
from sim.cost.quantity import Range, parse_unit
from sim.cost.technology.arrays import ArrayMemory, ArrayPoint
from sim.cost.technology.conflicts import library_conflicts, supply_conflict
from sim.cost.technology.macro_table import read_macros
from sim.cost.technology.macros import MacroSet
from sim.cost.technology.ranges import range_of
from sim.cost.technology.rows import Source, SourcedRow
from sim.cost.technology.table import ArraySection, MacrosSection, TechnologyTable
from sim.cost.technology.tiling import MemoryPlan
from sim.documents.section import Section
from sim.documents.validation import validate
from sim.documents.yaml_lines import Document, KeyPath, dotted, parse
from sim.work.errors import UserError
from sim.work.files import built_in_or_own, read_text

__all__ = [
    "BUILT_IN",
    "DEFAULT",
    "Faster",
    "Hot",
    "Memories",
    "Price",
    "Technology",
    "load_technology",
]

#: Folder of the technologies that come with the install, one ``<name>.yaml`` each.
BUILT_IN = Path(__file__).parent / "tables"

#: The only technology whose memories are real macros and whose gates are real cells.
DEFAULT = "open130"

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
        name, logic = f"{library.name} ({files})", _per_bit(prices_of(library, "liberty"))
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


def load_technology(name: str) -> Technology:
    """Read a technology.

    Parameters
    ----------
    name : str
        Path of a YAML file, or the name of a built-in technology.

    Raises
    ------
    UserError
        If a file cannot be read or an entry is invalid; the message names file, line and key.
    """
    path = built_in_or_own(name, BUILT_IN, "Technology")
    document = parse(read_text(path), str(path))
    table = validate(TechnologyTable, document)
    ranges = _ranges(document, table)
    memories = _memories(path.parent, table, ranges)
    supply = memories.voltage if isinstance(memories, MacroSet) else None
    conflict = supply_conflict(
        f"logic of {path.stem}",
        table.voltage,
        f"memories of corner {getattr(table.memory, 'corner', None)}",
        supply,
    )
    return Technology(
        name=path.stem,
        title=table.title,
        node=table.node,
        voltage=table.voltage,
        sources=table.sources,
        logic=_logic(path.parent, table, ranges),
        memories=memories,
        nonvolatile=getattr(table.memory, "nonvolatile", False),
        endurance=ranges.get(("memory", "endurance")),
        memory_voltage=supply,
        overheads={str(path[1]): r for path, r in ranges.items() if path[0] == "overheads"},
        highest_clock=table.highest_clock_mhz and table.highest_clock_mhz * 1e6,
        faster=_faster(document, table),
        temperature=table.temp_c,
        hot=_hot(path.parent, table, memories),
        conflicts=tuple(filter(None, [conflict])),
        note=getattr(table.memory, "note", None),
    )


def _ranges(document: Document, table: TechnologyTable) -> dict[KeyPath, Range]:
    """Return every row as a range, and check that every source is known."""
    ranges = {}
    for path, section in _sections(table, ()):
        source = getattr(section, "source", None)
        if source is not None and source not in table.sources:
            known = ", ".join(sorted(table.sources)) or "none"
            raise UserError(
                f"{document.where((*path, 'source'))}: {dotted((*path, 'source'))} must be a key "
                f"of sources ({known}), not {source!r}"
            )
        if isinstance(section, SourcedRow):
            try:
                ranges[path] = range_of(section, table)
            except ValueError as error:
                raise UserError(f"{document.where(path)}: {dotted(path)}: {error}") from error
    return ranges


def _sections(section: Section, path: KeyPath) -> Iterator[tuple[KeyPath, Section]]:
    """Yield all sections below one, with their paths in the document."""
    for name, described in type(section).model_fields.items():
        value, key = getattr(section, name), described.alias or name
        for inner, item in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(item, Section):
                place = (*path, key) if inner is None else (*path, key, inner)
                yield place, item
                yield from _sections(item, place)


def _logic(
    folder: Path, table: TechnologyTable, ranges: Mapping[KeyPath, Range]
) -> dict[str, Price]:
    logic = {}
    if table.cells is not None:
        files = (table.cells.file, *table.cells.corners)
        first, *others = (
            prices_of(read_table(folder / file), table.cells.source) for file in files
        )
        logic = _per_bit({key: _spanning(r, [o[key] for o in others]) for key, r in first.items()})
    for path, range_ in ranges.items():
        if path[0] == "logic":
            row = getattr(table.logic, "register_" if path[1] == "register" else str(path[1]))
            logic[str(path[1])] = Price(range_, parse_unit(row.unit).dimension.endswith("/bit"))
    return logic


def _spanning(value: Range, others: Sequence[Range]) -> Range:
    """Return a value with the extremes of the same value in other corners as bounds."""
    return replace(
        value,
        low=min(value.low, *(other.low for other in others)) if others else value.low,
        high=max(value.high, *(other.high for other in others)) if others else value.high,
    )


def _faster(document: Document, table: TechnologyTable) -> Faster | None:
    row = table.speed
    if row is None:
        return None
    if table.voltage is None or row.voltage is None or row.voltage == table.voltage:
        raise UserError(
            f"{document.where(('speed',))}: speed must have another voltage than the table, "
            f"which must state its own, not {row.voltage}"
        )
    return Faster(table.voltage, row.voltage, row.value)


def _hot(folder: Path, table: TechnologyTable, memories: Memories | None) -> Hot | None:
    """Return the leakages in the hottest corner of macros and cells, if both state it."""
    if not isinstance(memories, MacroSet) or memories.hot is None or table.cells is None:
        return None
    temperature, memory = memories.hot
    here = read_table(folder / table.cells.file)
    for file in table.cells.corners:
        corner = read_table(folder / file)
        if corner.temperature == temperature:
            leakages = [prices_of(each, "")["gate_leakage"].nominal for each in (here, corner)]
            return Hot(temperature, memory, leakages[1] / leakages[0])
    return None


def _per_bit(prices: Mapping[str, Range]) -> dict[str, Price]:
    # An LFSR computes one feedback bit a step, whatever its width.
    return {key: Price(range_, key != "lfsr_step") for key, range_ in prices.items()}


def _memories(
    folder: Path, table: TechnologyTable, ranges: Mapping[KeyPath, Range]
) -> Memories | None:
    memory = table.memory
    if isinstance(memory, MacrosSection):
        macros = read_macros(folder / memory.file, memory.corner)
        return MacroSet(macros, memory.source, ranges.get(("overheads", "bus")))
    if isinstance(memory, ArraySection):
        points = [
            ArrayPoint(
                bits=point.bits,
                read=ranges["memory", "points", i, "read"],
                write=ranges["memory", "points", i, "write"],
            )
            for i, point in enumerate(memory.points)
        ]
        return ArrayMemory(
            points, ranges.get(("memory", "leakage")), ranges.get(("memory", "area"))
        )
    return None
