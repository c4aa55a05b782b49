# SPDX-License-Identifier: MIT
"""Progress of an exploration in the terminal: a bar for all trials, a line for each under way."""

from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from sim.explore.search.trials import TrialRecord

__all__ = ["ExploreBars"]

#: Trials under way that have a line; on a cluster there may be hundreds.
MOST_LINES = 8


class ExploreBars:
    """Context that shows the trials of a study, of all processes, and leaves nothing behind.

    Parameters
    ----------
    trials : int
        Wanted in all.
    rungs : int
        That a trial climbs at most.
    console : rich.console.Console
    """

    def __init__(self, trials: int, rungs: int, console: Console) -> None:
        self._rungs = rungs
        self._rows: dict[int, TaskID] = {}
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._total = self._bars.add_task("trials", total=trials)

    def __enter__(self) -> "ExploreBars":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def show(self, records: Sequence[TrialRecord]) -> None:
        """Take in what is known of all trials; one that is over leaves the screen."""
        states = Counter(record.state for record in records if record.ended)
        shares = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        description = f"trials: {shares}" if shares else "trials"
        self._bars.update(self._total, completed=states.total(), description=description)
        running = [record for record in records if record.state == "running"][:MOST_LINES]
        for number in self._rows.keys() - {record.number for record in running}:
            self._bars.remove_task(self._rows.pop(number))
        for record in running:
            self._show_running(record)

    def _show_running(self, record: TrialRecord) -> None:
        accuracy = f", {record.rungs[-1].accuracy:.1f} %" if record.rungs else ""
        description = f"trial {record.number}: {record.label or '...'}{accuracy}"
        if record.number not in self._rows:
            self._rows[record.number] = self._bars.add_task(description, total=self._rungs)
        self._bars.update(
            self._rows[record.number], completed=len(record.rungs), description=description
        )
