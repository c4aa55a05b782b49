# SPDX-License-Identifier: MIT
"""A study: every method with every seed; the bits do not depend on the number of processes."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.data.bank import Bank
from sim.data.tasks import split_tasks
from sim.learn.sections import HeadConfig, IntegerHeadConfig
from sim.study.base import BaseStudy
from sim.study.config import StudyConfig
from sim.study.experiment import Experiment
from sim.study.fidelity import Exemplars, frobenius_distances
from sim.study.methods import Method
from sim.study.summary import summarize
from sim.work.cache import NO_CACHE, Cache
from sim.work.identity import identity
from sim.work.study_folder import StudyFolder

__all__ = ["Study", "study_identity"]


@dataclass(frozen=True)
class Study(BaseStudy[Method, Experiment]):
    """All runs of a configuration on embeddings, each in one thread.

    Parameters
    ----------
    runs : tuple of (Method, int)
        Method and seed of every run.
    head : HeadConfig or IntegerHeadConfig
    bank : Bank
    folder : StudyFolder
    base : int
        Classes in the first task; 0 makes all tasks alike.
    exemplars : bool
        Whether to draw exemplars of generative methods and compare them with the real ones.
    cache : Cache
        Work that runs take from each other and from other studies; it changes no result.
    """

    runs: tuple[tuple[Method, int], ...]
    head: HeadConfig | IntegerHeadConfig
    bank: Bank
    folder: StudyFolder
    base: int
    exemplars: bool = True
    cache: Cache = NO_CACHE

    @classmethod
    def of(cls, config: StudyConfig, bank: Bank, path: Path) -> "Study":
        """Return the study of a configuration: all methods, each under all seeds.

        Parameters
        ----------
        config : StudyConfig
        bank : Bank
        path : Path
            Folder for unfinished work.
        """
        methods, seeds = config.expanded_methods(), range(config.seeds)
        return cls(
            runs=tuple((method, seed) for method in methods for seed in seeds),
            head=config.head,
            bank=bank,
            folder=StudyFolder(path, study_identity(config, bank)),
            base=config.tasks.base,
        )

    def bank_of(self, method: Method) -> Bank:
        """Return the embeddings, split into the tasks of a method."""
        if method.increment is None:
            return self.bank
        tasks = split_tasks(self.bank.n_classes, self.base, method.increment)
        return self.bank.in_tasks(tasks)

    def elsewhere(self, path: Path) -> "Study":
        """Return the same runs with another folder, and with counts of their own in the cache."""
        cache = Cache(self.cache.path, self.cache.limit, self.cache.wait)
        return replace(self, folder=replace(self.folder, path=path), cache=cache)

    def _new_run(self, kind: Method, seed: int) -> Experiment:
        return Experiment(self.bank_of(kind), self.head, kind, seed, self.cache)

    def _result(self, index: int, run: Experiment) -> dict[str, Any]:
        result = summarize(run)
        if self.exemplars and run.source.generative:
            generated = Exemplars.draw(run.source, self.bank)
            result["correlation_distance"] = frobenius_distances(self.bank, generated, self.cache)
            if run.seed == 0:
                generated.save(self.folder.exemplars(index))
        return result


def study_identity(config: StudyConfig, bank: Bank) -> dict[str, str]:
    """Return all that decides the results of a study: version, configuration and data."""
    return identity(config.digest(), bank.digest)
