# SPDX-License-Identifier: MIT
"""What the papers print, beside what our reports have of the same.

``python -m verification.published --out reports/published`` reads ``published.yaml`` beside this
file, the values of `sim.data.published` and the ``results.json`` of every report that it names.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from sim.cost.published.papers import paper_values
from sim.data.published import PrintedValue
from sim.report.spread import Spread
from sim.report.tables import markdown_table
from sim.work.errors import UserError
from sim.work.files import read_text
from sim.work.folder import write_folder
from verification.published_table import ROWS, Comparison, Runs, Table, load_table

__all__ = ["Outcome", "Reports", "main", "outcome_of"]

#: Factors of a published difference between which ours holds, if the row states no band.
_AROUND = (0.5, 2.0)

_COLUMNS = ("what", "source", "published", "ours", "holds", "why, or where from")

_READING = """\
Accuracies in per cent and differences in points, mean ± standard deviation over the runs of the \
report named last; a single run has no deviation. An accuracy holds within the points that \
`verification/published.yaml` states. A difference holds within those, or else from half to double \
of the published one. *Order alone* says that a difference has the published sign (p < 0.05, a \
paired t-test over runs) and not its size. Where the paper has words and no number, its \
sign is all there is to hold. Of a single run no sign is sure, which is said. A row that does not \
hold has the reason that an experiment showed, or *not found*."""


@dataclass(frozen=True)
class Outcome:
    """What became of a published value.

    Parameters
    ----------
    ours : str
    holds : {"yes", "yes, of one run", "order alone", "order alone, of one run", "no"}
    """

    ours: str
    holds: str


class Reports:
    """Results of the reports in a folder, each read once.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, dict[str, Any]] = {}

    def values(self, chosen: Runs, key: str) -> list[float]:
        """Return one value a seed of the runs that `chosen` names, in per cent.

        Raises
        ------
        UserError
            If there is no such report, or no such run in it.
        """
        results = self._results(chosen.report)
        if chosen.last_row_of is not None:
            return [100 * float(np.mean(results[chosen.last_row_of][-1]))]
        if chosen.row is not None:
            runs = [r[chosen.column] for r in results["rows"] if r["binarizer"] == chosen.row]
        elif chosen.family is not None:
            found = [
                choice["average_incremental"]
                for choice in results["choices"]
                if (choice["family"], choice["budget_mb"]) == (chosen.family, chosen.budget)
            ]
            runs = found[0] if found else []
        else:
            runs = [run[key] for run in results["runs"] if run["label"] == chosen.label]
        if not runs:
            named = chosen.model_dump(exclude_none=True)
            raise UserError(f"{ROWS}: report {chosen.report} must have the run of {named}")
        return [100 * value for value in runs]

    def _results(self, name: str) -> dict[str, Any]:
        if name not in self._read:
            self._read[name] = json.loads(read_text(self.folder / name / "results.json"))
        return self._read[name]


def outcome_of(row: Comparison, published: Decimal | None, reports: Reports) -> Outcome:
    """Return what a report has of a published value.

    Parameters
    ----------
    row : Comparison
        With `ours` and, for a difference, `over`.
    published : Decimal or None
        In per cent, or points of a difference; needed where the row has a band.
    reports : Reports
    """
    assert row.ours is not None
    values = reports.values(row.ours, row.key)
    if row.over is None:
        spread = Spread.of(values)
        ours = f"{spread.mean:.1f}{_deviation(spread)}"
    else:
        spread = Spread.of(np.subtract(values, reports.values(row.over, row.key)).tolist())
        ours = f"{round(spread.mean, 1) + 0.0:+.1f}{_deviation(spread)}"
    return Outcome(ours, _holds(row, published, spread))


def _holds(row: Comparison, published: Decimal | None, spread: Spread) -> str:
    if row.band is not None:
        assert published is not None
        return "yes" if abs(spread.mean - float(published)) <= row.band else "no"
    if not (spread.clear and spread.mean > row.least):
        return "no"
    low, high = _AROUND
    sized = published is None or low <= spread.mean / float(published) <= high
    alone = ", of one run" if spread.deviation is None else ""
    return f"{'yes' if sized else 'order alone'}{alone}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(prog="python -m verification.published")
    parser.add_argument("--reports", type=Path, metavar="DIR", default=Path("reports"))
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    options = parser.parse_args(arguments)
    command = f"python -m verification.published --out {options.out}"
    report = _report(command, load_table(), Reports(options.reports))
    write_folder(options.out, {"report.md": report})
    Console().print(f"Report: {options.out / 'report.md'}", highlight=False)


def _report(command: str, table: Table, reports: Reports) -> str:
    parts = [
        "# What the papers print, and what comes out here",
        f"Made by `{command}` (engram {version('engram')}).",
        _READING,
        _memory(),
    ]
    for chapter in table.sections:
        rows = [_row(row, reports) for row in chapter.rows]
        parts += [f"## {chapter.title}", chapter.note.strip()]
        parts.append(markdown_table(_COLUMNS, rows))
    return "\n\n".join(part for part in parts if part) + "\n"


def _memory() -> str:
    """Say what became of the values of memory, which are arithmetic."""
    values = paper_values()
    equal = sum(value.equal for value in values)
    listed = "; ".join(
        f"{value.paper}, {value.place}: {value.what}" for value in values if not value.equal
    )
    return (
        f"Memory is arithmetic, and exact: {equal} of {len(values)} printed figures of bits and "
        "exemplars are those of our ledger, rounded as they are (`reports/cost/report.md` has each "
        f"one).{' Not equal: ' + listed + '.' if listed else ''}"
    )


def _row(row: Comparison, reports: Reports) -> list[str]:
    if row.ours is None:
        return [row.what, row.source, "", "", "not run", row.why or ""]
    outcome = outcome_of(row, row.published, reports)
    fails = not outcome.holds.startswith("yes")
    holds = "**no**" if outcome.holds == "no" else outcome.holds
    where = f"reports/{row.ours.report}"
    why = f"{row.reason}; {where}" if fails else where
    return [row.what, _source(row), _published(row), outcome.ours, holds, why]


def _source(row: Comparison) -> str:
    """Return paper, place and the values that the column of published ones lacks."""
    if len(row.printed) < 2 and all(value.deviation is None for value in row.printed):
        return row.source
    return f"{row.source}: {', '.join(_as_printed(value, row.decimals) for value in row.printed)}"


def _as_printed(value: PrintedValue, decimals: int | None) -> str:
    """Return a value as papers print it: a share of 1 without the zero before its point."""
    number = repr(value.number) if decimals is None else f"{value.number:.{decimals}f}"
    number = number.removeprefix("0") if value.unit == "1" else number
    deviation = "" if value.deviation is None else f" +- {value.deviation}"
    note = "" if value.note is None else f" ({value.note})"
    return f"{number}{deviation}{note}"


def _published(row: Comparison) -> str:
    """Return what the paper has, in its own words where it has no bare number."""
    words = [value.printed for value in row.printed if value.printed is not None]
    if not row.values:
        return "ahead"
    if words:
        text = words[0]
    elif row.over is None:
        text = f"{row.published:.1f}"
    else:
        # Shares of 1 are read off plots, and known to a point.
        text = f"{row.published:+.{0 if row.printed[0].unit == '1' else 1}f}"
    return text


def _deviation(spread: Spread) -> str:
    return "" if spread.deviation is None else f" ± {spread.deviation:.1f}"


if __name__ == "__main__":
    main()
