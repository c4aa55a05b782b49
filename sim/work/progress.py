# SPDX-License-Identifier: MIT
"""Progress of a study in the terminal: a bar for all of it, and one for each run under way."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

__all__ = ["Progress", "RunBars"]


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Parameters
    ----------
    task, n_tasks : int
        Present task, from 0, and their number; equal when the run has ended.
    epoch, epochs : int
        Epochs done of this task, and the most there may be.
    accuracy : float
        Share of the last epoch's training samples, past and present, classified right.
    """

    task: int
    n_tasks: int
    epoch: int
    epochs: int
    accuracy: float


class _Labelled(Protocol):
    """A method, by what the bars show of it."""

    @property
    def label(self) -> str: ...


class _Runs(Protocol):
    """A study, by its runs: method and seed of each."""

    @property
    def runs(self) -> Sequence[tuple[_Labelled, int]]: ...


class RunBars:
    """Context that shows the progress of a study and leaves nothing behind.

    Parameters
    ----------
    study : object
        With `runs`, a method and a seed each; such as `sim.study.study.Study`.
    ended : int
        Runs that had ended before.
    console : rich.console.Console
    title : str
        What the bar of all of it is called.
    """

    def __init__(self, study: _Runs, ended: int, console: Console, title: str = "all runs") -> None:
        self._runs = study.runs
        self._ended = ended
        self._shares: dict[int, float] = {}
        self._rows: dict[int, TaskID] = {}
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._total = self._bars.add_task(title, total=len(self._runs))

    def __enter__(self) -> "RunBars":
        self._bars.start()
        self._update_total()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def show(self, index: int, progress: Progress) -> None:
        """Take in the progress of run `index`; a run that has ended leaves the screen."""
        if progress.task == progress.n_tasks:
            self._shares[index] = 1
            if index in self._rows:
                self._bars.remove_task(self._rows.pop(index))
        else:
            done = progress.task + progress.epoch / progress.epochs
            self._shares[index] = done / progress.n_tasks
            self._update_row(index, progress)
        self._update_total()

    def _update_row(self, index: int, progress: Progress) -> None:
        if index not in self._rows:
            self._rows[index] = self._bars.add_task("", total=1)
        method, seed = self._runs[index]
        self._bars.update(
            self._rows[index],
            completed=self._shares[index],
            description=(
                f"{method.label}, seed {seed}: task {progress.task + 1}/{progress.n_tasks}, "
                f"epoch {progress.epoch}, train {100 * progress.accuracy:.1f} %"
            ),
        )

    def _update_total(self) -> None:
        completed = self._ended + sum(self._shares.values())
        self._bars.update(self._total, completed=completed)
