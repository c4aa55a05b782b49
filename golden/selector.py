# SPDX-License-Identifier: MIT
"""Selection of classes and of components (contract, 6)."""

import math
from collections.abc import Collection, Mapping
from fractions import Fraction
from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.lfsr import Lfsr
from golden.params import SelectorParams, Stream, stream_params, stream_seed
from golden.params.checks import check_integer

__all__ = ["Selector", "count_not_above", "cumulative_thresholds"]

WORD_WIDTH = 16  # bits of a random word and of the thresholds that it is compared with


class Selector:
    """Selector of the class of each request, and of the component that answers it.

    Parameters
    ----------
    params : SelectorParams

    Attributes
    ----------
    pointer : int
        Next class of mode ``round_robin``.
    component_lfsr, class_lfsr : Lfsr
        Sources of 16-bit words.
    class_thresholds : ndarray of shape (n-1,), uint16
        Cumulative thresholds of mode ``weighted``.
    """

    def __init__(self, params: SelectorParams) -> None:
        self.params = params
        self.pointer = 0
        self.component_lfsr = Lfsr(stream_params(params.seed, Stream.COMPONENT, WORD_WIDTH))
        self.class_lfsr = Lfsr(stream_params(params.seed, Stream.CLASS, WORD_WIDTH))
        self.class_thresholds = np.zeros(0, np.uint16)

    def set_class_weights(self, weights: ArrayLike) -> None:
        """Set how often mode ``weighted`` selects each class; see `cumulative_thresholds`."""
        self.class_thresholds = cumulative_thresholds(weights)

    def reseed(self, seed: int) -> None:
        """Load the seeds of user seed `seed`, ``0 .. 2**64 - 1``, into both LFSRs (contract, 4)."""
        self.component_lfsr.load(stream_seed(seed, Stream.COMPONENT))
        self.class_lfsr.load(stream_seed(seed, Stream.CLASS))

    def request(
        self, n_classes: int, count: int, removed: Collection[int] = ()
    ) -> NDArray[np.int64]:
        """Return the classes of the next `count` requests.

        Parameters
        ----------
        n_classes : int
            Classes in the table, at least 1.
        count : int
        removed : collection of int
            Classes of the table that were removed, and are passed over.

        Returns
        -------
        ndarray of shape (count,), int64
            Classes, ``0..n_classes - 1``.

        Raises
        ------
        ValueError
            If no class is left that can be named, or if mode ``weighted`` has weights for another
            number of classes.
        """
        check_integer("Classes", n_classes, 1)
        check_integer("Requests", count, 0)
        if self.params.mode == "weighted" and len(self.class_thresholds) != n_classes - 1:
            weights = len(self.class_thresholds) + 1
            raise ValueError(f"Class weights must be {n_classes}, one a class, not {weights}")
        if removed:
            return self._passing_over(frozenset(removed), n_classes, count)
        if self.params.mode == "round_robin":
            return self._next_in_turn(n_classes, count)
        return np.array([self._next_class(n_classes) for _ in range(count)], np.int64)

    def component(self, thresholds: NDArray[np.uint16]) -> int:
        """Draw the component of one request, ``0..K-1``, with the K-1 thresholds of its class."""
        return count_not_above(thresholds, self.component_lfsr.tick())

    def state_dict(self) -> dict[str, NDArray]:
        """Return everything that `load_state` needs, as arrays."""
        lfsrs = (self.component_lfsr, self.class_lfsr)
        return {
            "selector_states": np.array([lfsr.state for lfsr in lfsrs], np.uint64),
            "selector_ticks": np.array([lfsr.ticks for lfsr in lfsrs], np.int64),
            "selector_pointer": np.array(self.pointer),
            "selector_class_thresholds": self.class_thresholds.copy(),
        }

    def load_state(self, state: Mapping[str, NDArray]) -> None:
        """Continue from where `state_dict` was called."""
        lfsrs = (self.component_lfsr, self.class_lfsr)
        for lfsr, value, ticks in zip(
            lfsrs, state["selector_states"], state["selector_ticks"], strict=True
        ):
            lfsr.state, lfsr.ticks = int(value), int(ticks)
        self.pointer = int(state["selector_pointer"])
        self.class_thresholds = state["selector_class_thresholds"].astype(np.uint16)

    def _passing_over(
        self, removed: frozenset[int], n_classes: int, count: int
    ) -> NDArray[np.int64]:
        """Return the classes of requests, drawn until each is one that was not removed."""
        if removed >= self._nameable(n_classes):
            raise ValueError(f"Classes must be left to name, not all of {n_classes} removed")
        named: list[int] = []
        while len(named) < count:
            label = int(self.request(n_classes, 1)[0])
            if label not in removed:
                named.append(label)
        return np.array(named, np.int64)

    def _nameable(self, n_classes: int) -> frozenset[int]:
        """Return the classes that some draw names; one of a small weight may be named by none."""
        if self.params.mode != "weighted":
            return frozenset(range(n_classes))
        ends = [0, *self.class_thresholds.tolist(), 2**WORD_WIDTH]
        return frozenset(c for c in range(n_classes) if ends[c] < ends[c + 1])

    def _next_in_turn(self, n_classes: int, count: int) -> NDArray[np.int64]:
        classes = np.arange(self.pointer, self.pointer + count, dtype=np.int64)
        classes[1:] %= n_classes  # the pointer itself is used as it is
        if count:
            self.pointer = (int(classes[-1]) + 1) % n_classes
        return classes

    def _next_class(self, n_classes: int) -> int:
        draw = self.class_lfsr.tick()
        if self.params.mode == "uniform":
            return draw * n_classes >> WORD_WIDTH
        return count_not_above(self.class_thresholds, draw)


def count_not_above(thresholds: NDArray[np.uint16], draw: int) -> int:
    """Return the number of thresholds that are not above a draw, the index of the chosen item."""
    return int(np.count_nonzero(thresholds <= draw))


def cumulative_thresholds(weights: ArrayLike) -> NDArray[np.uint16]:
    """Return the thresholds that select one of K items with given weights (contract, 5).

    Parameters
    ----------
    weights : array-like of shape (K,), real
        At least one weight, all >= 0, with the sum 1 (within 1e-6, because mixtures may come in
        32-bit floating point).

    Returns
    -------
    ndarray of shape (K-1,), uint16
        ``min(65535, round(65536 * (pi_1 + .. + pi_i)))``.

    Raises
    ------
    ValueError
        If the weights are not as above.
    """
    pi = np.asarray(weights, np.float64)
    if pi.ndim != 1 or not len(pi):
        raise ValueError(f"Weights must have shape (K,), not {pi.shape}")
    wrong = ~(pi >= 0)
    if wrong.any():
        raise ValueError(f"Weights must be >= 0, not {pi[wrong][0]}")
    if not abs(pi.sum() - 1) <= 1e-6:
        raise ValueError(f"Weights must sum to 1, not {pi.sum()}")
    # These sums are exact, because a rounded sum could fall on the other side of a half.
    sums = list(accumulate(map(Fraction, pi.tolist())))[:-1]
    nearest = [min(65535, math.floor(65536 * s + Fraction(1, 2))) for s in sums]
    return np.array(nearest, np.uint16)
