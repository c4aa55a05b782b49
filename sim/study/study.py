# SPDX-License-Identifier: MIT
"""A study: every method under every seed, on several processes, with the same bits always."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from sim.data.bank import Bank
from sim.data.tasks import split_tasks
from sim.learn.sections import HeadConfig
from sim.study.config import StudyConfig
from sim.study.experiment import Experiment
from sim.study.fidelity import Exemplars, frobenius_distances
from sim.study.methods import Method
from sim.study.summary import summarize
from sim.work.cache import NO_CACHE, Cache
from sim.work.identity import identity
from sim.work.parallel import Report, run_parallel
from sim.work.study_folder import StudyFolder

__all__ = ["Study", "study_identity"]


@dataclass(frozen=True)
class Study:
    """All runs of a configuration and the folder that holds them while they are under way.

    Runs share nothing, each uses one thread and derives all randomness from its seed, so that the
    results do not depend on the number of processes.

    Parameters
    ----------
    runs : tuple of (Method, int)
        Method and seed of every run.
    head : HeadConfig
    bank : Bank
    folder : StudyFolder
    base : int
        Classes of the first task; 0 makes all tasks alike.
    exemplars : bool
        Whether exemplars of generative methods are kept and held against the real ones.
    cache : Cache
        Work that runs share after all, with each other and with other studies.
    """

    runs: tuple[tuple[Method, int], ...]
    head: HeadConfig
    bank: Bank
    folder: StudyFolder
    base: int
    exemplars: bool = True
    cache: Cache = NO_CACHE

    @classmethod
    def of(cls, config: StudyConfig, bank: Bank, path: Path) -> "Study":
        """Return the study of a configuration: all methods, each under all seeds."""
        methods, seeds = config.expanded_methods(), range(config.seeds)
        return cls(
            runs=tuple((method, seed) for method in methods for seed in seeds),
            head=config.head,
            bank=bank,
            folder=StudyFolder(path, study_identity(config, bank)),
            base=config.tasks.base,
        )

    @property
    def ended(self) -> int:
        """Runs that have ended."""
        return sum(self.folder.has_result(i) for i in range(len(self.runs)))

    def bank_of(self, method: Method) -> Bank:
        """Return the embeddings in the tasks that a method learns them in."""
        if method.increment is None:
            return self.bank
        tasks = split_tasks(self.bank.n_classes, self.base, method.increment)
        return self.bank.in_tasks(tasks)

    def run(self, jobs: int, report: Report) -> list[dict[str, Any]]:
        """Do every run that has not ended yet and return the results of all, in order.

        Parameters
        ----------
        jobs : int
            Processes at a time.
        report : callable
            Told the number of a run and its progress, after every epoch.
        """
        pending = [i for i in range(len(self.runs)) if not self.folder.has_result(i)]
        if jobs == 1 or len(pending) < 2:
            with threadpool_limits(1):
                for i in pending:
                    self.run_one(i, report)
        else:
            for counts in run_parallel(self, pending, jobs, report):
                self.cache.counts.update(counts)
        return [self.folder.result(i) for i in range(len(self.runs))]

    def run_one(self, index: int, report: Report) -> Counter[tuple[str, str]]:
        """Do one run, from its checkpoint if there is one, and leave its result in the folder.

        Returns
        -------
        Counter
            What the run found in the cache, as `Cache.counts`.
        """
        counts = self.cache.counts.copy()
        method, seed = self.runs[index]
        experiment = Experiment(self.bank_of(method), self.head, method, seed, self.cache)
        checkpoint = self.folder.checkpoint(index)
        if checkpoint.exists():
            experiment.load(checkpoint)
        while not experiment.done:
            experiment.step(lambda progress: report(index, progress))
            experiment.save(checkpoint)
        result = summarize(experiment)
        if self.exemplars and experiment.source.generative:
            generated = Exemplars.draw(experiment.source, self.bank)
            result["correlation_distance"] = frobenius_distances(self.bank, generated, self.cache)
            if seed == 0:
                generated.save(self.folder.exemplars(index))
        self.folder.write_result(index, result)
        report(index, experiment.ended())
        return self.cache.counts - counts


def study_identity(config: StudyConfig, bank: Bank) -> dict[str, str]:
    """Return what decides the results of a study: version, configuration and data."""
    return identity(config.digest(), bank.digest)
