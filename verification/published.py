# SPDX-License-Identifier: MIT
"""What the papers print, beside what our reports have of the same.

``python -m verification.published --out reports/published`` reads ``published.yaml`` beside this
file and the ``results.json`` of every report it names.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from ruamel.yaml import YAML

from sim.cost.published.papers import paper_figures
from sim.report.spread import Spread
from sim.report.tables import markdown_table
from sim.work.errors import UserError
from sim.work.files import ensure_directory, read_text, write_whole

__all__ = ["Outcome", "main", "outcome_of"]

ROWS = Path(__file__).with_name("published.yaml")

_COLUMNS = ("what", "source", "published", "ours", "holds", "why, or where from")

_READING = """\
Accuracies in per cent and differences in points, mean ± standard deviation over the seeds of \
the report named last; a single seed has no deviation. *Holds* says that ours is within the band \
of what is published that `verification/published.yaml` states, or, where only an order is \
claimed, that the difference is positive by more than its deviation, however large it is."""


@dataclass(frozen=True)
class Outcome:
    """What became of a published figure.

    Parameters
    ----------
    ours : str
    holds : bool
    """

    ours: str
    holds: bool


class Reports:
    """Results of the reports in a folder, each read once.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, dict[str, Any]] = {}

    def values(self, chosen: Mapping[str, Any], key: str) -> list[float]:
        """Return one value a seed of the runs that `chosen` names, in per cent.

        Raises
        ------
        UserError
            If there is no such report, or no such run in it.
        """
        results = self._results(chosen["report"])
        if "last_row_of" in chosen:
            return [100 * float(np.mean(results[chosen["last_row_of"]][-1]))]
        if "row" in chosen:
            runs = [r[chosen["column"]] for r in results["rows"] if r["binarizer"] == chosen["row"]]
        elif "family" in chosen:
            found = [
                choice["average_incremental"]
                for choice in results["choices"]
                if (choice["family"], choice["budget_mb"]) == (chosen["family"], chosen["budget"])
            ]
            runs = found[0] if found else []
        else:
            runs = [run[key] for run in results["runs"] if run["label"] == chosen["label"]]
        if not runs:
            raise UserError(f"{ROWS}: report {chosen['report']} must have the run of {chosen}")
        return [100 * value for value in runs]

    def _results(self, name: str) -> dict[str, Any]:
        if name not in self._read:
            self._read[name] = json.loads(read_text(self.folder / name / "results.json"))
        return self._read[name]


def outcome_of(row: Mapping[str, Any], reports: Reports) -> Outcome:
    """Return what a report has of a published figure.

    Parameters
    ----------
    row : mapping
        With `ours` and, for a difference, `over`; see ``published.yaml``.
    reports : Reports
    """
    key = row.get("key", "average_incremental")
    values = reports.values(row["ours"], key)
    if "over" not in row:
        spread = Spread.of(values)
        ours = f"{spread.mean:.1f}{_deviation(spread)}"
    else:
        spread = Spread.of(np.subtract(values, reports.values(row["over"], key)).tolist())
        ours = f"{round(spread.mean, 1) + 0.0:+.1f}{_deviation(spread)}"
    if row["published"] == "ahead":
        return Outcome(ours, spread.mean > max(spread.deviation or 0, row.get("least", 0)))
    return Outcome(ours, abs(spread.mean - row["published"]) <= row["band"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(prog="python -m verification.published")
    parser.add_argument("--reports", type=Path, metavar="DIR", default=Path("reports"))
    parser.add_argument("--out", type=Path, metavar="DIR", required=True)
    options = parser.parse_args(arguments)
    sections = YAML(typ="safe", pure=True).load(read_text(ROWS))
    command = f"python -m verification.published --out {options.out}"
    report = _report(command, sections, Reports(options.reports))
    ensure_directory(options.out)
    write_whole(options.out / "report.md", report)
    Console().print(f"Report: {options.out / 'report.md'}", highlight=False)


def _report(command: str, sections: list[dict[str, Any]], reports: Reports) -> str:
    parts = [
        "# What the papers print, and what comes out here",
        f"Made by `{command}` (engram {version('engram')}).",
        _READING,
        _memory(),
    ]
    for section in sections:
        rows = [_row(row, reports) for row in section["rows"]]
        parts += [f"## {section['title']}", section.get("note", "").strip()]
        parts.append(markdown_table(_COLUMNS, rows))
    return "\n\n".join(part for part in parts if part) + "\n"


def _memory() -> str:
    """Say what became of the memory figures, which are arithmetic."""
    figures = paper_figures()
    equal = sum(figure.equal for figure in figures)
    listed = "; ".join(
        f"{figure.paper}, {figure.place}: {figure.what}" for figure in figures if not figure.equal
    )
    return (
        f"Memory is arithmetic, and exact: {equal} of {len(figures)} printed figures of bits and "
        "exemplars are those of our ledger, rounded as they are (`reports/cost/report.md` has each "
        f"one).{' Not equal: ' + listed + '.' if listed else ''}"
    )


def _row(row: Mapping[str, Any], reports: Reports) -> list[str]:
    published = _published(row)
    if "ours" not in row:
        return [row["what"], row["source"], published, "", "not run", row["why"]]
    outcome = outcome_of(row, reports)
    holds = "yes" if outcome.holds else "**no**"
    where = f"reports/{row['ours']['report']}"
    why = f"{row['why']}; {where}" if "why" in row and not outcome.holds else where
    return [row["what"], row["source"], published, outcome.ours, holds, why]


def _published(row: Mapping[str, Any]) -> str:
    """Return what the paper has, as it prints it where that is said."""
    published = row.get("published", "")
    if published == "ahead":
        return f"{row['printed']} (order alone)" if "printed" in row else "ahead"
    if "printed" in row or isinstance(published, str):
        return str(row.get("printed", published))
    return f"{published:+.1f}" if "over" in row else f"{published:.1f}"


def _deviation(spread: Spread) -> str:
    return "" if spread.deviation is None else f" ± {spread.deviation:.1f}"


if __name__ == "__main__":
    main()
