# SPDX-License-Identifier: MIT
"""Prototype memory and its class table (contract, 5)."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.bernoulli import check_codes
from golden.faults import Faults
from golden.params import PrototypesParams
from golden.params.checks import check_integer

__all__ = ["Prototypes"]


class Prototypes:
    """Codes of the components of every class, which are appended, replaced and removed.

    Parameters
    ----------
    params : PrototypesParams
    faults : Faults, optional
        Cells of the memory that fail. Codes are then kept as they read, from the write on.

    Attributes
    ----------
    overflow : bool
        Error flag: a write has been refused.
    planes : ndarray of shape (components, q, B), uint64
        The codes in the layout of the comparator lanes: bit ``l`` of ``planes[a, p, b]`` is bit
        ``q-1-p`` of lane ``l``'s code in row ``b`` of component ``a``. Only `write` writes them.

    Raises
    ------
    ValueError
        If the faults are of rows of other lanes or codes.
    """

    def __init__(self, params: PrototypesParams, faults: Faults | None = None) -> None:
        if faults is not None:
            faults.check_rows(params.lanes, params.code_width)
        self.params = params
        self.faults = faults
        self.overflow = False
        self.planes = np.zeros((params.components, params.code_width, params.beats), np.uint64)
        # Codes by (component, row, lane); lanes past D stay 0.
        self._codes = np.zeros((params.components, params.beats, params.lanes), np.uint16)
        self._counts: list[int] = []
        self._used = 0  # their sum; to add them up at each write would be slow with many classes
        self._thresholds: list[NDArray[np.uint16]] = []
        self._removed: set[int] = set()
        self._table: tuple[NDArray[np.int64], NDArray[np.uint16]] | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes in the table, with those that were removed."""
        return len(self._counts)

    @property
    def removed(self) -> frozenset[int]:
        """Classes of the table that are not there any more."""
        return frozenset(self._removed)

    @property
    def there(self) -> tuple[int, ...]:
        """Classes of the table that were not removed."""
        return tuple(c for c in range(self.n_classes) if c not in self._removed)

    @property
    def n_components(self) -> int:
        """Number of components in use, over all classes of the table."""
        return self._used

    def append(self, codes: ArrayLike, thresholds: ArrayLike = ()) -> bool:
        """Write a class under the next number; see `write`."""
        return self.write(self.n_classes, codes, thresholds)

    def write(self, label: int, codes: ArrayLike, thresholds: ArrayLike = ()) -> bool:
        """Append a class or replace one, or refuse it if it does not fit.

        Parameters
        ----------
        label : int
            Number of the class. The number of classes in the table appends; a lower one replaces.
        codes : array-like of shape (K, D), integers in ``0..2**q - 1``
            To replace a class, K must be that of the class.
        thresholds : array-like of shape (K-1,), integers in 0..65535
            Cumulative mixing thresholds in ascending order; equal ones are allowed.

        Returns
        -------
        bool
            False if the class does not fit. Then `overflow` is set and nothing else changes.

        Raises
        ------
        TypeError, ValueError
            If the label is no integer >= 0, the codes or thresholds have a wrong shape, dtype or
            range, or a class is replaced whose codes take the place of later ones (parity).
        """
        p = self.params
        check_integer("Class", label, 0)
        array = check_codes(codes, p.code_width)
        if array.ndim != 2 or not len(array) or array.shape[1] != p.features:
            raise ValueError(f"Codes must have shape (K, {p.features}), not {array.shape}")
        cumulative = _check_thresholds(thresholds, len(array) - 1)
        if not self._fits(label, len(array)):
            self.overflow = True
            return False
        if self.faults is not None and self.faults.in_order and label < self.n_classes:
            raise ValueError(
                f"Class must be {self.n_classes}, the next, not {label}: with parity, "
                "every class is written once"
            )
        if label == self.n_classes:
            self._store(self._used, array)
            self._counts.append(len(array))
            self._thresholds.append(cumulative)
            self._used += len(array)
        else:  # of as many components
            self._store(sum(self._counts[:label]), array)
            self._thresholds[label] = cumulative
        self._removed.discard(label)
        self._table = None
        return True

    def remove(self, label: int) -> bool:
        """Remove a class from the table; refuse one that was never in it.

        Returns
        -------
        bool
            False if the table has no such class. Then `overflow` is set and nothing else changes.
        """
        check_integer("Class", label, 0)
        if label >= self.n_classes:
            self.overflow = True
            return False
        self._removed.add(label)
        return True

    def _fits(self, label: int, count: int) -> bool:
        """Return whether a class of some components can be written under a number."""
        p = self.params
        if label < self.n_classes:
            return count == self._counts[label]
        return (
            label == self.n_classes < p.classes
            and count <= p.class_components
            and self.n_components + count <= p.components
        )

    def _store(self, first: int, codes: NDArray[np.uint16]) -> None:
        """Write the codes of components, shape (K, D), from component `first` on."""
        p, count = self.params, len(codes)
        if self.faults is not None:
            before = self._codes[first - 1].reshape(-1)[: p.features] if first else None
            codes = self.faults.read(codes, first, before)
        rows = self._codes[first : first + count]
        rows.reshape(count, -1)[:, : p.features] = codes
        shifts = np.arange(p.code_width - 1, -1, -1, dtype=np.uint64)
        bits = rows.astype(np.uint64)[:, None] >> shifts[:, None, None] & np.uint64(1)
        lanes = np.arange(p.lanes, dtype=np.uint64)
        self.planes[first : first + count] = (bits << lanes).sum(axis=-1, dtype=np.uint64)

    def first_component(self, label: int) -> int:
        """Return the number of the first component of class `label`."""
        self._check_label(label)
        return sum(self._counts[:label])

    def codes_of(self, label: int) -> NDArray[np.uint16]:
        """Return the codes of class `label`, shape (K, D)."""
        first = self.first_component(label)
        rows = self._codes[first : first + self._counts[label]]
        return rows.reshape(len(rows), -1)[:, : self.params.features].copy()

    def thresholds_of(self, label: int) -> NDArray[np.uint16]:
        """Return the cumulative mixing thresholds of class `label`, shape (K-1,)."""
        self._check_label(label)
        return self._thresholds[label].copy()

    def class_table(self) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
        """Return the component counts K of all classes, and their thresholds concatenated.

        Classes that were removed are among them, as their components stay reserved. The arrays are
        made once after a write, and they are read-only.
        """
        if self._table is None:
            thresholds = [np.zeros(0, np.uint16), *self._thresholds]
            self._table = np.array(self._counts, np.int64), np.concatenate(thresholds)
            for array in self._table:
                array.flags.writeable = False
        return self._table

    def lane_codes(self, component: int, beat: int) -> list[int]:
        """Return the L codes of row `beat` of a component, lane 0 first."""
        return self._codes[component, beat].tolist()

    def rows(self) -> list[int]:
        """Return the memory image: every row, used or not, as an integer of L*q bits.

        Lane ``l`` occupies bits ``l*q .. l*q+q-1``; component ``a`` starts at row ``a*B``.
        """
        q = self.params.code_width
        return [
            sum(code << lane * q for lane, code in enumerate(row))
            for row in self._codes.reshape(-1, self.params.lanes).tolist()
        ]

    def state_dict(self) -> dict[str, NDArray]:
        """Return everything that `load_state` needs, as arrays."""
        flat = self._codes.reshape(self.params.components, -1)
        counts, thresholds = self.class_table()
        return {
            "prototypes_codes": flat[: self.n_components, : self.params.features].copy(),
            "prototypes_counts": counts.copy(),
            "prototypes_thresholds": thresholds.copy(),
            "prototypes_overflow": np.array(self.overflow),
            "prototypes_removed": np.array(sorted(self._removed), np.int64),
        }

    def load_state(self, state: Mapping[str, NDArray]) -> None:
        """Replace the contents by a state from `state_dict`.

        Raises
        ------
        ValueError
            If the state does not fit this memory.
        """
        fresh = Prototypes(self.params)  # the state has codes as they were read
        codes, thresholds = state["prototypes_codes"], state["prototypes_thresholds"]
        first = 0
        for label, count in enumerate(state["prototypes_counts"].tolist()):
            # Each earlier class has one threshold less than components.
            cut = first - label
            if not fresh.append(codes[first : first + count], thresholds[cut : cut + count - 1]):
                raise ValueError(f"Prototype state must fit the memory, not overflow at {label}")
            first += count
        for label in state["prototypes_removed"].tolist():
            fresh.remove(label)
        fresh.overflow = bool(state["prototypes_overflow"])
        fresh.faults = self.faults
        self.__dict__.update(fresh.__dict__)

    def _check_label(self, label: int) -> None:
        if not self._counts:
            raise ValueError(f"Class must be in the table, not {label}: the table is empty")
        check_integer("Class", label, 0, self.n_classes - 1)
        if label in self._removed:
            raise ValueError(f"Class must be in the table, not {label}: it was removed")


def _check_thresholds(thresholds: ArrayLike, count: int) -> NDArray[np.uint16]:
    """Return `count` cumulative thresholds as uint16."""
    array = np.asarray(thresholds)
    if array.shape != (count,):
        raise ValueError(f"Thresholds must have shape ({count},), not {array.shape}")
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"Thresholds must be integers in 0..65535, not {array.dtype}")
    wrong = (array < 0) | (array > 65535)
    if wrong.any():
        raise ValueError(f"Thresholds must be integers in 0..65535, not {array[wrong][0]}")
    if (np.diff(array.astype(np.int64)) < 0).any():
        raise ValueError(f"Thresholds must never fall, not {array.tolist()}")
    return array.astype(np.uint16)
