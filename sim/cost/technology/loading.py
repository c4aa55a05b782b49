# SPDX-License-Identifier: MIT
"""Technologies read from YAML files and checked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sim.cost.cells.gates import prices_of
from sim.cost.cells.table import read_table
from sim.cost.quantity import Range, parse_unit
from sim.cost.technology.arrays import ArrayMemory, ArrayPoint
from sim.cost.technology.conflicts import supply_conflict
from sim.cost.technology.files import technology_file
from sim.cost.technology.macro_table import read_macros
from sim.cost.technology.macros import MacroSet
from sim.cost.technology.ranges import range_of
from sim.cost.technology.rows import SourcedRow
from sim.cost.technology.table import ArraySection, MacrosSection, TechnologyTable
from sim.cost.technology.technology import Faster, Hot, Memories, Price, Technology, per_bit
from sim.documents.section import Section
from sim.documents.validation import validate
from sim.documents.yaml_lines import Document, KeyPath, dotted, parse
from sim.work.errors import UserError
from sim.work.files import read_text

__all__ = ["DEFAULT", "load_technology"]

#: The only technology whose memories are real macros and whose gates are real cells.
DEFAULT = "open130"


def load_technology(name: str) -> Technology:
    """Read a technology.

    Parameters
    ----------
    name : str
        Path of a YAML file, or the name of a technology; see `technology_file`.

    Raises
    ------
    UserError
        If a file cannot be read or an entry is invalid; the message names file, line and key.
    """
    path = technology_file(name)
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
        logic = per_bit({key: _spanning(r, [o[key] for o in others]) for key, r in first.items()})
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
