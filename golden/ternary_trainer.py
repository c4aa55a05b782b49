# SPDX-License-Identifier: MIT
"""Ternary head that learns by counters (contract, 17)."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import check_labelled
from golden.bits import unpack
from golden.head import Head
from golden.params import TernaryTrainerParams
from golden.params.checks import check_integer

__all__ = ["TernaryTrainer", "check_samples"]

Packed = NDArray[np.uint64]


class TernaryTrainer:
    """Counters whose values give the ternary weights of a head; a sample moves two of its classes.

    Parameters
    ----------
    params : TernaryTrainerParams

    Attributes
    ----------
    counters : ndarray of shape (C, D), int8
        0 at first.
    """

    def __init__(self, params: TernaryTrainerParams) -> None:
        self.params = params
        self.counters = np.zeros((params.classes, params.features), np.int8)

    def head(self) -> Head:
        """Return the head of the present weights."""
        t, v = self.params.threshold, self.counters
        planes = [(v >= t).astype(np.uint8), (v > -t).astype(np.uint8)]
        return Head(self.params.head, np.zeros((0, self.params.features), np.uint8), *planes)

    def step(self, exemplars: Packed, labels: ArrayLike, n_classes: int) -> int:
        """Learn samples one after another.

        Parameters
        ----------
        exemplars : ndarray of shape (n, ceil(D/64)), uint64
            Packed embeddings.
        labels : array-like of shape (n,), integers
            Their classes, in ``0..n_classes - 1``.
        n_classes : int
            Classes that compete, 1..C.

        Returns
        -------
        int
            Samples whose class had the largest logit when they came; the lowest class in a tie.

        Raises
        ------
        TypeError, ValueError
            If an array has a wrong shape, dtype or value. Nothing is learned.
        """
        packed, targets = check_samples(self.params, exemplars, labels, n_classes)
        samples = zip(unpack(packed, self.params.features), targets.tolist(), strict=True)
        return sum(self._learn(bits, label, n_classes) for bits, label in samples)

    def _learn(self, bits: NDArray[np.uint8], label: int, n_classes: int) -> bool:
        """Learn a sample; return whether its class had the largest logit."""
        logits = self.head().logits(bits)[:n_classes]
        hit = bool(logits.argmax() == label)
        if n_classes > 1:
            others = logits.astype(np.int64)
            others[label] = np.iinfo(np.int64).min
            rival = others.argmax()
            if logits[label] - logits[rival] <= self.params.margin:
                x, highest = 2 * bits.astype(np.int64) - 1, self.params.highest
                for row, move in ((label, x), (rival, -x)):
                    moved = np.clip(self.counters[row] + move, -highest - 1, highest)
                    self.counters[row] = moved.astype(np.int8)
        return hit

    def state_dict(self) -> dict[str, NDArray]:
        """Return everything that `load_state` needs, as arrays."""
        return {"counters": self.counters.copy()}

    def load_state(self, state: Mapping[str, NDArray]) -> None:
        """Continue, bit for bit, from where `state_dict` was called."""
        self.counters = state["counters"].copy()


def check_samples(
    params: TernaryTrainerParams, exemplars: Packed, labels: ArrayLike, n_classes: int
) -> tuple[Packed, NDArray[np.int64]]:
    """Return the samples and labels of a step, checked.

    Parameters
    ----------
    params : TernaryTrainerParams
    exemplars, labels, n_classes
        As in `TernaryTrainer.step`.

    Returns
    -------
    packed : ndarray of shape (n, ceil(D/64)), uint64
    targets : ndarray of shape (n,), int64

    Raises
    ------
    TypeError, ValueError
        As in `TernaryTrainer.step`.
    """
    check_integer("Classes that compete", n_classes, 1, params.classes)
    packed, targets = check_labelled(exemplars, labels, params.features)
    strange = (targets < 0) | (targets >= n_classes)
    if strange.any():
        raise ValueError(f"Labels must be in 0..{n_classes - 1}, not {targets[strange][0]}")
    return packed, targets
