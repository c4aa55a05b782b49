# SPDX-License-Identifier: MIT
"""The run of a comparison: every candidate in validation, then the chosen ones in the study."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sim.compare.choice import Candidate, Choice, best_of, choose
from sim.compare.stages import TwoStages
from sim.documents.yaml_lines import dotted
from sim.measure.ledger import fits
from sim.study.checks import check_sample_bounds
from sim.study.config import CompareConfig
from sim.study.ledgers import ledger_of
from sim.study.methods import Method
from sim.study.study import Study
from sim.work.errors import UserError
from sim.work.parallel import Report
from sim.work.progress import Progress

__all__ = ["Comparison"]


@dataclass(frozen=True)
class Comparison(TwoStages):
    """The two stages of a comparison and the folder that holds their unfinished work.

    A candidate, in validation or in the study, runs once for each seed, for all budgets together. A
    candidate that exceeds every budget does not run. Bounds of one source that differ in their
    parameters, or in what `StudyConfig.tuned` offers, are candidates as well: the best in
    validation runs in the study.

    Parameters
    ----------
    config : CompareConfig
    banks, choice_bank, document, path
        As in `TwoStages`.
    """

    config: CompareConfig

    exemplars = False

    def check(self) -> None:
        """Refuse a configuration that cannot run, before any work."""
        for key, methods in (("methods", self._methods), ("bounds", self._bounds)):
            for method in methods:
                if method.increment is not None:
                    path = (key, method.entry, "increment")
                    raise UserError(
                        f"{self.document.where(path)}: {dotted(path)} must be left out: all "
                        "methods of a comparison learn the same tasks"
                    )
        super().check()
        check_sample_bounds(self._bounds, self.bank, self.document, "bounds")

    @property
    def candidates(self) -> list[Method]:
        """The methods that run in validation: those within a budget, and bounds to choose from."""
        return [*self.entrants, *(m for m in self._bounds if self._several(m))]

    @cached_property
    def entrants(self) -> dict[Method, int]:
        """The candidates within the largest budget, each with the bits that it is for."""
        largest = self.config.budgets[-1]
        bits = {m: self._bits(m, self.bank.n_classes) for m in self._methods}
        within = {m: b for m, b in bits.items() if fits(b, largest)}
        if not within:
            smallest = min(bits, key=lambda m: bits[m])
            raise UserError(
                f"{self.document.where(('budgets',))}: budgets must be enough for some method: "
                f"the smallest, {smallest.label}, takes {bits[smallest] / 1e6:g} Mb, and the "
                f"largest budget is {largest:g} Mb"
            )
        return within

    def watch(self, show: Report) -> Report:
        """Return a report that calls `show` and refuses a memory of another size than computed.

        If only learning determines the bits of a memory, they cannot be compared with a budget.
        """

        def watching(index: int, progress: Progress) -> None:
            if progress.task == progress.n_tasks:
                self._check_bits(index)
            show(index, progress)

        return watching

    def tried(self, results: list[dict[str, Any]]) -> list[Candidate]:
        """Return the candidates for the budgets, with their accuracies in `validation`."""
        accuracies = self.accuracies(results)
        return [Candidate(m, bits, accuracies[m]) for m, bits in self.entrants.items()]

    def choose(self, tried: list[Candidate]) -> list[Choice]:
        """Return the chosen candidate of every family at every budget."""
        return choose(tried, self.config.budgets)

    def final(self, choices: list[Choice], results: list[dict[str, Any]]) -> Study:
        """Return the study of the chosen candidates and the bounds; its folder is open.

        Parameters
        ----------
        choices : list of Choice
        results : list of dict
            Results of the runs of `validation`.
        """
        bounds = best_of(self._bounds, self.accuracies(results), lambda bound: bound.replay)
        methods = {m.label: m for m in [*(c.candidate.method for c in choices), *bounds.values()]}
        return self._final(list(methods.values()))

    def _several(self, bound: Method) -> bool:
        """Return whether validation has to choose among bounds of the same source."""
        return sum(other.replay == bound.replay for other in self._bounds) > 1

    @cached_property
    def _methods(self) -> list[Method]:
        return self.config.with_tuned(self.config.expanded_methods())

    @cached_property
    def _bounds(self) -> list[Method]:
        return self.config.with_tuned(self.config.expanded_bounds())

    @property
    def _covers_all(self) -> bool:
        return self.config.covered == "all"

    def _bits(self, method: Method, classes: int) -> int:
        try:
            head = self.config.head if self._covers_all else None
            return ledger_of(method, self.bank.features, classes, head).bits_full
        except (UserError, ValueError) as error:
            path = ("methods", method.entry)
            raise UserError(f"{self.document.where(path)}: {dotted(path)}: {error}") from error

    def _check_bits(self, index: int) -> None:
        method = self.validation.runs[index][0].method
        if method not in self.entrants:  # a bound
            return
        said = self._bits(method, self.validation.banks[0].n_classes)
        key = "bits_full" if self._covers_all else "bits_memory"
        found = self.validation.folder.result(index)[key]
        if found != said:
            path = ("methods", method.entry)
            raise UserError(
                f"{self.document.where(path)}: {dotted(path)}: the bits of {method.label} must be "
                f"known before it learns, and were {said} then and {found} after: a method "
                "without a budget stands in bounds"
            )
