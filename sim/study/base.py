# SPDX-License-Identifier: MIT
"""The loop of every study: do each run from its checkpoint to its result, in several processes."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Generic, Self, TypeAlias, TypeVar

from threadpoolctl import threadpool_limits

from sim.study.run import Run
from sim.work.cache import NO_CACHE, Cache
from sim.work.parallel import Report, run_parallel
from sim.work.progress import Progress
from sim.work.study_folder import StudyFolder, check_saved

__all__ = ["BaseStudy"]

#: The type of a run's method; the method and the seed identify a run.
Kind = TypeVar("Kind")
#: The type of the runs.
AnyRun = TypeVar("AnyRun", bound=Run[Progress])

Study = TypeVar("Study")
#: What does runs elsewhere. It takes a study, the numbers of the runs to do and a report; it leaves
#: the results in the folder of the study, and returns the counts of the runs in the cache.
Executor: TypeAlias = Callable[[Study, Sequence[int], Report], Iterable[Counter[tuple[str, str]]]]


class BaseStudy(ABC, Generic[Kind, AnyRun]):
    """Independent runs, and the folder that holds their unfinished work.

    Every run derives all randomness from its seed, so that the results do not depend on the number
    of processes.

    Attributes
    ----------
    runs : tuple of (Kind, int)
        Method and seed of every run.
    folder : StudyFolder
    cache : Cache
        Work that runs take from each other and from other studies; it changes no result.
    """

    runs: tuple[tuple[Kind, int], ...]
    folder: StudyFolder
    cache: Cache = NO_CACHE

    @property
    def ended(self) -> int:
        """Runs that have ended."""
        return sum(self.folder.has_result(i) for i in range(len(self.runs)))

    def run(self, jobs: int | Executor[Self], report: Report) -> list[dict[str, Any]]:
        """Do every run that has not ended yet and return the results of all, in order.

        Parameters
        ----------
        jobs : int or callable
            Number of processes, or what does the runs elsewhere, such as a cluster.
        report : callable
            Called after every epoch with the number of the run and its progress.

        Raises
        ------
        UserError
            If saved runs are damaged or of other work. It names all of them, before any run begins.
        """
        pending = [i for i in range(len(self.runs)) if not self.folder.has_result(i)]
        saved = [i for i in pending if self.folder.checkpoint(i).exists()]
        check_saved(partial(self._restored, i) for i in saved)
        if not isinstance(jobs, int):
            self._count(jobs(self, pending, report))
        elif jobs == 1 or len(pending) < 2:
            for i in pending:
                self.run_one(i, report)
        else:
            self._count(run_parallel(self, pending, jobs, report))
        return [self.folder.result(i) for i in range(len(self.runs))]

    def run_one(
        self, index: int, report: Report, tasks: int | None = None
    ) -> Counter[tuple[str, str]]:
        """Do one run, from its checkpoint if there is one, and leave its result in the folder.

        Parameters
        ----------
        index : int
            Number of the run.
        report : callable
            Called after every epoch with that number and the progress.
        tasks : int, optional
            Number of tasks to do, at most; if some remain after them, only a checkpoint is left.

        Returns
        -------
        Counter
            The run's own share of `Cache.counts`.
        """
        counts = self.cache.counts.copy()
        checkpoint = self.folder.checkpoint(index)
        with self._threads(self.runs[index][0]):
            run = self._restored(index)
            left = len(run.tasks) - run.task
            for _ in range(left if tasks is None else min(tasks, left)):
                run.step(lambda progress: report(index, progress))
                run.save(checkpoint)
            if run.done:
                self.folder.write_result(index, self._result(index, run))
        if run.done:
            n_tasks = len(run.tasks)
            report(index, Progress(n_tasks, n_tasks, epoch=0, epochs=1, accuracy=1.0))
        return self.cache.counts - counts

    def _count(self, shares: Iterable[Counter[tuple[str, str]]]) -> None:
        """Add the counts of runs in other processes to those of the cache."""
        for counts in shares:
            self.cache.counts.update(counts)

    def _restored(self, index: int) -> AnyRun:
        """Return a run as its checkpoint has it; as it begins if there is none."""
        run = self._new_run(*self.runs[index])
        checkpoint = self.folder.checkpoint(index)
        if checkpoint.exists():
            run.load(checkpoint)
        return run

    def _threads(self, kind: Kind) -> AbstractContextManager[object]:
        """Return the context of a run: NumPy uses one thread, for any number of processes."""
        return threadpool_limits(1)

    @abstractmethod
    def _new_run(self, kind: Kind, seed: int) -> AnyRun:
        """Return a run with no task done."""

    @abstractmethod
    def _result(self, index: int, run: AnyRun) -> dict[str, Any]:
        """Return the result of a run that has ended."""
