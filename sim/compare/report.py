# SPDX-License-Identifier: MIT
"""The files of a comparison: ``results.json``, ``report.md`` and its figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.compare.choice import Candidate, Choice
from sim.compare.figure import accuracy_by_budget
from sim.compare.outcome import BudgetRow, Outcome
from sim.data.bank import Bank
from sim.report.figure import figure_bytes
from sim.report.files import json_text
from sim.report.tables import markdown_table
from sim.report.terminal import TerminalTable
from sim.study.config import CompareConfig
from sim.study.report.groups import group_runs
from sim.study.report.origin import data_line, made_line, origin, varied
from sim.work.folder import write_folder

__all__ = ["ComparisonReport"]

_FIGURE = "accuracy_by_budget.png"

_READING = """\
Average incremental accuracy (%), ± its standard deviation {over}, of the candidate that \
stands for each family at each budget, of so many tried; a dash where none of them is so small. \
{budget} *Area* is the area under accuracy against the \
logarithm of the budget, over its width: a mean accuracy; with a star it begins at the family's \
first budget. A family is *ahead* of another where a paired t-test of its lead, run by run, gives \
p < 0.05."""

_BUDGET = {
    "memory": """\
The budget is for *all* bits of the memory of the past that survive between tasks, when all \
classes are learnt: codes, labels, counters, pointers, tables, random streams. Apart from it, \
*head* has the bits of the trained classifier that survive: its weights and, where training goes \
on from them, the real numbers behind these, which alone may exceed a budget.""",
    "all": """\
The budget is for *all* bits that survive between tasks, when all classes are learnt: those of the \
memory of the past (codes, labels, counters, pointers, tables, random streams) and those of the \
trained classifier, its weights and, where training goes on from them, the real numbers behind \
these. *Head* has the part of the classifier.""",
}

_SEEN = """\
it has seen these samples, held out or not: accuracies in validation are higher than those of the \
study, and candidates that are close there may change places."""

_CHOSEN = """\
What stands for each family, with its bits, its accuracy in validation, and accuracies and \
forgetting in the study (%):"""


