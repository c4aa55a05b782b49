# SPDX-License-Identifier: MIT
"""The table of a study's results, for the report and for the terminal."""

from collections.abc import Sequence

from sim.report.terminal import TerminalTable
from sim.study.report.equal_bits import compare_at_equal_bits
from sim.study.report.groups import MethodGroup

__all__ = ["results_table", "terminal_table"]

_COLUMNS = (
    "method",
    "memory (kb, paper)",
    "all state (kb)",
    "average incremental (%)",
    "final (%)",
    "forgetting (%)",
    "exemplars of equal state (%)",
    "gain (points)",
    "gain at equal memory (points)",
)

# Headings in the terminal, and the places of their columns in a row.
_TERMINAL_COLUMNS = {
    "method": 0,
    "kb of all state": 2,
    "avg. inc. %": 3,
    "final %": 4,
    "gain (points)": 7,
}


def results_table(groups: Sequence[MethodGroup]) -> tuple[list[str], list[list[str]]]:
    """Return columns and rows of the table: one row of text for each method.

    The last column, if there is one more, has what validation chose for the method's head.
    """
    by_state = {c.group.label: c for c in compare_at_equal_bits(groups)}
    by_memory = {c.group.label: c for c in compare_at_equal_bits(groups, "bits_paper")}
    rows = []
    for group in groups:
        row = [
            group.label,
            f"{group.bits_paper / 1e3:.1f}",
            f"{group.bits_full / 1e3:.1f}",
            group.spread("average_incremental").percent(),
            group.spread("final").percent(),
            group.forgetting.percent(),
        ]
        state, memory = by_state.get(group.label), by_memory.get(group.label)
        row += (
            [f"{state.reference.percent()} ({state.rival})", state.gain.points()]
            if state
            else ["", ""]
        )
        row.append(memory.gain.points() if memory else "")
        rows.append(row)
    tuned = list(dict.fromkeys(key for group in groups for key in group.tuned))
    for group, row in zip(groups, rows, strict=True):
        row += [f"{group.tuned[key]:g}" if key in group.tuned else "" for key in tuned]
    return [*_COLUMNS, *tuned], rows


def terminal_table(title: str, rows: Sequence[Sequence[str]]) -> TerminalTable:
    """Return a table of the most important columns, for the terminal."""
    shown = [[row[place] for place in _TERMINAL_COLUMNS.values()] for row in rows]
    return TerminalTable(title, tuple(_TERMINAL_COLUMNS), shown)
