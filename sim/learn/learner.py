# SPDX-License-Identifier: MIT
"""The interface of a head that learns task after task, and what all such heads share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.learn.batches import Draw, Samples, mixed_batches, steps_of_epoch
from sim.measure.ledger import Ledger

__all__ = ["HeadLearner", "train_epochs"]


class HeadLearner(ABC):
    """A head that is trained on tasks, and tested in integers after each."""

    @abstractmethod
    def reset(self, rng: np.random.Generator) -> None:
        """Draw all weights anew, as if nothing had been learned."""

    @abstractmethod
    def train(
        self,
        present: Samples,
        *,
        draw: Draw,
        n_past: int,
        seen: int,
        shuffle: np.random.Generator,
        report: Callable[[int, float], None],
    ) -> int:
        """Train the head on a task and return the number of epochs.

        Parameters
        ----------
        present : Samples
            Samples of the task.
        draw : Draw
            Returns samples of the past; not called if `n_past` is 0.
        n_past : int
            Samples of the past in a batch.
        seen : int
            Number of classes seen so far, including those of the task.
        shuffle : numpy.random.Generator
            Draws the order of the samples in every epoch.
        report : callable
            Called with the epoch, from 1, and the share of its samples that were classified
            correctly.

        Raises
        ------
        FloatingPointError
            If losses or weights are not finite any more; the message says what would help.
        """

    @abstractmethod
    def predict(self, exemplars: NDArray[np.uint64], seen: int) -> NDArray[np.int64]:
        """Return the class of each sample among the classes ``0..seen - 1``.

        Parameters
        ----------
        exemplars : ndarray of shape (n_samples, ceil(D/64)), uint64
            Packed samples.
        seen : int
            Number of classes seen so far.
        """

    @abstractmethod
    def ledger(self) -> Ledger:
        """Return the ledger of all bits of the head that survive between tasks."""

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """Return all arrays from which `load_state` restores this head bit for bit."""

    @abstractmethod
    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore the head that `state` described."""


def train_epochs(
    step: Callable[[NDArray[np.uint64], NDArray[np.int64]], int],
    present: Samples,
    *,
    draw: Draw,
    n_past: int,
    batch: int,
    epochs: int,
    shuffle: np.random.Generator,
    report: Callable[[int, float], None],
) -> int:
    """Learn a task for a fixed number of epochs; return that number.

    Parameters
    ----------
    step : callable
        Learns the exemplars and labels of a batch; returns how many were classified correctly.
    present, draw, n_past, shuffle, report
        As in `HeadLearner.train`.
    batch : int
        B, samples of a batch.
    epochs : int
    """
    samples = batch * steps_of_epoch(len(present[1]), batch, n_past)
    for epoch in range(1, epochs + 1):
        hits = sum(
            step(exemplars, labels)
            for exemplars, labels in mixed_batches(
                present, draw=draw, n_past=n_past, batch=batch, shuffle=shuffle
            )
        )
        report(epoch, hits / samples)
    return epochs
