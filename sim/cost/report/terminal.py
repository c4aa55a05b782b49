# SPDX-License-Identifier: MIT
"""The most important results, as tables for the terminal."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from sim.cost.assessment import Assessment, PricedPhase
from sim.cost.formatting import bounds, number, square_millimetres
from sim.cost.pricing import MemoryLine
from sim.cost.report.rows import point_row

__all__ = ["terminal_tables"]

_PHASES = ("phase", "cycles", "energy", "logic", "memories")
_MEMORIES = ("memory", "bits", "each of", "mm2", "leakage")
_POINTS = ("method", "kb", "avg. inc. %", "learn", "exemplars", "classify")


def terminal_tables(assessment: Assessment) -> Iterator[Table]:
    """Yield tables of the phases, of the chip's memories, and of the methods of a study if any."""
    yield _table("Phases", _PHASES, [_phase(priced) for priced in assessment.phases])
    yield _table("Memories", _MEMORIES, [_memory(line) for line in assessment.memories])
    if assessment.points:
        yield _table("Methods", _POINTS, [point_row(point) for point in assessment.points])


def _phase(priced: PricedPhase) -> list[str]:
    parts = (priced.bill.total, priced.bill.logic, priced.bill.memories)
    return [
        priced.phase.name, number(priced.phase.cycles), *(bounds(part, "J")[1] for part in parts)
    ]  # fmt: skip


def _memory(line: MemoryLine) -> list[str]:
    return [
        line.memory.component, number(line.memory.bits), line.macros,
        square_millimetres(line.area), bounds(line.leakage, "W")[1],
    ]  # fmt: skip


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for index, name in enumerate(columns):
        table.add_column(name, justify="right" if index else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
