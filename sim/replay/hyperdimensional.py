# SPDX-License-Identifier: MIT
"""Hyperdimensional classification: bundles of embeddings in integer accumulators, retrained."""

from collections.abc import Mapping
from math import isqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.learn.bipolar import bipolar, signs
from sim.measure.ledger import Entry, Ledger, count_bits
from sim.replay.base import Classifier, Labels, Packed, ReplayContext, SourceParams
from sim.replay.linear import best_row

__all__ = ["HyperdimensionalClassifier", "HyperdimensionalParams"]

Reals = NDArray[np.float64]

UNIT = 2**40  # length to which the similarity cosine scales a bundle


class HyperdimensionalParams(SourceParams):
    """Parameters of hyperdimensional classification.

    Attributes
    ----------
    accumulator_width : int
        Bits of an accumulator, which holds a feature of a class in two's complement.
    epochs : int
        Passes of retraining over the samples of a task.
    similarity : {"hamming", "dot", "cosine"}
        What an embedding is compared by: with the signs of the accumulators, with their values, or
        with their values over their length.
    """

    accumulator_width: int = Field(default=12, ge=2, le=16)
    epochs: int = Field(default=1, ge=0, le=10_000)
    similarity: Literal["hamming", "dot", "cosine"] = "cosine"

    @property
    def keeps_values(self) -> bool:
        """Whether accumulators survive a task, and not their signs alone."""
        return self.epochs > 0 or self.similarity != "hamming"


class HyperdimensionalClassifier(Classifier):
    """Chooses the class whose bundle of embeddings is most similar to an embedding.

    The embedding, as -1 and +1, is the hypervector; nothing expands it. A class begins as the sum
    of its samples, whose signs are the majority. In retraining, a sample that is taken for another
    class is added to its own accumulators and subtracted from those of the other class, past or
    present. Accumulators saturate. All scores are integers, for ``cosine`` because a length divides
    2^40 and the quotient, rounded down, multiplies the products.

    Accumulators survive a task where retraining goes on with them or values are compared.
    Otherwise their signs survive, one bit each.
    """

    name = "hyperdimensional"
    called = "hyperdimensional classification"
    Params = HyperdimensionalParams
    titled = ("accumulator_width", "epochs", "similarity")

    def __init__(self, params: HyperdimensionalParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        # Real numbers with the values of integers, for fast products.
        self._sums: Reals = np.zeros((0, context.features))

    @property
    def n_classes(self) -> int:
        return len(self._sums)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        x = bipolar(exemplars, self.context.features).astype(np.float64)
        for label in np.unique(labels):
            self._sums = np.vstack([self._sums, np.zeros(self.context.features)])
            for sample in x[labels == label]:
                self._add(label, sample)
        rows = self._rows(self._sums)
        for _ in range(self.params.epochs):
            for place in rng.permutation(len(x)):
                own, found = int(labels[place]), int((rows @ x[place]).argmax())
                if found != own:
                    self._add(own, x[place])
                    self._add(found, -x[place])
                    rows[[own, found]] = self._rows(self._sums[[own, found]])
        if not self.params.keeps_values:
            self._sums = rows

    def classify(self, exemplars: Packed) -> Labels:
        rows = self._rows(self._sums)
        # Bits x stand for 2x - 1. A row has at most the length 2^40 or 2^15 sqrt(D), so that no sum
        # exceeds three times that times sqrt(D), hence exact.
        return best_row(exemplars, self.context.features, 2 * rows, -rows.sum(axis=1))

    def ledger(self) -> Ledger:
        numbers, classes = self.context.features * self.context.classes, self.context.classes
        if self.params.keeps_values:
            bits = numbers * self.params.accumulator_width
            entry = Entry.paper("accumulators", bits, "D * n_c * bits of an accumulator")
        else:
            entry = Entry.paper("prototypes", numbers, "D * n_c")
        return Ledger((entry, Entry.extra("fill pointer", count_bits(classes), "classes seen")))

    def state(self) -> dict[str, NDArray[Any]]:
        return {"sums": self._sums.astype(np.int16)}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._sums = state["sums"].astype(np.float64)

    @classmethod
    def title(cls, params: HyperdimensionalParams) -> str:
        if not params.keeps_values:
            return "hyperdimensional (hamming) signs"
        kind = f"hyperdimensional ({params.similarity})"
        return f"{kind} accumulators of {params.accumulator_width} bits, epochs = {params.epochs}"

    def _add(self, label: int, sample: Reals) -> None:
        """Add a sample to the accumulators of a class, which saturate."""
        limit = 2 ** (self.params.accumulator_width - 1)
        np.clip(self._sums[label] + sample, -limit, limit - 1, out=self._sums[label])

    def _rows(self, sums: Reals) -> Reals:
        """Return the integers, a row a class, whose products with samples are the scores."""
        if self.params.similarity == "hamming":
            return signs(sums).astype(np.float64)
        if self.params.similarity == "dot":
            return sums.copy()
        squares = [int(square) for square in (sums * sums).sum(axis=1)]
        factors = [isqrt(UNIT**2 // square) if square else 0 for square in squares]
        return sums * np.array(factors, np.float64)[:, np.newaxis]
