# SPDX-License-Identifier: MIT
"""The ternary head as a learner: counters move sample by sample (contract, 17)."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.kernels import head_logits
from golden.kernels.ternary_trainer import ternary_step
from golden.ternary_trainer import TernaryTrainer
from sim.learn.batches import Draw, Samples
from sim.learn.learner import HeadLearner, train_epochs
from sim.learn.sections import TernaryHeadConfig
from sim.measure.ledger import Ledger, ternary_ledger

__all__ = ["TernaryHeadLearner"]


class TernaryHeadLearner(HeadLearner):
    """A ternary head that learns every sample of a batch by itself, for a fixed number of epochs.

    Parameters
    ----------
    config : TernaryHeadConfig
        Counters, margin, batch and epochs.
    features : int
        D, bits of an embedding.
    classes : int
        C, classes of the head.
    """

    def __init__(self, config: TernaryHeadConfig, *, features: int, classes: int) -> None:
        self.config = config
        self._trainer = TernaryTrainer(config.trainer(features=features, classes=classes))

    def reset(self, rng: np.random.Generator) -> None:
        """Set all counters to 0; nothing is drawn."""
        self._trainer.counters[:] = 0

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
        return train_epochs(
            lambda exemplars, labels: ternary_step(self._trainer, exemplars, labels, seen),
            present,
            draw=draw,
            n_past=n_past,
            batch=self.config.batch,
            epochs=self.config.epochs,
            shuffle=shuffle,
            report=report,
        )

    def predict(self, exemplars: NDArray[np.uint64], seen: int) -> NDArray[np.int64]:
        return head_logits(self._trainer.head(), exemplars, threads=1)[:, :seen].argmax(axis=1)

    def ledger(self) -> Ledger:
        return ternary_ledger(self._trainer.params, kept=self.config.start == "warm")

    def state(self) -> dict[str, NDArray[Any]]:
        return self._trainer.state_dict()

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._trainer.load_state(state)
