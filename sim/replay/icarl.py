# SPDX-License-Identifier: MIT
"""iCaRL's classifier: the class whose mean exemplar has the largest cosine with a sample."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import unpack
from sim.learn.bipolar import bipolar
from sim.measure.ledger import Ledger
from sim.replay.base import Classifier, Labels, Packed, ReplayContext
from sim.replay.herded import Herd, HerdParams

__all__ = ["IcarlClassifier"]

CHUNK = 1024  # samples scored at a time, to bound the unpacked bits in memory


class IcarlClassifier(Classifier):
    """Chooses the class with the nearest mean of herded exemplars, all scaled to length 1.

    This is iCaRL's classification (Algorithm 1) on a feature extractor that no longer learns, so
    its distillation is not needed. The nearest mean is the one with the largest cosine
    ``x . s / (|x| |s|)``, where s is the sum of the exemplars as -1 and +1. With ``a = x . s``, the
    cosines have the same order as ``a |a| / (s . s)``, which is one rounded division of integers.
    Equal cosines therefore have equal scores. A class with s = 0 has no direction; its cosine is 0.
    """

    name = "icarl"
    called = "iCaRL"
    Params = HerdParams
    titled = ("exemplars", "budget")
    bounded_by_samples = ("exemplars",)

    def __init__(self, params: HerdParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        self._herd = Herd(params, context)

    @property
    def n_classes(self) -> int:
        return len(self._herd.kept)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        self._herd.add(exemplars, labels)

    def classify(self, exemplars: Packed) -> Labels:
        features = self.context.features
        sums = np.array([_sum(packed, features) for packed in self._herd.kept], np.float64)
        squares = np.maximum(np.square(sums).sum(axis=1), 1)
        winners = np.empty(len(exemplars), np.int64)
        for start in range(0, len(exemplars), CHUNK):
            x = bipolar(exemplars[start : start + CHUNK], features).astype(np.float64)
            # Sums and squares are integers below 2^53, hence exact in any order of the sums.
            a = x @ sums.T
            winners[start : start + len(x)] = (a * np.abs(a) / squares).argmax(axis=1)
        return winners

    def ledger(self) -> Ledger:
        return Ledger(tuple(self._herd.entries()))

    def state(self) -> dict[str, NDArray[Any]]:
        return self._herd.state()

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._herd.load_state(state)

    @classmethod
    def title(cls, params: HerdParams) -> str:
        return f"nearest mean of herded exemplars (iCaRL) {params.size}"


def _sum(packed: Packed, features: int) -> NDArray[np.int64]:
    """Return the sum of samples as -1 and +1, shape (D,)."""
    return 2 * unpack(packed, features).sum(axis=0, dtype=np.int64) - len(packed)
