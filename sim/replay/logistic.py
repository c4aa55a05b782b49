# SPDX-License-Identifier: MIT
"""Logistic regression on every embedding so far: what linear classifiers in real numbers reach."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.learn.bipolar import bipolar
from sim.learn.logistic import LogisticFit, fit_logistic
from sim.measure.ledger import Entry, Ledger, joint_ledger
from sim.replay.base import Classifier, Labels, Packed, ReplayContext, SourceParams

__all__ = ["LogisticClassifier", "LogisticParams"]

_FLOAT_BITS = 32


class LogisticParams(SourceParams):
    """Parameters of logistic regression.

    Attributes
    ----------
    ridge : float
        lambda: half of it times the sum of the squared weights is added to the sum of the losses.
    steps : int
        Most iterations of L-BFGS.
    """

    ridge: float = Field(default=1000.0, gt=0, le=1e12)
    steps: int = Field(default=200, ge=1, le=100_000)


class LogisticClassifier(Classifier):
    """Keeps every embedding, and after each task fits scikit-learn's logistic regression to all.

    It is the ceiling of a set of embeddings for linear classifiers: no memory, no order of tasks
    and no width of numbers limits it. All numbers are float32. Classes may come again.
    """

    name = "logistic"
    called = "logistic regression"
    bound = True
    Params = LogisticParams
    titled = ()
    learns_again = True

    def __init__(self, params: LogisticParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        self._packed = np.zeros((0, -(-context.features // 64)), np.uint64)
        self._labels = np.zeros(0, np.int64)
        self._model: LogisticFit | None = None

    @property
    def n_classes(self) -> int:
        return len(np.unique(self._labels))

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        self._packed = np.concatenate([self._packed, exemplars])
        self._labels = np.concatenate([self._labels, labels])
        self._model = None

    def classify(self, exemplars: Packed) -> Labels:
        if self.n_classes < 2:
            return np.full(len(exemplars), self._labels[0])
        if self._model is None:
            self._model = fit_logistic(
                self._real(self._packed),
                self._labels,
                ridge=self.params.ridge,
                steps=self.params.steps,
            )
        return self._model.classify(self._real(exemplars))

    def ledger(self) -> Ledger:
        return joint_ledger(
            features=self.context.features,
            samples=len(self._labels),
            classes=self.context.classes,
        )

    def head_ledger(self) -> Ledger:
        weights = self.context.classes * (self.context.features + 1)
        note = "n_c * (D + 1) float32, an offset a class"
        return Ledger((Entry.extra("classifier weights", weights * _FLOAT_BITS, note),))

    def state(self) -> dict[str, NDArray[Any]]:
        return {"packed": self._packed, "labels": self._labels}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._packed, self._labels = state["packed"], state["labels"]
        self._model = None

    @classmethod
    def title(cls, params: LogisticParams) -> str:
        return "logistic regression on all embeddings"

    def _real(self, exemplars: Packed) -> NDArray[np.float32]:
        return bipolar(exemplars, self.context.features).astype(np.float32)
