# SPDX-License-Identifier: MIT
"""The table of a study's results, for the report and for the terminal."""

from collections.abc import Sequence

from sim.report.terminal import TerminalTable
from sim.study.report.groups import EqualBits, MethodGroup

__all__ = ["COLUMNS", "results_rows", "terminal_table"]

COLUMNS = (
    "method",
    "memory (kb, paper)",
    "all state (kb)",
    "average incremental (%)",
    "final (%)",
    "forgetting (%)",
    "latent replay, equal bits (%)",
    "gain (points)",
)

# Headings in the terminal, and the places of their columns in a row.
_TERMINAL_COLUMNS = {
    "method": 0,
    "kb": 1,
    "avg. inc. %": 3,
    "final %": 4,
    "gain (points)": 7,
}


def results_rows(
    groups: Sequence[MethodGroup], comparisons: Sequence[EqualBits]
) -> list[list[str]]:
    """Return one row of text for each method, in the columns `COLUMNS`."""
    at_equal_bits = {c.group.label: c for c in comparisons}
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
        comparison = at_equal_bits.get(group.label)
        if comparison is None:
            row += ["", ""]
        else:
            row += [comparison.reference.percent(), comparison.gain.points()]
        rows.append(row)
    return rows


def terminal_table(title: str, rows: Sequence[Sequence[str]]) -> TerminalTable:
    """Return a table of the most important columns, for the terminal."""
    shown = [[row[place] for place in _TERMINAL_COLUMNS.values()] for row in rows]
    return TerminalTable(title, tuple(_TERMINAL_COLUMNS), shown)
