# SPDX-License-Identifier: MIT
"""The results of a comparison: every family at every budget, areas, and one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.compare.choice import Candidate, Choice
from sim.measure.align import area_under_curve
from sim.report.spread import Spread
from sim.report.wording import listed
from sim.study.config import Covers
from sim.study.report.groups import Group

__all__ = ["BudgetRow", "Outcome"]

_KEY = "average_incremental"


@dataclass(frozen=True)
class BudgetRow:
    """The chosen candidate of a family at a budget, and its runs in the study.

    Parameters
    ----------
    budget : float
        In Mb (10^6 bits).
    candidate : Candidate
    group : Group
        The candidate's runs.
    """

    budget: float
    candidate: Candidate
    group: Group

    @property
    def accuracy(self) -> Spread:
        """Average incremental accuracy over the seeds."""
        return self.group.spread(_KEY)

    @property
    def head_bits(self) -> int:
        """Bits of the trained classifier that survive between tasks, beside the memory."""
        return self.group.bits_full - self.group.runs[0]["bits_memory"]


@dataclass(frozen=True)
class Outcome:
    """The chosen candidates and the bounds with their runs.

    Parameters
    ----------
    budgets : tuple of float
        In Mb (10^6 bits), rising.
    rows : tuple of BudgetRow
        One for every choice, in the order of the choices.
    bounds : tuple of Group
        Runs of each bound.
    covers : {"memory", "all"}
        What a budget is for, as in `CompareConfig`.
    """

    budgets: tuple[float, ...]
    rows: tuple[BudgetRow, ...]
    bounds: tuple[Group, ...]
    covers: Covers = "memory"

    @classmethod
    def of(
        cls,
        budgets: Sequence[float],
        choices: Sequence[Choice],
        bounds: Sequence[str],
        groups: Sequence[Group],
        covers: Covers = "memory",
    ) -> "Outcome":
        """Return the outcome of a study.

        Parameters
        ----------
        budgets : sequence of float
        choices : sequence of Choice
        bounds : sequence of str
            Labels of the bounds.
        groups : sequence of Group
            Runs of the chosen candidates and of the bounds.
        covers : {"memory", "all"}
            What a budget is for.
        """
        by_label = {group.label: group for group in groups}
        return cls(
            tuple(budgets),
            tuple(
                BudgetRow(c.budget, c.candidate, by_label[c.candidate.method.label])
                for c in choices
            ),
            tuple(by_label[label] for label in bounds),
            covers,
        )

    @cached_property
    def families(self) -> dict[str, dict[float, BudgetRow]]:
        """Rows by family and budget."""
        families: dict[str, dict[float, BudgetRow]] = {}
        for row in self.rows:
            families.setdefault(row.candidate.family, {})[row.budget] = row
        return families

    def area(self, family: str) -> Spread | None:
        """Return the area under a family's accuracy against log10 of the budgets.

        The area is divided by its width, seed by seed. So it is a mean accuracy over the budgets,
        from the first one at which the family has a row. None if the family has only one row.
        """
        rows = self.families[family]
        if len(rows) < 2:
            return None
        curves = np.array([row.group.values(_KEY) for row in rows.values()])
        return Spread.of([area_under_curve(list(rows), curve.tolist()) for curve in curves.T])

    def whole(self, family: str) -> bool:
        """Return whether a family has a row at every budget."""
        return len(self.families[family]) == len(self.budgets)

    def best(self, budget: float) -> str | None:
        """Return the most accurate family at a budget; None if there are fewer than two."""
        there = self._there(budget)
        if len(there) < 2:
            return None
        return max(there, key=lambda family: there[family].accuracy.mean)

    def leader(self, budget: float) -> str | None:
        """Return the family that is ahead of every other at a budget; None if no family is.

        A family is ahead if its mean lead, run by run, is clear (`Spread.clear`).
        """
        there, best = self._there(budget), self.best(budget)
        if best is None:
            return None
        leads = [_lead(there[best], row) for family, row in there.items() if family != best]
        clear = all(lead.mean > 0 and lead.clear for lead in leads)
        return best if clear else None

    @property
    def verdict(self) -> str:
        """One sentence on the families that are most accurate, and on whether they are ahead."""
        if len(self.families) < 2:
            return f"Nothing can be compared: {next(iter(self.families))} is the only family here."
        best = {budget: self.best(budget) for budget in self.budgets}
        parts = [
            f"{family} at {_named([b for b in self.budgets if best[b] == family])}"
            for family in self.families
            if family in best.values()
        ]
        most = f"the most accurate family is {listed(parts)}; " if parts else ""
        ahead = [budget for budget in self.budgets if self.leader(budget)]
        return (
            f"At equal bits of {self._covered}, {most}one is ahead of every other {self._basis} "
            f"at {_named(ahead) if ahead else 'no budget'}{self._largest_area}."
        )

    def _there(self, budget: float) -> dict[str, BudgetRow]:
        """Return the families that have a row at a budget."""
        return {f: rows[budget] for f, rows in self.families.items() if budget in rows}

    @property
    def _covered(self) -> str:
        """Part of the sentence: the bits that are compared, and those that are left out."""
        if self.covers == "all":
            return "all state that survives between tasks"
        low, high = (f"{end(row.head_bits for row in self.rows) / 1e6:.1f}" for end in (min, max))
        apart = low if low == high else f"{low} to {high}"
        return f"the memory of the past, classifiers of {apart} Mb apart"

    @property
    def _basis(self) -> str:
        runs = _lead(self.rows[0], self.rows[0]).count
        if runs == 1:
            return "on a single seed"
        return f"(p < 0.05, paired t-test over {runs} runs)"

    @property
    def _largest_area(self) -> str:
        """Part of the sentence: the family with the largest area; empty without a second area."""
        areas = {f: area for f in self.families if self.whole(f) and (area := self.area(f))}
        if len(areas) < 2:
            return ""
        first, second = sorted(areas, key=lambda f: -areas[f].mean)[:2]
        return (
            f"; of the families that have a memory at every budget, {first} has the largest area, "
            f"{areas[first].percent()} %, before {second}, {areas[second].percent()} %"
        )


def _lead(row: BudgetRow, other: BudgetRow) -> Spread:
    """Return the lead of one row on another, run by run."""
    return row.group.independent(
        np.subtract(row.group.values(_KEY), other.group.values(_KEY)).tolist()
    )


def _named(budgets: Sequence[float]) -> str:
    """Return a count of budgets and the budgets themselves."""
    named = listed([f"{budget:g}" for budget in budgets])
    return f"{len(budgets)} budget{'s' * (len(budgets) > 1)} ({named} Mb)"
