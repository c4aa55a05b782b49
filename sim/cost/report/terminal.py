# SPDX-License-Identifier: MIT
"""The most important results, as tables for the terminal."""

from collections.abc import Iterator

from sim.cost.assessment import Assessment
from sim.cost.formatting import bounds, number, square_millimetres
from sim.cost.priced import PricedPhase
from sim.cost.pricing import MemoryLine
from sim.cost.report.rows import point_row
from sim.report.terminal import TerminalTable

__all__ = ["terminal_tables"]

_PHASES = ("phase", "cycles", "low", "energy", "high", "memories", "leakage")
_MEMORIES = ("memory", "bits", "each of", "mm2", "leakage")
_POINTS = ("method", "kb", "avg. inc. %", "learn", "exemplars", "classify")


def terminal_tables(assessment: Assessment) -> Iterator[TerminalTable]:
    """Yield tables of the phases, of the chip's memories, and of the methods of a study if any."""
    tables = (
        ("Phases", _PHASES, [_phase(priced) for priced in assessment.phases]),
        ("Memories", _MEMORIES, [_memory(line) for line in assessment.memories]),
        ("Methods", _POINTS, [point_row(point) for point in assessment.points]),
    )
    for title, columns, rows in tables[: 3 if assessment.points else 2]:
        yield TerminalTable(title, columns, rows, wraps=True)


def _phase(priced: PricedPhase) -> list[str]:
    bill = priced.bill
    return [
        priced.phase.name, number(priced.phase.cycles), *bounds(bill.total, "J"),
        *(bounds(part, "J")[1] for part in (bill.memories, bill.beside("leakage"))),
    ]  # fmt: skip


def _memory(line: MemoryLine) -> list[str]:
    return [
        line.memory.component, number(line.memory.bits), line.macros,
        square_millimetres(line.area), bounds(line.leakage, "W")[1],
    ]  # fmt: skip
