# SPDX-License-Identifier: MIT
"""The command `engram run`, from arguments to report."""

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from rich.console import Console

from sim.commands.base import ResumableCommand, tell
from sim.compare.choice_bank import load_choice_bank
from sim.compare.comparison import Comparison
from sim.compare.report import ComparisonReport
from sim.compare.tuning import Tuning
from sim.data.bank import Bank
from sim.data.failing_network import load_failing_network
from sim.data.source import load_banks
from sim.documents.yaml_lines import Document
from sim.study.checks import check_increments, check_sample_bounds, check_sources
from sim.study.config import CompareConfig, StudyConfig, load_config
from sim.study.fidelity import Exemplars
from sim.study.report.document import StudyReport
from sim.study.report.tables import terminal_table
from sim.study.study import Study
from sim.work.cache import Cache
from sim.work.cluster import Cluster
from sim.work.errors import UserError
from sim.work.files import ensure_directory
from sim.work.parallel import Report
from sim.work.plugins import loaded_files
from sim.work.progress import RunBars
from sim.work.work_folder import work_path

__all__ = ["RunCommand"]

#: Number of generative methods whose exemplars the report shows beside the real ones.
SHOWN_METHODS = 3


@dataclass(frozen=True, kw_only=True)
class RunCommand(ResumableCommand):
    """Arguments of ``engram run``."""

    seeds: int | None
    jobs: int | None
    cluster: str | None = None
    cache: Path | None = None

    def execute(self, console: Console) -> None:
        """Run the study or comparison, print its table and write its report.

        Raises
        ------
        UserError
            If an argument, the configuration, the data, the cluster or the output folder is at
            fault; no file of the report is then written.
        """
        if self.jobs is not None and self.cluster is not None:
            raise UserError(
                "--jobs must be left out with --cluster: as many runs go on at a time as the "
                "workers of the cluster have threads"
            )
        if self.cluster is not None and (files := loaded_files()):
            raise UserError(
                f"--plugin {files[0]} must be left out with --cluster, whose workers have no such "
                "file: install its method there as a package that offers engram.replay"
            )
        config, document = load_config(self.config, self.assignments, self.seeds)
        if self.cache is not None:
            ensure_directory(self.cache)
        with self._cluster or nullcontext():
            self._work(config, document, console)

    def _work(
        self, config: StudyConfig | CompareConfig, document: Document, console: Console
    ) -> None:
        """Load the data, do the runs and write the report."""
        banks = load_banks(config.data, config.tasks, document, self.data_dir, self._shared)
        for bank in banks:
            self._warn(bank, console)
        if isinstance(config, CompareConfig):
            self._compare(config, banks, document, console)
        else:
            self._study(config, banks, document, console)

    def _warn(self, bank: Bank, console: Console) -> None:
        """Tell what of a bank's later classes may not be new to its network."""
        if bank.seen:
            fitted = "network was trained" if bank.network_known else "binarizer was fitted"
            tell(
                console,
                f"Warning: the {fitted} on {len(bank.seen)} of the classes of later tasks; these "
                "classes are not new to it.",
            )
        if not bank.says_trained:
            tell(
                console,
                "Warning: the bank does not say on which classes its network was trained; classes "
                "of later tasks may not be new to it.",
            )
        if bank.repeats is not None and bank.repeats.leak:
            tell(console, f"Warning: {bank.repeats.sentence}")

    def _study(
        self,
        config: StudyConfig,
        banks: tuple[Bank, ...],
        document: Document,
        console: Console,
    ) -> None:
        network = (
            load_failing_network(config.data, document, self.data_dir)
            if config.fails_network
            else None
        )
        study, bank = Study.of(config, banks, work_path(self.out), network), banks[0]
        check_sample_bounds(config.expanded_methods(), bank, document)
        check_sources(config.expanded_methods(), bank, document)
        check_increments(study, document)
        tuning, tried = self._tuning(config, banks, document), []
        ensure_directory(self.out)
        if tuning is None:
            study.folder.open(self.resume)
        else:
            tuning.open(self.resume)
            tried = self._run(tuning.validation, "validation", console)
            study = tuning.final(tried)
        runs = self._run(study, "all runs", console)
        shown = _shown_exemplars(study)
        order = config.tasks.all_orders[0]  # that of the exemplars that are shown
        banks = tuple(bank.in_order(order) for bank in banks)
        choices = tuning.table(tried) if tuning else []
        report = StudyReport(config, banks, self.command, runs, shown, choices)
        report.write(self.out)
        if tuning:
            tuning.close(study)
        else:
            study.folder.close()
        console.print(terminal_table(config.title, report.rows))
        self._tell([report.headline] * bool(report.headline) + report.sentences, console)

    def _tuning(
        self, config: StudyConfig, banks: tuple[Bank, ...], document: Document
    ) -> Tuning | None:
        """Return the choice that precedes the runs, if the configuration wants one."""
        if not config.tunes:
            return None
        choice_bank = load_choice_bank(config, banks[0], document)
        tuning = Tuning(config, banks, choice_bank, document, work_path(self.out))
        tuning.check()
        return tuning

    def _compare(
        self,
        config: CompareConfig,
        banks: tuple[Bank, ...],
        document: Document,
        console: Console,
    ) -> None:
        choice_bank = load_choice_bank(config, banks[0], document)
        comparison = Comparison(config, banks, choice_bank, document, work_path(self.out))
        comparison.check()
        ensure_directory(self.out)
        comparison.open(self.resume)
        results = self._run(comparison.validation, "validation", console, comparison.watch)
        candidates = comparison.tried(results)
        choices = comparison.choose(candidates)
        final = comparison.final(choices, results)
        runs = self._run(final, "chosen methods", console)
        report = ComparisonReport.of(
            config, banks, self.command, candidates, choices, runs, results
        )
        report.write(self.out)
        comparison.close(final)
        console.print(report.terminal_table)
        self._tell([report.outcome.verdict], console)

    def _run(
        self,
        study: Study,
        title: str,
        console: Console,
        watch: Callable[[Report], Report] = lambda show: show,
    ) -> list[dict[str, Any]]:
        """Do all runs that have not ended, and show their progress."""
        ended = study.ended
        if ended:
            console.print(f"Going on with {title}: {ended} of {len(study.runs)} have ended.")
        jobs = self.jobs or os.cpu_count() or 1
        workers = (
            jobs
            if self._cluster is None
            else partial(self._cluster.do, tell=partial(tell, console))
        )
        with RunBars(study, ended, console, title) as bars:
            return replace(study, cache=self._shared).run(workers, watch(bars.show))

    def _tell(self, sentences: Sequence[str], console: Console) -> None:
        for sentence in sentences:
            tell(console, sentence)
        if self._shared.keeps:
            tell(console, self._shared.sentence)
        self.tell_report(console)

    @cached_property
    def _shared(self) -> Cache:
        """The cache of work shared with other runs; it counts its hits.

        Workers of a cluster look for the folder where it lies here, whatever folder they run in.
        """
        if self.cache is None or self.cluster is None:
            return Cache(self.cache)
        return Cache(self.cache.absolute())

    @cached_property
    def _cluster(self) -> Cluster | None:
        """The cluster that does the runs, if there is one; its connection is open in a context."""
        return None if self.cluster is None else Cluster(self.cluster)


def _shown_exemplars(study: Study) -> list[tuple[str, Exemplars]]:
    """Return exemplars of the smallest, the middle and the largest generative memory, by bits.

    Variants of a method are shown only if no plain method is generative.
    """
    made = [i for i in range(len(study.runs)) if study.folder.exemplars(i).exists()]
    made = [i for i in made if study.runs[i][0].method.plain] or made
    made.sort(key=lambda i: study.folder.result(i)["bits_paper"])
    if len(made) > SHOWN_METHODS:
        made = [made[0], made[len(made) // 2], made[-1]]
    return [
        (study.runs[i][0].method.label, Exemplars.load(study.folder.exemplars(i))) for i in made
    ]
