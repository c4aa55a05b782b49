# SPDX-License-Identifier: MIT
"""Work in two stages: candidates in validation, then what was chosen in the study itself."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.compare.choice_bank import held_out_bank
from sim.data.bank import Bank
from sim.documents.yaml_lines import Document
from sim.study.checks import check_sample_bounds
from sim.study.config import StudyConfig
from sim.study.methods import Case, Method
from sim.study.study import Study, all_runs, study_identity
from sim.work.errors import UserError
from sim.work.study_folder import StudyFolder
from sim.work.work_folder import WorkFolder

__all__ = ["TwoStages"]


@dataclass(frozen=True)
class _StagesFolder(WorkFolder):
    """The folder of both stages; each stage has its own folder inside."""

    what = "comparison"
    own_names = ""


@dataclass(frozen=True)
class TwoStages(ABC):
    """A validation, the study that follows it, and the folder that holds their unfinished work.

    In validation, a candidate runs once for each seed of the choice.

    Parameters
    ----------
    config : StudyConfig
    banks : tuple of Bank
        Those of the study.
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

    config: StudyConfig
    banks: tuple[Bank, ...]
    choice_bank: Bank
    document: Document
    path: Path

    #: Whether the study draws exemplars of generative methods and compares them with real ones.
    exemplars = True

    @property
    def bank(self) -> Bank:
        """The first bank of the study; all have the same samples and tasks."""
        return self.banks[0]

    @property
    @abstractmethod
    def candidates(self) -> Sequence[Method]:
        """The methods that run in validation."""

    def check(self) -> None:
        """Refuse a configuration that cannot run, before any work."""
        if len(self.bank.tasks[0]) == self.bank.n_classes:
            raise UserError(
                f"{self.document.where_within(('tasks',))}: tasks must leave classes to later "
                "tasks: parameters are chosen on those of the first alone, which brings all "
                f"{self.bank.n_classes}"
            )
        check_sample_bounds(
            self.candidates,
            self.validation.banks[0],
            self.document,
            samples="training samples that validation leaves",
        )

    def open(self, resume: bool) -> None:
        """Make the folder ready for work; see `WorkFolder.open`."""
        self._folder.open(resume)
        self.validation.folder.open(resume=True)

    def close(self, final: Study) -> None:
        """Remove the files of both stages."""
        for folder in (final.folder, self.validation.folder, self._folder):
            folder.close()

    @cached_property
    def validation(self) -> Study:
        """The candidates, on held-out training samples of the base classes."""
        try:
            bank = held_out_bank(self.choice_bank, self.config.validation)
        except ValueError as error:
            where = self.document.where_within(("choice",))
            raise UserError(f"{where}: {error}") from error
        runs = all_runs(self.candidates, ["given"], self.config.validation.seeds)
        return self._study("validation", (bank,), runs, exemplars=False)

    def accuracies(self, results: Sequence[dict[str, Any]]) -> dict[Method, tuple[float, ...]]:
        """Return the average incremental accuracies of every candidate in validation, in 0..1.

        Parameters
        ----------
        results : sequence of dict
            Results of the runs of `validation`.
        """
        accuracies: dict[Method, tuple[float, ...]] = {}
        for (case, _), result in zip(self.validation.runs, results, strict=True):
            before = accuracies.get(case.method, ())
            accuracies[case.method] = (*before, result["average_incremental"])
        return accuracies

    def _final(self, methods: Sequence[Method]) -> Study:
        """Return the study of what was chosen; its folder is open."""
        orders, seeds = self.config.tasks.all_orders, self.config.seeds
        chosen = hashlib.sha256(json.dumps([(m.label, m.tuned) for m in methods]).encode())
        runs = all_runs(methods, orders, seeds, len(self.banks))
        study = self._study(
            "final", self.banks, runs, exemplars=self.exemplars, choice=chosen.hexdigest()
        )
        study.folder.open(resume=True)
        return study

    @property
    def _folder(self) -> WorkFolder:
        return _StagesFolder(self.path, self._identity)

    @property
    def _identity(self) -> dict[str, str]:
        return {
            **study_identity(self.config, self.banks),
            "data of the choice": self.choice_bank.digest,
        }

    def _study(
        self,
        stage: str,
        banks: tuple[Bank, ...],
        runs: tuple[tuple[Case, int], ...],
        *,
        exemplars: bool,
        **identity: str,
    ) -> Study:
        return Study(
            runs=runs,
            head=self.config.head,
            banks=banks,
            folder=StudyFolder(self.path / stage, {**self._identity, **identity}),
            base=len(banks[0].tasks[0]),
            exemplars=exemplars,
        )
