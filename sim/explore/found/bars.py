# SPDX-License-Identifier: MIT
"""Progress of an exploration: bars for all trials and for each running one, or lines of text."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from sim.explore.search.trials import TrialRecord
from sim.work.progress import Bars

__all__ = ["ExploreBars"]

#: Most running trials that have a bar; on a cluster there may be hundreds.
MOST_LINES = 8


class ExploreBars(Bars):
    """Progress of the trials of a study, in all processes.

    Parameters
    ----------
    trials : int
        Total number of wanted trials.
    rungs : int
        Most rungs of a trial.
    console : rich.console.Console
    """

    def __init__(self, trials: int, rungs: int, console: Console) -> None:
        super().__init__(console, "trials", trials)
        self._trials = trials
        self._rungs = rungs
        self._running: set[int] = set()
        self._over: set[int] | None = None  # None until the first call, which reports no news

    def show(self, records: Sequence[TrialRecord]) -> None:
        """Show the records of all trials. A trial that is over leaves the screen."""
        over = [record for record in records if record.ended]
        states = Counter(record.state for record in over)
        shares = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        count = f"{len(over)}/{self._trials} trials"
        self.update(len(over), f"{count}: {shares}" if shares else count)
        running = [record for record in records if record.state == "running"][:MOST_LINES]
        numbers = {record.number for record in running}
        for number in self._running - numbers:
            self.remove_part(number)
        self._running = numbers
        for record in running:
            self.update_part(record.number, len(record.rungs) / self._rungs, _described(record))
        for record in over:
            if self._over is not None and record.number not in self._over:
                self.tell(f"{_described(record)}: {record.state} ({count})")
        self._over = {record.number for record in over}


def _described(record: TrialRecord) -> str:
    accuracy = f", {record.rungs[-1].accuracy:.1f} %" if record.rungs else ""
    return f"trial {record.number}: {record.label or '...'}{accuracy}"
