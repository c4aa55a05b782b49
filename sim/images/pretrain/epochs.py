# SPDX-License-Identifier: MIT
# pyright: reportMissingImports=false
"""The bar of an epoch."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from sim.images.pretrain.train import ImageTrainer

__all__ = ["EpochBar"]


class EpochBar:
    """Context that shows the progress of a training and leaves nothing behind.

    Parameters
    ----------
    console : rich.console.Console
    name : str
        What is trained.
    trainer : ImageTrainer
    """

    def __init__(self, console: Console, name: str, trainer: ImageTrainer) -> None:
        self._name = name
        self._trainer = trainer
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._bar = self._bars.add_task(name, total=trainer.config.epochs)

    def __enter__(self) -> "EpochBar":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def show(self, step: int, steps: int) -> None:
        """Take in how much of the present epoch is done."""
        epochs = self._trainer.epochs
        text = f"{self._name}: epoch {len(epochs) + 1}/{self._trainer.config.epochs}"
        if epochs:
            text += f", loss {epochs[-1].loss:.3f}, test {100 * epochs[-1].test_accuracy:.1f} %"
        self._bars.update(self._bar, completed=len(epochs) + step / steps, description=text)
