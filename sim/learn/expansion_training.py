# SPDX-License-Identifier: MIT
"""Training of an expandable head on a task, with its samples and exemplars of the past."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.documents.section import Section
from sim.learn.bipolar import bipolar
from sim.learn.expansion import ExpandableHead
from sim.learn.optim import Adam

__all__ = ["ExpansionTraining", "train"]

Packed = NDArray[np.uint64]
Labels = NDArray[np.int64]


class ExpansionTraining(Section):
    """Training of a task with Adam.

    Attributes
    ----------
    learning_rate : float
        Learning rate of every step.
    batch : int
        Samples a step, past and present together.
    epochs : int
        Passes over the samples of a task.
    init_scale : float
        Largest first latent weight, as in `sim.learn.head.HeadTrainer`.
    logit_gain : float
        Factor on the scale of the logits, as in `sim.learn.head.HeadTrainer`.
    """

    learning_rate: float = Field(default=1e-3, gt=0, le=100)
    batch: int = Field(default=128, ge=2, le=65_536)
    epochs: int = Field(default=4, ge=1, le=100_000)
    init_scale: float = Field(default=0.1, gt=0, le=1)
    logit_gain: float = Field(default=4.0, gt=0, le=1e6)


def train(
    head: ExpandableHead,
    exemplars: Packed,
    labels: Labels,
    *,
    past: Callable[[int], tuple[Packed, Labels]],
    n_past: int,
    settings: ExpansionTraining,
    auxiliary_weight: float,
    rng: np.random.Generator,
) -> list[float]:
    """Train the output layer and, if one has begun, the block in training.

    Parameters
    ----------
    head : ExpandableHead
        Head that is trained.
    exemplars : ndarray of shape (n_samples, ceil(D/64)), uint64
        Packed samples of the newest classes.
    labels : ndarray of shape (n_samples,), int64
        Class of each sample.
    past : callable
        Takes a number and returns that many samples of the past and their classes; not called if
        `n_past` is 0.
    n_past : int
        Samples of the past in a batch.
    settings : ExpansionTraining
        Learning rate, batch and epochs.
    auxiliary_weight : float
        As in `ExpandableHead.gradients`.
    rng : numpy.random.Generator
        Draws the order of the samples.

    Returns
    -------
    list of float
        For each layer of the block, the share of weights whose sign differs between the end of the
        first and of the last epoch.
    """
    n_new, seen = settings.batch - n_past, int(labels.max()) + 1
    steps = math.ceil(len(labels) / n_new)
    present = head.frozen_bits(exemplars)
    optimizer = Adam(bound=1)  # latent weights stay in [-1, 1]
    early: list[NDArray[np.bool_]] = []
    for epoch in range(settings.epochs):
        # Samples of the first batch fill up the last one, so that all batches have the same split.
        order = np.resize(rng.permutation(len(labels)), steps * n_new).reshape(steps, n_new)
        drawn, drawn_labels = past(n_past * steps) if n_past else (exemplars[:0], labels[:0])
        replayed = head.frozen_bits(drawn)
        for i, chosen in enumerate(order):
            part = slice(i * n_past, (i + 1) * n_past)
            batch = np.concatenate([present[chosen], replayed[part]])
            targets = np.concatenate([labels[chosen], drawn_labels[part]])
            z = bipolar(batch, head.frozen_width)
            _, _, gradients = head.gradients(z, targets, seen, auxiliary_weight)
            optimizer.step(head.weights, gradients, settings.learning_rate)
        if epoch == 0:
            early = [w >= 0 for w in head.layers]
    return [
        float((before != (w >= 0)).mean()) for before, w in zip(early, head.layers, strict=True)
    ]
