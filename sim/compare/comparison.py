# SPDX-License-Identifier: MIT
"""The run of a comparison: every candidate in validation, then the chosen ones in the study."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.compare.choice import Candidate, Choice, bits_of, choose
from sim.compare.choice_bank import held_out_bank
from sim.data.bank import Bank
from sim.documents.yaml_lines import Document, dotted
from sim.measure.ledger import fits
from sim.study.checks import check_sample_bounds
from sim.study.config import CompareConfig
from sim.study.methods import Case, Method
from sim.study.study import Study, all_runs, study_identity
from sim.work.errors import UserError
from sim.work.parallel import Report
from sim.work.progress import Progress
from sim.work.study_folder import StudyFolder
from sim.work.work_folder import WorkFolder

__all__ = ["Comparison"]


@dataclass(frozen=True)
class _ComparisonFolder(WorkFolder):
    """The folder of both stages; each stage has its own folder inside."""

    what = "comparison"
    own_names = ""


@dataclass(frozen=True)
class Comparison:
    """The two stages of a comparison and the folder that holds their unfinished work.

    In validation, a candidate runs once for each seed of the choice, for all budgets together. In
    the study, a chosen candidate runs once for each seed, for all budgets together. A candidate
    that exceeds every budget does not run.

    Parameters
    ----------
    config : CompareConfig
    bank : Bank
    choice_bank : Bank
        The same samples as embeddings for the choice of parameters.
    document : Document
        Place of every value of the configuration.
    path : Path
        Folder of the work.

    Raises
    ------
    UserError
        By every stage, if the configuration does not fit the data or a method.
    """

    config: CompareConfig
    bank: Bank
    choice_bank: Bank
    document: Document
    path: Path

    def check(self) -> None:
        """Refuse a configuration that cannot run, before any work."""
        if len(self.bank.tasks[0]) == self.bank.n_classes:
            raise UserError(
                f"{self.document.where_within(('tasks',))}: tasks must leave classes to later "
                "tasks: parameters are chosen on those of the first alone, which brings all "
                f"{self.bank.n_classes}"
            )
        for key, methods in (("methods", self._methods), ("bounds", self._bounds)):
            for method in methods:
                if method.increment is not None:
                    path = (key, method.entry, "increment")
                    raise UserError(
                        f"{self.document.where(path)}: {dotted(path)} must be left out: all "
                        "methods of a comparison learn the same tasks"
                    )
        check_sample_bounds(
            self.entrants,
            self.validation.bank,
            self.document,
            samples="training samples that validation leaves",
        )
        check_sample_bounds(self._bounds, self.bank, self.document, "bounds")

    def open(self, resume: bool) -> None:
        """Make the folder ready for work; see `WorkFolder.open`."""
        _ComparisonFolder(self.path, self._identity).open(resume)
        self.validation.folder.open(resume=True)

    def close(self, final: Study) -> None:
        """Remove the files of both stages."""
        for folder in (
            final.folder,
            self.validation.folder,
            _ComparisonFolder(self.path, self._identity),
        ):
            folder.close()

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

    @cached_property
    def validation(self) -> Study:
        """The candidates, on held-out training samples of the base classes."""
        try:
            bank = held_out_bank(self.choice_bank, self.config.choice)
        except ValueError as error:
            where = self.document.where_within(("choice",))
            raise UserError(f"{where}: {error}") from error
        runs = all_runs(list(self.entrants), ["given"], self.config.choice.seeds)
        return self._study("validation", bank, runs)

    def watch(self, show: Report) -> Report:
        """Return a report that calls `show` and refuses a memory of another size than computed.

        If only learning determines the bits of a memory, they cannot be compared with a budget.
        """

        def watching(index: int, progress: Progress) -> None:
            if progress.task == progress.n_tasks:
                self._check_bits(index)
            show(index, progress)

        return watching

    def candidates(self, results: list[dict[str, Any]]) -> list[Candidate]:
        """Return the candidates with their accuracies in the runs of `validation`."""
        accuracies: dict[Method, list[float]] = {}
        for (case, _), result in zip(self.validation.runs, results, strict=True):
            accuracies.setdefault(case.method, []).append(result["average_incremental"])
        return [Candidate(m, self.entrants[m], tuple(a)) for m, a in accuracies.items()]

    def choose(self, candidates: list[Candidate]) -> list[Choice]:
        """Return the chosen candidate of every family at every budget."""
        return choose(candidates, self.config.budgets)

    def final(self, choices: list[Choice]) -> Study:
        """Return the study of the chosen candidates and the bounds; its folder is open."""
        methods = {m.label: m for m in [*(c.candidate.method for c in choices), *self._bounds]}
        orders, seeds = self.config.tasks.all_orders, self.config.seeds
        runs = all_runs(list(methods.values()), orders, seeds)
        study = self._study("final", self.bank, runs, choice=_digest(methods))
        study.folder.open(resume=True)
        return study

    @cached_property
    def _methods(self) -> list[Method]:
        return self.config.expanded_methods()

    @cached_property
    def _bounds(self) -> list[Method]:
        return self.config.expanded_bounds()

    @property
    def _covers_all(self) -> bool:
        return self.config.covered == "all"

    @property
    def _identity(self) -> dict[str, str]:
        return {
            **study_identity(self.config, self.bank),
            "data of the choice": self.choice_bank.digest,
        }

    def _study(
        self, stage: str, bank: Bank, runs: tuple[tuple[Case, int], ...], **identity: str
    ) -> Study:
        return Study(
            runs=runs,
            head=self.config.head,
            bank=bank,
            folder=StudyFolder(self.path / stage, {**self._identity, **identity}),
            base=len(bank.tasks[0]),
            exemplars=False,
        )

    def _bits(self, method: Method, classes: int) -> int:
        try:
            return bits_of(
                method, self.bank.features, classes, self.config.head if self._covers_all else None
            )
        except (UserError, ValueError) as error:
            path = ("methods", method.entry)
            raise UserError(f"{self.document.where(path)}: {dotted(path)}: {error}") from error

    def _check_bits(self, index: int) -> None:
        method = self.validation.runs[index][0].method
        said = self._bits(method, self.validation.bank.n_classes)
        key = "bits_full" if self._covers_all else "bits_memory"
        found = self.validation.folder.result(index)[key]
        if found != said:
            path = ("methods", method.entry)
            raise UserError(
                f"{self.document.where(path)}: {dotted(path)}: the bits of {method.label} must be "
                f"known before it learns, and were {said} then and {found} after: a method "
                "without a budget stands in bounds"
            )


def _digest(methods: dict[str, Method]) -> str:
    return hashlib.sha256(json.dumps(list(methods)).encode()).hexdigest()
