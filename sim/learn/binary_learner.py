# SPDX-License-Identifier: MIT
"""The binary head as a learner: latent weights in real numbers, trained with a plateau schedule."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.kernels import head_logits
from golden.params import HeadParams
from sim.learn.batches import Draw, Samples, mixed_batches, steps_of_epoch
from sim.learn.head import HeadTrainer
from sim.learn.learner import HeadLearner
from sim.learn.optim import Adam, Optimizer, Plateau, Sgd
from sim.learn.sections import HeadConfig
from sim.measure.ledger import FLOAT_BITS, Ledger, head_ledger

__all__ = ["BinaryHeadLearner"]


class BinaryHeadLearner(HeadLearner):
    """A binary head that optimisers in real numbers train, and that golden integers test.

    Parameters
    ----------
    config : HeadConfig
        Optimizer, batch, epochs and schedule.
    features : int
        D, bits of an embedding.
    classes : int
        C, outputs.
    rng : numpy.random.Generator
        Draws the first latent weights.

    Attributes
    ----------
    trainer : HeadTrainer
        Latent weights and their gradients.
    """

    def __init__(
        self,
        config: HeadConfig,
        *,
        features: int,
        classes: int,
        rng: np.random.Generator,
    ) -> None:
        self.config = config
        params = HeadParams(features=features, classes=classes, hidden=config.hidden)
        self.trainer = HeadTrainer(params, rng, config.init_scale, config.logit_gain)

    def reset(self, rng: np.random.Generator) -> None:
        self.trainer.reset(rng)

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
        epochs = self._train(
            present, draw=draw, n_past=n_past, seen=seen, shuffle=shuffle, report=report
        )
        if self.config.latent_width is not None:
            self.trainer.settle(self.config.latent_width)
        return epochs

    def _train(
        self,
        present: Samples,
        *,
        draw: Draw,
        n_past: int,
        seen: int,
        shuffle: np.random.Generator,
        report: Callable[[int, float], None],
    ) -> int:
        trainer, config = self.trainer, self.config
        steps = steps_of_epoch(len(present[1]), config.batch, n_past)
        optimizer, schedule = _optimizer(config), _schedule(config)
        for epoch in range(1, config.epochs + 1):
            loss = hits = 0
            for batch, targets in mixed_batches(
                present, draw=draw, n_past=n_past, batch=config.batch, shuffle=shuffle
            ):
                batch_loss, batch_hits, gradients = trainer.gradients(batch, targets, seen)
                optimizer.step(trainer.weights, gradients, schedule.rate)
                loss += batch_loss / steps
                hits += batch_hits
            if not (np.isfinite(loss) and trainer.finite):
                raise FloatingPointError(
                    f"epoch {epoch}: lower head.learning_rate, which is {config.learning_rate:g}"
                )
            report(epoch, hits / (steps * config.batch))
            if not schedule.update(loss):
                return epoch
        return config.epochs

    def predict(self, exemplars: NDArray[np.uint64], seen: int) -> NDArray[np.int64]:
        logits = head_logits(self.trainer.golden(), exemplars, threads=1)
        return logits[:, :seen].argmax(axis=1)

    def ledger(self) -> Ledger:
        width = self.config.latent_width or FLOAT_BITS
        return head_ledger(self.trainer.params, width if self.config.start == "warm" else 1)

    def state(self) -> dict[str, NDArray[Any]]:
        return {**self.trainer.state()}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.trainer.load_state(state)


def _optimizer(config: HeadConfig) -> Optimizer:
    # Latent weights stay in [-1, 1].
    return Adam(bound=1) if config.optimizer == "adam" else Sgd(config.momentum, bound=1)


def _schedule(config: HeadConfig) -> Plateau:
    return Plateau(rate=config.learning_rate, **config.plateau.model_dump())
