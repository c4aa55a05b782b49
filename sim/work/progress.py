# SPDX-License-Identifier: MIT
"""Progress of long work: bars on a terminal, one line for every step anywhere else."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

__all__ = ["Bars", "Progress", "RunBars"]


class Bars:
    """Context that shows how far a piece of work is.

    On a terminal it shows a bar for all of the work and one for each part under way, and removes
    them at the end. Elsewhere, as in a file, it prints one plain line for every step, without
    control characters.

    Parameters
    ----------
    console : rich.console.Console
        Console to print on; a quiet one shows nothing.
    title : str
        Label of the bar for all of the work.
    total : float
        Amount of work, in any unit.
    """

    def __init__(self, console: Console, title: str, total: float) -> None:
        self._console = console
        self._live = console.is_terminal and not console.is_dumb_terminal
        self._rows: dict[Hashable, TaskID] = {}
        self._begun = 0
        self._bars = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._total = self._bars.add_task(title, total=total)

    def __enter__(self) -> Self:
        if self._live:
            self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live:
            self._bars.stop()

    def update(self, done: float, text: str | None = None) -> None:
        """Set the amount of work done in all; `text`, if given, is the new label of its bar."""
        self._bars.update(self._total, completed=done, description=text)

    def begin(self, step: str) -> None:
        """Begin the next step of work that has `total` of them, one after another."""
        self.update(self._begun, step)
        self.tell(step)
        self._begun += 1

    def update_part(self, part: Hashable, share: float, text: str) -> None:
        """Show the bar of a part under way.

        Parameters
        ----------
        part : hashable
            Key of the part.
        share : float
            Share of it that is done, 0..1.
        text : str
            Label of its bar.
        """
        if part not in self._rows:
            self._rows[part] = self._bars.add_task(text, total=1)
        self._bars.update(self._rows[part], completed=share, description=text)

    def remove_part(self, part: Hashable) -> None:
        """Remove the bar of a part, if it has one."""
        if part in self._rows:
            self._bars.remove_task(self._rows.pop(part))

    def tell(self, step: str) -> None:
        """Print the line of a step; on a terminal the bars show it already."""
        if not self._live:
            self._console.print(step, markup=False, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Progress:
    """Progress of one run.

    Parameters
    ----------
    task, n_tasks : int
        Present task, from 0, and the number of tasks; both are equal when the run has ended.
    epoch, epochs : int
        Epochs done in this task, and the largest number of epochs in it.
    accuracy : float
        Share of the last epoch's training samples, old and new, that were classified correctly.
    """

    task: int
    n_tasks: int
    epoch: int
    epochs: int
    accuracy: float


class _Labelled(Protocol):
    """The part of a method that the bars show."""

    @property
    def label(self) -> str: ...


class _Runs(Protocol):
    """The part of a study that the bars show: method and seed of every run."""

    @property
    def runs(self) -> Sequence[tuple[_Labelled, int]]: ...


class RunBars(Bars):
    """Progress of a study: a bar or line for all of its runs, and for the tasks of each.

    Parameters
    ----------
    study : object
        Object whose `runs` hold a method and a seed each, such as `sim.study.study.Study`.
    ended : int
        Runs that had ended before this process began.
    console : rich.console.Console
        Console to print on.
    title : str
        Label of the bar for all runs.
    """

    def __init__(self, study: _Runs, ended: int, console: Console, title: str = "all runs") -> None:
        super().__init__(console, title, len(study.runs))
        self._runs = study.runs
        self._title = title
        self._ended = ended
        self._shares: dict[int, float] = {}
        self._last: dict[int, Progress] = {}
        self.update(ended)

    def show(self, index: int, progress: Progress) -> None:
        """Show the progress of run `index`, and remove the bar of a run that has ended."""
        last = self._last.get(index)
        if last is not None and last.task < progress.task:
            self.tell(f"{self._named(index, last)} done, train {100 * last.accuracy:.1f} %")
        self._last[index] = progress
        if progress.task == progress.n_tasks:
            self._shares.pop(index, None)
            self.remove_part(index)
            self._ended += 1
            self.tell(f"{self._name(index)}: done ({self._title}: {self._ended}/{len(self._runs)})")
        else:
            done = progress.task + progress.epoch / progress.epochs
            self._shares[index] = done / progress.n_tasks
            text = f"epoch {progress.epoch}, train {100 * progress.accuracy:.1f} %"
            self.update_part(index, self._shares[index], f"{self._named(index, progress)}, {text}")
        self.update(self._ended + sum(self._shares.values()))

    def _name(self, index: int) -> str:
        method, seed = self._runs[index]
        return f"{method.label}, seed {seed}"

    def _named(self, index: int, progress: Progress) -> str:
        return f"{self._name(index)}: task {progress.task + 1}/{progress.n_tasks}"
