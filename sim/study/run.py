# SPDX-License-Identifier: MIT
"""The base class of every run of continual learning: tasks one by one, time, and a checkpoint."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.work.arrays_file import load_arrays, save_arrays
from sim.work.errors import UserError

__all__ = ["Arrays", "Run", "prefixed", "unprefixed"]

Arrays = dict[str, NDArray[Any]]

#: The type of a run's progress reports.
Told = TypeVar("Told")


class Run(ABC, Generic[Told]):
    """A run that can stop after any task and go on later with the same bits.

    Parameters
    ----------
    tasks : sequence of range
        Classes of each task.

    Attributes
    ----------
    task : int
        Number of tasks done, which is the index of the current one.
    seconds : float
        Time that these tasks took, over all starts of the run.
    epochs : list of int
        Epochs of each task.
    predictions : list of ndarray of shape (n_seen,), int64
        After each task, the predicted class of every test sample of the classes seen, in the order
        of the test samples.
    """

    def __init__(self, tasks: Sequence[range]) -> None:
        self.tasks = tuple(tasks)
        self.task = 0
        self.seconds = 0.0
        self.epochs: list[int] = []
        self.predictions: list[NDArray[np.int64]] = []

    @property
    def done(self) -> bool:
        """Whether all tasks are done."""
        return self.task == len(self.tasks)

    def step(self, report: Callable[[Told], None]) -> None:
        """Do the next task, and call `report` with the progress."""
        start = perf_counter()
        epochs, predictions = self._do_task(report)
        self.epochs.append(epochs)
        self.predictions.append(predictions)
        self.task += 1
        self.seconds += perf_counter() - start

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        about = {"identity": self._identity(), "task": self.task, "seconds": self.seconds}
        arrays: Arrays = {
            "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
            "epochs": np.array(self.epochs, np.int64),
            **{f"predictions_{i}": p for i, p in enumerate(self.predictions)},
            **self._state(),
        }
        save_arrays(path, arrays)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        UserError
            If the file is damaged or belongs to another run.
        """
        arrays = load_arrays(path)
        about = _about(arrays)
        if about.get("identity") != self._identity():
            raise UserError(f"{path} must be a checkpoint of {self._described()}")
        try:
            self.task, self.seconds = int(about["task"]), float(about["seconds"])
            if not 0 <= self.task <= len(self.tasks):
                raise ValueError(f"task {self.task} is not one of 0 to {len(self.tasks)}")
            self.epochs = arrays["epochs"].tolist()
            self.predictions = [arrays[f"predictions_{i}"] for i in range(self.task)]
            self._load_state(arrays)
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise UserError(
                f"{path} has no valid description of {self._described()}: {error}"
            ) from error

    @abstractmethod
    def _do_task(self, report: Callable[[Told], None]) -> tuple[int, NDArray[np.int64]]:
        """Do the current task; return its number of epochs and the predictions after it."""

    @abstractmethod
    def _state(self) -> Arrays:
        """Return all state between tasks as arrays; `prefixed` keeps the names of parts apart."""

    @abstractmethod
    def _load_state(self, arrays: Arrays) -> None:
        """Restore what `_state` returned; `arrays` also holds other arrays."""

    @abstractmethod
    def _identity(self) -> str:
        """Return a text that identifies this run among all others."""

    @abstractmethod
    def _described(self) -> str:
        """Return a description of this run for the message about a wrong checkpoint."""


def _about(arrays: Arrays) -> dict[str, Any]:
    """Return the description in a checkpoint; an empty one if it is none."""
    try:
        about = json.loads(arrays["about"].tobytes())
    except (KeyError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return the arrays with `prefix` before their names."""
    return {prefix + name: array for name, array in arrays.items()}


def unprefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return the arrays whose names begin with `prefix`, without it."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
