# SPDX-License-Identifier: MIT
"""A study: every method with every seed; the bits do not depend on the number of processes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.data.bank import Bank
from sim.data.failing_network import FailingNetwork
from sim.data.sections import Order
from sim.data.tasks import split_tasks
from sim.learn.sections import AnyHead
from sim.study.base import BaseStudy
from sim.study.config import StudyConfig
from sim.study.embedded import as_read
from sim.study.experiment import Experiment
from sim.study.fidelity import Exemplars, frobenius_distances
from sim.study.methods import Case, Method
from sim.study.summary import summarize
from sim.work.cache import NO_CACHE, Cache
from sim.work.identity import identity
from sim.work.study_folder import StudyFolder

__all__ = ["Study", "all_runs", "study_identity"]


@dataclass(frozen=True)
class Study(BaseStudy[Case, Experiment]):
    """All runs of a configuration on embeddings, each in one thread.

    Parameters
    ----------
    runs : tuple of (Case, int)
        Method, order of the classes, and seed of every run.
    head : AnyHead
    banks : tuple of Bank
        The same samples in the embeddings of one network or several.
    folder : StudyFolder
    base : int
        Classes in the first task; 0 makes all tasks alike.
    exemplars : bool
        Whether to draw exemplars of generative methods and compare them with the real ones.
    cache : Cache
        Work that runs take from each other and from other studies; it changes no result.
    network : FailingNetwork or None
        The network of the bank; None where no cell of its memories fails.
    """

    runs: tuple[tuple[Case, int], ...]
    head: AnyHead
    banks: tuple[Bank, ...]
    folder: StudyFolder
    base: int
    exemplars: bool = True
    cache: Cache = NO_CACHE
    network: FailingNetwork | None = None

    @classmethod
    def of(
        cls,
        config: StudyConfig,
        banks: Sequence[Bank],
        path: Path,
        network: FailingNetwork | None = None,
    ) -> "Study":
        """Return the study of a configuration: all methods, on all banks, in all orders and seeds.

        Parameters
        ----------
        config : StudyConfig
        banks : sequence of Bank
        path : Path
            Folder for unfinished work.
        network : FailingNetwork, optional
            The network of the bank, if methods let cells of its memories fail.
        """
        return cls(
            runs=all_runs(
                config.expanded_methods(), config.tasks.all_orders, config.seeds, len(banks)
            ),
            head=config.head,
            banks=tuple(banks),
            folder=StudyFolder(path, study_identity(config, banks)),
            base=config.tasks.base,
            network=network,
        )

    def bank_of(self, case: Case) -> Bank:
        """Return the sound embeddings, in the order of a case and in the tasks of its method."""
        bank, increment = self.banks[case.bank].in_order(case.order), case.method.increment
        if increment is None:
            return bank
        return bank.in_tasks(split_tasks(bank.n_classes, self.base, increment))

    def elsewhere(self, path: Path) -> "Study":
        """Return the same runs with another folder, and with counts of their own in the cache."""
        cache = Cache(self.cache.path, self.cache.limit, self.cache.wait)
        return replace(self, folder=replace(self.folder, path=path), cache=cache)

    def _new_run(self, kind: Case, seed: int) -> Experiment:
        bank = as_read(self.bank_of(kind), kind.method, seed, self.network, self.cache)
        return Experiment(bank, self.head, kind.method, seed, self.cache)

    def _result(self, index: int, run: Experiment) -> dict[str, Any]:
        case, _ = self.runs[index]
        result = {**summarize(run), "order": case.order, "bank": case.bank}
        if self.exemplars and run.source.generative and not case.method.failing_network:
            bank = run.bank.in_tasks(self.banks[case.bank].tasks)
            generated = Exemplars.draw(run.source, bank)
            result["correlation_distance"] = frobenius_distances(bank, generated, self.cache)
            first = self.runs[0][0]
            if (run.seed, case.order, case.bank) == (0, first.order, first.bank):
                generated.save(self.folder.exemplars(index))
        return result


def all_runs(
    methods: Sequence[Method], orders: Sequence[Order], seeds: int, banks: int = 1
) -> tuple[tuple[Case, int], ...]:
    """Return every run: each method on each bank, in each order, under each seed.

    Parameters
    ----------
    methods : sequence of Method
    orders : sequence of "given" or int
        Orders of the later classes.
    seeds : int
        Seeds of each method in each order; they change fastest.
    banks : int
        Number of banks.
    """
    cases = [
        Case(method, order, bank) for method in methods for bank in range(banks) for order in orders
    ]
    return tuple((case, seed) for case in cases for seed in range(seeds))


def study_identity(config: StudyConfig, banks: Sequence[Bank]) -> dict[str, str]:
    """Return all that decides the results of a study: version, configuration and data."""
    return identity(config.digest(), " ".join(bank.digest for bank in banks))
