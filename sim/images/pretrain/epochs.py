# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The progress of a training: a bar, or a line for every epoch."""

from rich.console import Console

from sim.images.pretrain.train import ImageTrainer
from sim.work.progress import Bars

__all__ = ["EpochBar"]


class EpochBar(Bars):
    """Progress of a training.

    Parameters
    ----------
    console : rich.console.Console
    name : str
        Name of the network in training.
    trainer : ImageTrainer
    """

    def __init__(self, console: Console, name: str, trainer: ImageTrainer) -> None:
        super().__init__(console, name, trainer.config.epochs)
        self._name = name
        self._trainer = trainer
        self._told = len(trainer.epochs)

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._tell_epochs()

    def show(self, step: int, steps: int) -> None:
        """Show the progress of the current epoch.

        Parameters
        ----------
        step, steps : int
            Number of steps done, and number of steps in the epoch.
        """
        self._tell_epochs()
        done = len(self._trainer.epochs)
        text = f"{self._name}: epoch {done + 1}/{self._trainer.config.epochs}"
        if done:
            text += f", {self._reached(done - 1)}"
        self.update(done + step / steps, text)

    def _tell_epochs(self) -> None:
        """Print a line for each epoch that has ended since the last call."""
        for number in range(self._told, len(self._trainer.epochs)):
            count = f"epoch {number + 1}/{self._trainer.config.epochs}"
            self.tell(f"{self._name}: {count}, {self._reached(number)}")
        self._told = len(self._trainer.epochs)

    def _reached(self, number: int) -> str:
        """Return what an epoch reached, its images a second and the time left after it."""
        trainer, epoch = self._trainer, self._trainer.epochs[number]
        parts = [
            f"loss {epoch.loss:.3f}",
            f"test {100 * epoch.test_accuracy:.1f} %",
            f"{len(trainer.labels) / epoch.seconds:.3g} images/s",
        ]
        if left := trainer.config.epochs - number - 1:
            parts.append(f"{_time(left * epoch.seconds)} left")
        return ", ".join(parts)


def _time(seconds: float) -> str:
    """Return a time in the largest unit of which there are two or more, or in seconds."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
