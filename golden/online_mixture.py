# SPDX-License-Identifier: MIT
"""Components that compete for the exemplars of a class, in one pass of integers (contract, 16)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import check_exemplars, check_labelled
from golden.bernoulli import encode_counts
from golden.bits import unpack
from golden.class_slots import ClassSlots
from golden.params import ClassCounterParams, OnlineMixtureParams
from golden.params.classes import MAX_COUNT

__all__ = ["MixtureSlots", "OnlineMixture"]


class OnlineMixture:
    """A mixture of Bernoulli components that learns exemplar by exemplar.

    Parameters
    ----------
    params : OnlineMixtureParams

    Attributes
    ----------
    seen : ndarray of shape (K,), int64
        N_k, number of exemplars that each component counted.
    counts : ndarray of shape (K, D), int64
        c_kj, number of them whose bit is 1.
    dropped : int
        Exemplars whose winner had counted as many as it can.
    """

    def __init__(self, params: OnlineMixtureParams) -> None:
        self.params = params
        self.seen = np.zeros(params.components, np.int64)
        self.counts = np.zeros((params.components, params.features), np.int64)
        self.dropped = 0

    def learn(self, exemplars: NDArray[np.uint64]) -> None:
        """Let exemplars find their components, one after another.

        Parameters
        ----------
        exemplars : ndarray of shape (n, ceil(D/64)), uint64
            Packed.

        Raises
        ------
        TypeError, ValueError
            If the array has a wrong shape or dtype. Nothing is learned.
        """
        packed = check_exemplars(exemplars, self.params.features)
        for bits in unpack(packed, self.params.features):
            winner = self.winner(bits)
            if self.seen[winner] == MAX_COUNT:
                self.dropped += 1
                continue
            self.seen[winner] += 1
            self.counts[winner] += bits

    def winner(self, bits: NDArray[np.uint8]) -> int:
        """Return the component that the next exemplar, of shape (D,) in {0, 1}, goes to."""
        if not self.seen.all():
            return int(np.argmin(self.seen != 0))
        majority = 2 * self.counts >= self.seen[:, np.newaxis]
        agreeing = (majority == bits.astype(np.bool_)).sum(axis=1)
        lead = self.params.components * self.seen - self.seen.sum()
        return int(np.argmax(agreeing - (lead >> self.params.handicap_shift)))

    def close(self) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        """Return codes, shape (K', D), and thresholds, shape (K'-1,), of the K' used components.

        Raises
        ------
        ValueError
            If there was no exemplar.
        """
        used = np.flatnonzero(self.seen)
        if not len(used):
            raise ValueError("A class must have an exemplar before it is closed")
        width, total = self.params.code_width, int(self.seen.sum())
        codes = [encode_counts(self.counts[k], int(self.seen[k]), width) for k in used]
        ends = np.cumsum(self.seen[used])[:-1]
        thresholds = np.minimum(65535, (2 * 65536 * ends + total) // (2 * total))
        return np.array(codes), thresholds.astype(np.uint16)


class MixtureSlots(ClassSlots):
    """Slots of some classes whose components compete, and the commands that name a slot.

    Parameters
    ----------
    params : OnlineMixtureParams
    counter : ClassCounterParams
        Its slots, and the memory of the prototypes.

    Attributes
    ----------
    mixtures : list of OnlineMixture
        What each slot has counted.

    Raises
    ------
    ValueError
        If the memory has other features or codes, or no room for K components of a class.
    """

    def __init__(self, params: OnlineMixtureParams, counter: ClassCounterParams) -> None:
        params.check_fits(counter.prototypes)
        super().__init__(counter.slots)
        self.params, self.counter = params, counter
        self.mixtures = [OnlineMixture(params) for _ in range(counter.slots)]

    def learn(self, exemplars: NDArray[np.uint64], slots: ArrayLike) -> NDArray[np.bool_]:
        """Let exemplars find their components, in order.

        Parameters
        ----------
        exemplars : ndarray of shape (n, ceil(D/64)), uint64
            Packed.
        slots : array-like of shape (n,), integers
            Their slots.

        Returns
        -------
        ndarray of shape (n,), bool
            Which exemplars were counted.

        Raises
        ------
        TypeError, ValueError
            If an array has a wrong shape or dtype. Nothing is learned.
        """
        packed, named = check_labelled(exemplars, slots, self.params.features)
        pairs = zip(packed, named.tolist(), strict=True)
        return np.array([self._count(row, slot) for row, slot in pairs], np.bool_)

    def close(self, slot: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]] | None:
        """Close a class; return what `OnlineMixture.close` does, or None if that is refused.

        A memory is to write them under the number in `labels`.
        """
        if not self._closes(slot):
            return None
        return self.mixtures[slot].close()

    def _forget(self, slot: int) -> None:
        self.mixtures[slot] = OnlineMixture(self.params)

    def _has_exemplars(self, slot: int) -> bool:
        return bool(self.mixtures[slot].seen.any())

    def _count(self, exemplar: NDArray[np.uint64], slot: int) -> bool:
        """Count an exemplar of a slot; return False to drop it."""
        if not self._is_open(slot):
            return False
        mixture = self.mixtures[slot]
        before = mixture.dropped
        mixture.learn(exemplar[np.newaxis])
        self.overflow |= mixture.dropped > before
        return mixture.dropped == before
