# SPDX-License-Identifier: MIT
"""The integer head as a learner: it trains and predicts in the golden integers of section 12."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bernoulli import encode_counts
from golden.bits import unpack
from golden.first_rows import first_rows
from golden.float_trainer import FloatTrainer
from golden.kernels.trainer import train_step, trainer_sums
from golden.params import TrainerParams
from golden.params.classes import MAX_COUNT
from golden.trainer import Trainer
from sim.learn.batches import Draw, Samples
from sim.learn.learner import HeadLearner, train_epochs
from sim.learn.sections import IntegerHeadConfig
from sim.measure.ledger import Ledger, trainer_ledger

__all__ = ["IntegerHeadLearner", "calls_of", "new_trainer"]

_MEAN_WIDTH = 8  # bits of the codes of means that first rows come from

Step = Callable[[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]], int]
Sums = Callable[[NDArray[np.uint64]], NDArray[Any]]


class IntegerHeadLearner(HeadLearner):
    """A linear classifier, with a binary layer below it or without, that learns in integers.

    It takes steps of plain stochastic gradient descent of one size, for a fixed number of epochs.

    Parameters
    ----------
    config : IntegerHeadConfig
        Widths, rates, batch and epochs.
    features : int
        D, bits of an embedding.
    classes : int
        C, rows of the classifier.
    seed : int
        User seed of the stream that rounds.
    rng : numpy.random.Generator
        Draws the first latent weights of the binary layer.
    """

    def __init__(
        self,
        config: IntegerHeadConfig,
        *,
        features: int,
        classes: int,
        seed: int,
        rng: np.random.Generator,
    ) -> None:
        self.config = config
        params = config.trainer(features=features, classes=classes, seed=seed)
        self._trainer = new_trainer(params, rng, config.init_scale)
        self._step, self._sums = calls_of(self._trainer)
        faults = config.cells(seed)
        self._cells = None if faults is None else faults.cells(0, classes, features)
        self._read()
        self._blank = self._trainer.weights.copy()  # what rows without a class read as

    def reset(self, rng: np.random.Generator) -> None:
        """Draw all weights anew; the stream that rounds goes on."""
        self._trainer.weights[:] = 0
        self._read()
        self._trainer.latent = new_trainer(self._trainer.params, rng, self.config.init_scale).latent

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
        if self.config.first_rows is not None:
            self._begin_rows(present)
        classes = np.arange(seen)
        return train_epochs(
            lambda exemplars, labels: self._learn(exemplars, labels, classes),
            present,
            draw=draw,
            n_past=n_past,
            batch=self.config.batch,
            epochs=self.config.epochs,
            shuffle=shuffle,
            report=report,
        )

    def _learn(
        self, exemplars: NDArray[np.uint64], labels: NDArray[np.int64], classes: NDArray[np.int64]
    ) -> int:
        """Learn one batch; the new weights are what their cells then read as."""
        hits = self._step(exemplars, labels, classes)
        self._read()
        return hits

    def _read(self) -> None:
        """Replace all weights by what their cells read as."""
        if self._cells is not None:
            weights = self._trainer.weights
            codes = weights.astype(f"i{int(self.config.q_b_non_binary) // 8}")
            weights[:] = self._cells.read(codes)

    def _begin_rows(self, present: Samples) -> None:
        """Give every class of the task that has no row yet its first one."""
        exemplars, labels = present
        params = self._trainer.params
        for label in np.unique(labels):
            if (self._trainer.weights[label] == self._blank[label]).all():
                bits = unpack(exemplars[labels == label][:MAX_COUNT], params.features)
                codes = encode_counts(bits.sum(axis=0, dtype=np.int64), len(bits), _MEAN_WIDTH)
                rows = first_rows(params, codes[np.newaxis], _MEAN_WIDTH)
                self._trainer.weights[label] = rows[0]
        self._read()

    def predict(self, exemplars: NDArray[np.uint64], seen: int) -> NDArray[np.int64]:
        return self._sums(exemplars)[:, :seen].argmax(axis=1)

    def ledger(self) -> Ledger:
        return trainer_ledger(self._trainer.params, kept=self.config.start == "warm")

    def state(self) -> dict[str, NDArray[Any]]:
        return self._trainer.state_dict()

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._trainer.load_state(state)


def new_trainer(
    params: TrainerParams, rng: np.random.Generator, init_scale: float
) -> Trainer | FloatTrainer:
    """Return an untrained classifier.

    Parameters
    ----------
    params : TrainerParams
        With integer widths, or with the widths ``"float"`` for the reference.
    rng : numpy.random.Generator
        Draws the latent weights of the binary layer.
    init_scale : float
        They are uniform in ``[-init_scale, init_scale]``, in units of the largest.
    """
    latent = rng.uniform(-init_scale, init_scale, (params.hidden, params.features))
    if params.real:
        return FloatTrainer(params, latent)
    codes = np.floor(latent * 2 ** (int(params.binary_width) - 1))
    return Trainer(params, codes.astype(np.int32))


def calls_of(trainer: Trainer | FloatTrainer) -> tuple[Step, Sums]:
    """Return the fastest functions that step as `trainer` does and that return its sums."""
    if isinstance(trainer, Trainer):
        return partial(train_step, trainer), partial(trainer_sums, trainer)
    return trainer.step, trainer.sums
