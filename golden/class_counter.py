# SPDX-License-Identifier: MIT
"""Class counter: it learns a class from the counts of its bits (contract, 14)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import check_labelled
from golden.bernoulli import encode_counts
from golden.bits import unpack
from golden.class_slots import ClassSlots
from golden.params import ClassCounterParams
from golden.params.checks import check_integer
from golden.params.classes import MAX_COUNT

__all__ = ["ClassCounter"]


class ClassCounter(ClassSlots):
    """Counts of the bits of some classes; a class that is closed becomes a prototype.

    Parameters
    ----------
    params : ClassCounterParams

    Attributes
    ----------
    seen : ndarray of shape (slots,), int64
        N, number of exemplars counted in each slot, at most 65535.
    """

    def __init__(self, params: ClassCounterParams) -> None:
        super().__init__(params.slots)
        self.params = params
        self.seen = np.zeros(params.slots, np.int64)
        self._counts = np.zeros((params.slots, params.prototypes.features), np.int64)

    def learn(self, exemplars: NDArray[np.uint64], slots: ArrayLike) -> NDArray[np.bool_]:
        """Count exemplars in order.

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
        features = self.params.prototypes.features
        packed, labels = check_labelled(exemplars, slots, features)
        counted = np.array([self._count(slot) for slot in labels.tolist()], np.bool_)
        np.add.at(self._counts, labels[counted], unpack(packed[counted], features))
        return counted

    def close(self, slot: int) -> NDArray[np.uint16] | None:
        """Close a class and return its codes, shape (D,); None if that is refused.

        A memory is to write them under the number in `labels`.
        """
        if not self._closes(slot):
            return None
        width = self.params.prototypes.code_width
        return encode_counts(self._counts[slot], int(self.seen[slot]), width)

    def counts_of(self, slot: int) -> NDArray[np.int64]:
        """Return the counts of a slot, shape (D,).

        Raises
        ------
        ValueError
            If there is no such slot.
        """
        check_integer("Slot", slot, 0, self.params.slots - 1)
        return self._counts[slot].copy()

    def _forget(self, slot: int) -> None:
        self.seen[slot], self._counts[slot] = 0, 0

    def _has_exemplars(self, slot: int) -> bool:
        return bool(self.seen[slot])

    def _count(self, slot: int) -> bool:
        """Count an exemplar of a slot; return False to drop it."""
        if not self._is_open(slot):
            return False
        if self.seen[slot] == MAX_COUNT:
            self.overflow = True
            return False
        self.seen[slot] += 1
        return True