@dataclass(frozen=True)
class ComparisonReport:
    """The report of a finished comparison.

    Parameters
    ----------
    config : CompareConfig
    banks : tuple of Bank
    command : str
        Command line that makes this report again.
    outcome : Outcome
    candidates : sequence of Candidate
        All candidates that ran in validation.
    runs : list of dict
        Results of the chosen candidates and the bounds.
    validation : list of dict
        Results of the runs in validation.
    """

    config: CompareConfig
    banks: tuple[Bank, ...]
    command: str
    outcome: Outcome
    candidates: Sequence[Candidate]
    runs: list[dict[str, Any]]
    validation: list[dict[str, Any]]

    @classmethod
    def of(
        cls,
        config: CompareConfig,
        banks: tuple[Bank, ...],
        command: str,
        candidates: Sequence[Candidate],
        choices: Sequence[Choice],
        runs: list[dict[str, Any]],
        validation: list[dict[str, Any]],
    ) -> "ComparisonReport":
        """Return the report of the choices and their runs.

        Parameters
        ----------
        config : CompareConfig
        banks : tuple of Bank
        command : str
            Command line that makes this report again.
        candidates : sequence of Candidate
            All candidates that ran in validation.
        choices : sequence of Choice
            The chosen candidate of each family at each budget.
        runs : list of dict
            Results of the chosen candidates and the bounds.
        validation : list of dict
            Results of the runs in validation.
        """
        groups = group_runs(runs)
        ran = {group.label for group in groups}
        bounds = dict.fromkeys(m.label for m in config.expanded_bounds() if m.label in ran)
        outcome = Outcome.of(config.budgets, choices, list(bounds), groups, config.covered)
        return cls(config, banks, command, outcome, candidates, runs, validation)

    @property
    def terminal_table(self) -> TerminalTable:
        """Mean accuracies of every family at every budget."""
        budgets = self.outcome.budgets
        rows = [
            [family, *(f"{100 * at[b].accuracy.mean:.1f}" if b in at else "-" for b in budgets)]
            for family, at in self.outcome.families.items()
        ]
        return TerminalTable(self.config.title, ("Mb", *(f"{b:g}" for b in budgets)), rows)

    def write(self, folder: Path) -> None:
        """Write all files into `folder` in one step."""
        content: dict[str, bytes | str] = {
            _FIGURE: figure_bytes(accuracy_by_budget(self.outcome)),
            "report.md": self._markdown(),
            "results.json": json_text(self._results()),
        }
        write_folder(folder, content)

    def _results(self) -> dict[str, Any]:
        areas = {family: self.outcome.area(family) for family in self.outcome.families}
        return {
            **origin(self.config, self.banks, self.command),
            "verdict": self.outcome.verdict,
            "choices": [_choice(row) for row in self.outcome.rows],
            "areas": {family: None if a is None else a.mean for family, a in areas.items()},
            "candidates": [_candidate(candidate) for candidate in self.candidates],
            "runs": self.runs,
        }

    def _markdown(self) -> str:
        parts = [
            f"# {self.config.title}",
            made_line(self.config, self.command, [*self.validation, *self.runs]),
            f"**{self.outcome.verdict}**",
            data_line(self.banks),
            "## Accuracy within a budget of bits",
            markdown_table(*self._accuracies()),
            _READING.format(over=varied(self.config), budget=_BUDGET[self.config.covered]),
            *self._bounds(),
            f"![accuracy against bits]({_FIGURE})",
            "## What was chosen, and how",
            self._rule(),
            _CHOSEN,
            markdown_table(*self._chosen()),
        ]
        return "\n\n".join(parts) + "\n"

    def _accuracies(self) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of the table of families and budgets."""
        outcome = self.outcome
        columns = [
            "family", "candidates", *(f"{b:g} Mb" for b in outcome.budgets), "area", "head (Mb)",
        ]  # fmt: skip
        table = []
        for family, rows in outcome.families.items():
            cells = [rows[b].accuracy.percent() if b in rows else "-" for b in outcome.budgets]
            tried = sum(candidate.family == family for candidate in self.candidates)
            area = outcome.area(family)
            star = "" if outcome.whole(family) else "\\*"
            mean = "-" if area is None else f"{area.percent()}{star}"
            table.append(
                [family, str(tried), *cells, mean, _range([row.head_bits for row in rows.values()])]
            )
        return columns, table

    def _bounds(self) -> list[str]:
        """Return the sentence on the accuracies of the bounds, if there are bounds."""
        reached = [
            f"{group.label} {group.spread('average_incremental').percent()} %"
            for group in self.outcome.bounds
        ]
        if not reached:
            return []
        chosen = " Of several of one source, the best in validation stands for it." * (
            len(self.config.with_tuned(self.config.expanded_bounds())) > len(reached)
        )
        return [f"Whatever their bits: {', '.join(reached)}.{chosen}"]

    def _rule(self) -> str:
        """Return the paragraph on the choice of parameters, from the configuration."""
        choice, base = self.config.validation, len(self.banks[0].tasks[0])
        seeds = "one seed" if choice.seeds == 1 else f"{choice.seeds} seeds"
        return (
            f"Parameters are chosen before any test: the training samples of the {base} classes of "
            f"the first task alone, {100 * choice.share:g} % of each class held out (seed "
            f"{choice.split_seed}) and tested on, learnt as {choice.base} classes and then "
            f"{choice.increment} a task, under {seeds}. Each of {len(self.candidates)} candidates, "
            "all that are within the largest budget, ran there once a seed. At a budget, the best "
            "within it by average incremental accuracy stands for its family, which is all "
            "candidates of one source; of equal ones that of fewest bits. Bits count as in the "
            f"study itself. {self._embeddings}"
        )

    @property
    def _embeddings(self) -> str:
        """The sentence on the embeddings that the parameters are chosen on."""
        path = self.config.validation.path
        if path is not None:
            return (
                f"The embeddings in validation are those of the bank `{path}`: classes that its "
                "network was not trained on are as new to it as the later classes of the study. "
                f"Of the others {_SEEN}"
            )
        return f"Of all classes that the network was trained on {_SEEN}"

    def _chosen(self) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of the table of choices; equal choices share one row."""
        tuned = [] if self.config.tuned is None else list(self.config.tuned.offers)
        columns = [
            "family", "budgets (Mb)", "method", *tuned, "bits (Mb)", "validation",
            "average incremental", "final", "forgetting",
        ]  # fmt: skip
        merged: dict[str, list[BudgetRow]] = {}
        for row in self.outcome.rows:
            merged.setdefault(row.group.label, []).append(row)
        table = [
            [
                row.candidate.family,
                ", ".join(f"{r.budget:g}" for r in rows),
                row.group.label,
                *(f"{dict(row.candidate.method.tuned).get(key, '-')}" for key in tuned),
                f"{row.candidate.bits / 1e6:.4g}",
                f"{100 * row.candidate.accuracy:.1f}",
                row.accuracy.percent(),
                row.group.spread("final").percent(),
                row.group.forgetting.percent(),
            ]
            for rows in merged.values()
            for row in rows[:1]
        ]
        return columns, table


def _choice(row: BudgetRow) -> dict[str, Any]:
    """Return a row as plain data."""
    return {
        "family": row.candidate.family,
        "budget_mb": row.budget,
        "label": row.group.label,
        "bits": row.candidate.bits,
        "head_bits": row.head_bits,
        "validation": row.candidate.accuracy,
        "average_incremental": row.group.values("average_incremental").tolist(),
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    """Return a candidate as plain data."""
    return {
        "family": candidate.family,
        "label": candidate.method.label,
        "parameters": candidate.method.params.model_dump(),
        "tuned": dict(candidate.method.tuned),
        "bits": candidate.bits,
        "validation": list(candidate.accuracies),
    }


def _range(bits: Sequence[int]) -> str:
    """Return the smallest and the largest of some numbers of bits, in Mb, or one if equal."""
    low, high = (f"{value / 1e6:.2f}" for value in (np.min(bits), np.max(bits)))
    return low if low == high else f"{low} to {high}"
