# SPDX-License-Identifier: MIT
"""Slots in which classes are learned, and the commands that name one (contract, 14 and 16)."""

from abc import ABC, abstractmethod

import numpy as np

__all__ = ["ClassSlots"]


class ClassSlots(ABC):
    """Slots that are opened for a class, reopened and closed, whatever is kept of the class.

    Parameters
    ----------
    slots : int

    Attributes
    ----------
    labels : ndarray of shape (slots,), int64
        c, number of the class that each slot counts, as it was opened.
    open_slots : ndarray of shape (slots,), bool
        Slots that are open.
    overflow, empty, closed : bool
        Error flags: an exemplar was one too many; a class without exemplars was closed; a slot was
        not open, or was never opened.
    """

    def __init__(self, slots: int) -> None:
        self.labels = np.zeros(slots, np.int64)
        self.open_slots = np.zeros(slots, np.bool_)
        self.overflow = self.empty = self.closed = False
        self._begun = np.zeros(slots, np.bool_)

    def open(self, slot: int, label: int) -> bool:
        """Begin class `label` in a slot, from no exemplar on; return False without such a slot."""
        if not 0 <= slot < len(self.labels):
            self.closed = True
            return False
        self._forget(slot)
        self.labels[slot] = label
        self.open_slots[slot] = self._begun[slot] = True
        return True

    def reopen(self, slot: int) -> bool:
        """Let a slot learn on; return False if it was never opened."""
        if not 0 <= slot < len(self.labels) or not self._begun[slot]:
            self.closed = True
            return False
        self.open_slots[slot] = True
        return True

    def _is_open(self, slot: int) -> bool:
        """Return whether a slot is open; note it if it is not."""
        is_open = 0 <= slot < len(self.labels) and bool(self.open_slots[slot])
        self.closed |= not is_open
        return is_open

    def _closes(self, slot: int) -> bool:
        """Close a slot; return False, and note why, if that is refused."""
        if not self._is_open(slot):
            return False
        if not self._has_exemplars(slot):
            self.empty = True
            return False
        self.open_slots[slot] = False
        return True

    @abstractmethod
    def _forget(self, slot: int) -> None:
        """Begin a slot anew."""

    @abstractmethod
    def _has_exemplars(self, slot: int) -> bool:
        """Return whether a slot has counted an exemplar."""
