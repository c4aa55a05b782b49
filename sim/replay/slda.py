# SPDX-License-Identifier: MIT
"""Streaming linear discriminant analysis: running means and one running covariance, in float32."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from golden.bits import unpack
from sim.measure.ledger import Entry, Ledger
from sim.replay.base import Classifier, Labels, Packed, ReplayContext, SourceParams
from sim.replay.linear import best_row, distinct_rows

__all__ = ["SldaClassifier", "SldaParams"]

_FLOAT_BITS, _COUNTER_BITS = 32, 32


class SldaParams(SourceParams):
    """Parameters of streaming linear discriminant analysis.

    Attributes
    ----------
    shrinkage : float
        Share of the identity in place of the covariance, for bits of the values 0 and 1; the paper
        uses 1e-4.
    """

    shrinkage: float = Field(default=1e-4, gt=0, le=1)


class SldaClassifier(Classifier):
    """Chooses the class by a linear discriminant that learns from one sample after the other.

    This is Deep SLDA (Hayes and Kanan, CVPR Workshops 2020), on bits of a frozen network. With t
    samples seen, a sample x of a class with the mean mu adds ``t / (t + 1) (x - mu) (x - mu)^T`` to
    t times the covariance, and then moves the mean. The first sample of a class has no mean before
    it and leaves the covariance as it is; the authors' code takes a mean of 0. The first task is
    learnt like all others, without their batch estimate. All numbers are float32 between tasks and
    float64 within a task. Classes may come again.
    """

    name = "slda"
    called = "streaming LDA"
    Params = SldaParams
    learns_again = True

    def __init__(self, params: SldaParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        self._means = np.zeros((context.classes, context.features), np.float32)
        self._counts = np.zeros(context.classes, np.int64)
        self._covariance = np.zeros((context.features, context.features), np.float32)

    @property
    def n_classes(self) -> int:
        return int(np.count_nonzero(self._counts))

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        self._means, self._counts = self._means.copy(), self._counts.copy()
        before = int(self._counts.sum())
        total = before * self._covariance.astype(np.float64)
        times = before + np.arange(len(labels))
        weights = np.sqrt(times / (times + 1))
        # A class changes no mean but its own, so the classes of a stream can be taken in turn.
        for label in np.unique(labels):
            own = labels == label
            deviations = self._follow(label, unpack(exemplars[own], self.context.features))
            deviations *= weights[own, np.newaxis]
            total += deviations.T @ deviations
        self._covariance = (total / (before + len(labels))).astype(np.float32)

    def classify(self, exemplars: Packed) -> Labels:
        seen, share = np.flatnonzero(self._counts), self.params.shrinkage
        means = self._means[seen].astype(np.float64)
        covariance = (1 - share) * self._covariance.astype(np.float64)
        covariance[np.diag_indices_from(covariance)] += share
        kept, which = distinct_rows(means)  # equal means have equal weights, to the last bit
        weights = np.linalg.solve(covariance, means[kept].T).T[which]
        constants = -(means * weights).sum(axis=1) / 2
        return seen[best_row(exemplars, self.context.features, weights, constants)]

    def ledger(self) -> Ledger:
        classes, features = self.context.classes, self.context.features
        triangle = features * (features + 1) // 2
        return Ledger(
            (
                Entry.paper("class means", features * classes * _FLOAT_BITS, "D * n_c * 32"),
                Entry.paper("covariance", triangle * _FLOAT_BITS, "D * (D + 1) / 2 * 32"),
                Entry.extra("sample counters", classes * _COUNTER_BITS, "32 bits a class"),
            )
        )

    def state(self) -> dict[str, NDArray[Any]]:
        return {"means": self._means, "counts": self._counts, "covariance": self._covariance}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._means, self._counts = state["means"], state["counts"]
        self._covariance = state["covariance"]

    @classmethod
    def title(cls, params: SldaParams) -> str:
        return "streaming LDA"

    def _follow(self, label: int, bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Move the mean of a class over samples; return their deviations from it before each.

        Parameters
        ----------
        label : int
            Class.
        bits : ndarray of shape (n_samples, D), uint8 in {0, 1}
            Its samples in order.

        Returns
        -------
        ndarray of shape (n_samples, D), float64
        """
        count, x = int(self._counts[label]), bits.astype(np.float64)
        sums = count * self._means[label].astype(np.float64) + x.cumsum(axis=0)
        seen = count + np.arange(len(x))
        deviations = x - (sums - x) / np.maximum(seen, 1)[:, np.newaxis]
        if not count:
            deviations[0] = 0
        self._counts[label] += len(x)
        self._means[label] = sums[-1] / self._counts[label]
        return deviations
