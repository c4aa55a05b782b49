# SPDX-License-Identifier: MIT
"""The command `engram explore`, from arguments to report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sim.commands.base import ConfiguredCommand, tell
from sim.explore.designs.problem import DesignProblem
from sim.explore.found.bars import ExploreBars
from sim.explore.found.report import ExplorationReport
from sim.explore.search.pulse import Pulse
from sim.explore.search.study import check_joinable
from sim.explore.search.trials import TrialRecord
from sim.explore.search.workers import Workers
from sim.explore.space.settings import load_explore
from sim.explore.storage.storage import Storage, masked
from sim.work.files import ensure_directory
from sim.work.work_folder import beside

__all__ = ["ExploreCommand"]


@dataclass(frozen=True, kw_only=True)
class ExploreCommand(ConfiguredCommand):
    """Arguments of ``engram explore``."""

    storage: str | None
    trials: int
    jobs: int
    cache: Path | None
    no_cache: bool
    grace: float

    @property
    def output(self) -> Path | None:
        """Nothing: processes that give the same command work on one exploration together."""
        return None

    def execute(self, console: Console) -> None:
        """Run the trials that are left, print the Pareto front and write the report.

        Raises
        ------
        UserError
            If an argument, the configuration, the data, the storage or the output folder is at
            fault; the storage is then unchanged.
        """
        _, document = load_explore(self.config, self.assignments)
        cache = None if self.no_cache else self.cache or beside(self.out, ".cache")
        problem = DesignProblem(document, self.data_dir, cache)
        storage = Storage.at(self.storage or f"sqlite:///{beside(self.out, '.db')}")
        if self.storage is not None or self.out.parent.is_dir():
            check_joinable(problem, storage)
        for folder in (self.out, cache):
            if folder is not None:
                ensure_directory(folder)
        with Workers(problem, storage, self.trials, self.jobs, Pulse(self.grace)) as workers:
            records = self._run(workers, problem, console)
        report = ExplorationReport(
            problem.config,
            records,
            masked(self.command),
            problem.evaluator.bank,
            self.data_dir,
        )
        report.write(self.out)
        console.print(report.terminal_table)
        tell(console, _hits(records))
        tell(console, report.verdict)
        if report.supply:
            tell(console, report.supply)
        self.tell_report(console)

    def _run(self, workers: Workers, problem: DesignProblem, console: Console) -> list[TrialRecord]:
        ended = sum(record.ended for record in workers.study.records())
        if ended:
            console.print(f"Going on: {ended} of {workers.study.limit} trials are over.")
        rungs = problem.last_rung + 1
        with ExploreBars(workers.study.limit, rungs, console) as bars:
            return workers.run(bars.show)


def _hits(records: Sequence[TrialRecord]) -> str:
    hits = sum(record.cache_hits for record in records)
    seconds = sum(record.seconds for record in records)
    return (
        f"{len(records)} trials took {seconds:.0f} s, added up; {hits} results were in the cache."
    )
