# SPDX-License-Identifier: MIT
"""Components that compete for the exemplars of a class, in one pass of integers (contract, 16)."""

import numpy as np
from numpy.typing import NDArray

from golden.arrays import check_exemplars
from golden.bernoulli import encode_counts
from golden.bits import unpack
from golden.params import OnlineMixtureParams
from golden.params.classes import MAX_COUNT

__all__ = ["OnlineMixture"]


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
