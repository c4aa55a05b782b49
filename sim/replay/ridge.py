# SPDX-License-Identifier: MIT
"""Ridge regression of the classes on bits or on random features of them, in closed form."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import pydantic
from numpy.typing import NDArray
from pydantic import Field

from sim.learn.bipolar import bipolar, signs
from sim.measure.ledger import Entry, Ledger
from sim.replay.base import Classifier, Labels, Packed, ReplayContext, SourceParams
from sim.replay.linear import distinct_rows

__all__ = ["RidgeClassifier", "RidgeParams"]

CHUNK = 1024  # samples at a time, to bound their features in memory
_FLOAT_BITS, _SEED_BITS = 32, 64


class RidgeParams(SourceParams):
    """Parameters of ridge regression.

    Attributes
    ----------
    hidden : int
        H, random features; 0 takes the bits themselves, as -1 and +1.
    activation : {"relu", "sign"}
        Function of the random sums.
    ridge : float
        lambda, added to the diagonal of the autocorrelation of all samples together.
    """

    hidden: int = Field(default=0, ge=0, le=16_384)
    activation: Literal["relu", "sign"] = "relu"
    ridge: float = Field(default=3000.0, gt=0, le=1e12)

    @pydantic.model_validator(mode="after")
    def _activation_is_of_random_features(self) -> "RidgeParams":
        if not self.hidden and self.activation != "relu":
            raise ValueError("activation must be left out where hidden is 0")
        return self


class RidgeClassifier(Classifier):
    """Chooses the class with the highest linear regression on its indicator.

    The weights after any task are those of one regression on all samples so far,
    ``(A + lambda I)^-1 S``, with the autocorrelation A of the features and their sum S over each
    class. Analytic class-incremental learning (ACIL, Zhuang et al., NeurIPS 2022) brings these
    weights up to date by recursive least squares; A and S are as many numbers and decide the same
    weights. Random features are sums of the bits with random signs, over the root of D, under an
    activation; RanPAC (McDonnell et al., NeurIPS 2023) has normal weights in place of signs. All
    numbers are float32 between tasks and float64 within a task. Classes may come again.
    """

    name = "ridge"
    called = "ridge regression"
    Params = RidgeParams
    titled = ("hidden",)
    learns_again = True

    def __init__(self, params: RidgeParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        width = params.hidden or context.features
        self._autocorrelation = np.zeros((width, width), np.float32)
        self._sums = np.zeros((context.classes, width), np.float32)
        self._seen = np.zeros(context.classes, np.bool_)

    @property
    def n_classes(self) -> int:
        return int(np.count_nonzero(self._seen))

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        products, sums = self._autocorrelation.astype(np.float64), self._sums.astype(np.float64)
        classes = np.arange(self.context.classes)[:, np.newaxis]
        for part, features in self._features(exemplars):
            products += features.T @ features
            sums += (labels[part] == classes).astype(np.float64) @ features
        self._autocorrelation, self._sums = products.astype(np.float32), sums.astype(np.float32)
        self._seen = self._seen | np.isin(classes[:, 0], labels)

    def classify(self, exemplars: Packed) -> Labels:
        seen, raised = np.flatnonzero(self._seen), self._autocorrelation.astype(np.float64)
        raised[np.diag_indices_from(raised)] += self.params.ridge
        # Of equal classes only the first can win, so that no rounding of BLAS decides.
        seen = seen[distinct_rows(self._sums[seen])[0]]
        weights = np.linalg.solve(raised, self._sums[seen].T.astype(np.float64))
        winners = np.empty(len(exemplars), np.int64)
        for part, features in self._features(exemplars):
            winners[part] = seen[(features @ weights).argmax(axis=1)]
        return winners

    def ledger(self) -> Ledger:
        width, classes = self._autocorrelation.shape[0], self.context.classes
        triangle = width * (width + 1) // 2
        entries = (
            Entry.paper("class sums", width * classes * _FLOAT_BITS, "features * n_c * 32"),
            Entry.paper(
                "autocorrelation", triangle * _FLOAT_BITS, "features * (features + 1) / 2 * 32"
            ),
            Entry.extra("classes seen", classes, "1 bit a class"),
            Entry.extra("random matrix", _SEED_BITS if self.params.hidden else 0, "its seed"),
        )
        return Ledger(tuple(entry for entry in entries if entry.bits))

    def state(self) -> dict[str, NDArray[Any]]:
        return {
            "autocorrelation": self._autocorrelation,
            "sums": self._sums,
            "seen": self._seen,
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._autocorrelation, self._sums = state["autocorrelation"], state["sums"]
        self._seen = state["seen"]

    @classmethod
    def title(cls, params: RidgeParams) -> str:
        return f"ridge, {params.hidden} random features" if params.hidden else "ridge"

    def _features(self, exemplars: Packed) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the place of some samples and their features, a row a sample.

        The random matrix comes from the seed of the run, every time anew.
        """
        width, features = self.params.hidden, self.context.features
        rng = np.random.default_rng([self.context.seed])
        matrix = 2.0 * rng.integers(2, size=(features, width)) - 1
        for start in range(0, len(exemplars), CHUNK):
            part = slice(start, start + CHUNK)
            x = bipolar(exemplars[part], features).astype(np.float64)
            if not width:
                yield part, x
            elif self.params.activation == "sign":
                yield part, signs(x @ matrix).astype(np.float64)
            else:
                yield part, np.maximum(x @ matrix, 0) / math.sqrt(features)
