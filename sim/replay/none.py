# SPDX-License-Identifier: MIT
"""No replay: plain fine-tuning, the lower bound."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import word_count
from sim.measure.ledger import Ledger
from sim.replay.base import Labels, Packed, ReplaySource

__all__ = ["NoReplay"]


class NoReplay(ReplaySource):
    """Keeps nothing of the past."""

    name = "none"
    called = "fine-tuning"
    bound = True

    @property
    def n_classes(self) -> int:
        return 0

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        pass

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Packed, Labels]:
        words = word_count(self.context.features)
        return np.zeros((0, words), np.uint64), np.zeros(0, np.int64)

    def ledger(self) -> Ledger:
        return Ledger()

    def state(self) -> dict[str, NDArray[Any]]:
        return {}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        pass

    @classmethod
    def title(cls, params: Any) -> str:
        return "fine-tuning"
