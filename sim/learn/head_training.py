# SPDX-License-Identifier: MIT
"""Training of a head on one task, with the samples of the task and replayed samples."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.learn.head import HeadTrainer
from sim.learn.optim import Adam, Optimizer, Plateau, Sgd
from sim.learn.sections import HeadConfig

__all__ = ["train_head"]

Samples = tuple[NDArray[np.uint64], NDArray[np.int64]]


def train_head(
    trainer: HeadTrainer,
    config: HeadConfig,
    present: Samples,
    *,
    draw: Callable[[int], Samples],
    n_past: int,
    seen: int,
    shuffle: np.random.Generator,
    report: Callable[[int, float], None],
) -> int:
    """Train a head on a task and return the number of epochs.

    Parameters
    ----------
    trainer : HeadTrainer
        Head that is trained.
    config : HeadConfig
        Optimizer, batch, epochs and schedule.
    present : tuple of ndarray
        Packed samples of the task, of shape (n_samples, ceil(D/64)) and uint64, and their classes,
        of shape (n_samples,) and int64.
    draw : callable
        Takes a number and returns that many samples of the past; not called if `n_past` is 0.
    n_past : int
        Samples of the past in a batch.
    seen : int
        Number of classes seen so far, including those of the task.
    shuffle : numpy.random.Generator
        Draws the order of the samples in every epoch.
    report : callable
        Called with the epoch, from 1, and the share of its samples that were classified correctly.

    Raises
    ------
    FloatingPointError
        If losses or weights are not finite any more; the message names the epoch.
    """
    exemplars, labels = present
    n_new = config.batch - n_past
    steps = math.ceil(len(labels) / n_new)
    optimizer, schedule = _optimizer(config), _schedule(config)
    for epoch in range(1, config.epochs + 1):
        # Samples of the first batch fill up the last one, so that every batch has the split of
        # section 8.
        order = np.resize(shuffle.permutation(len(labels)), steps * n_new)
        past = draw(n_past * steps) if n_past else None
        loss = hits = 0
        for i in range(steps):
            chosen = order[i * n_new : (i + 1) * n_new]
            batch, targets = exemplars[chosen], labels[chosen]
            if past is not None:
                replayed = slice(i * n_past, (i + 1) * n_past)
                batch = np.concatenate([batch, past[0][replayed]])
                targets = np.concatenate([targets, past[1][replayed]])
            batch_loss, batch_hits, gradients = trainer.gradients(batch, targets, seen)
            optimizer.step(trainer.weights, gradients, schedule.rate)
            loss += batch_loss / steps
            hits += batch_hits
        if not (np.isfinite(loss) and trainer.finite):
            raise FloatingPointError(f"epoch {epoch}")
        report(epoch, hits / (steps * config.batch))
        if not schedule.update(loss):
            return epoch
    return config.epochs


def _optimizer(config: HeadConfig) -> Optimizer:
    # Latent weights stay in [-1, 1].
    return Adam(bound=1) if config.optimizer == "adam" else Sgd(config.momentum, bound=1)


def _schedule(config: HeadConfig) -> Plateau:
    return Plateau(rate=config.learning_rate, **config.plateau.model_dump())
