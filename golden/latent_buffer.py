# SPDX-License-Identifier: MIT
"""Latent buffer: it stores exemplars unchanged, in a reservoir for each class (contract, 10)."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import check_label_vector, check_labelled
from golden.bits import pack, unpack, word_count
from golden.faults import Faults, ReadErrors
from golden.lfsr import Lfsr
from golden.params import LatentBufferParams, Stream, stream_params, stream_seed
from golden.params.checks import check_integer
from golden.params.sampling import MAX_SEEN
from golden.sampler import Beat

__all__ = ["LatentBuffer"]

WORD_WIDTH = 32  # bits of a draw


class LatentBuffer:
    """Reservoir for each class: every exemplar seen is kept with the same probability.

    Parameters
    ----------
    params : LatentBufferParams
    faults : Faults, optional
        Cells of the memory that fail. Exemplars are then kept as they read, from the write on.
    read_errors : ReadErrors, optional
        Errors of single reads.

    Attributes
    ----------
    seen : ndarray of shape (classes,), int64
        Number of exemplars seen of each class, at most 65535.
    unknown : bool
        Error flag: an exemplar or a request has been refused.
    reservoir_lfsr, exemplar_lfsr : Lfsr
        Sources of 32-bit words. The first decides which exemplars stay, the second which one
        answers a request.
    rows_read : int
        Number of memory rows read so far.

    Raises
    ------
    ValueError
        If faults or errors are of rows of other lanes.
    """

    def __init__(
        self,
        params: LatentBufferParams,
        faults: Faults | None = None,
        read_errors: ReadErrors | None = None,
    ) -> None:
        for given in (faults, read_errors):
            if given is not None:
                given.check_rows(params.lanes, 1)
        self.params = params
        self.faults = faults
        self.read_errors = read_errors
        self.rows_read = 0
        self.seen = np.zeros(params.classes, np.int64)
        self.unknown = False
        self.reservoir_lfsr = Lfsr(stream_params(params.seed, Stream.RESERVOIR, WORD_WIDTH))
        self.exemplar_lfsr = Lfsr(stream_params(params.seed, Stream.EXEMPLAR, WORD_WIDTH))
        width = word_count(params.features)
        self._kept = np.zeros((params.classes, params.exemplars, width), np.uint64)

    @property
    def n_classes(self) -> int:
        """Number of classes with at least one stored exemplar."""
        return int(np.count_nonzero(self.seen))

    @property
    def n_exemplars(self) -> int:
        """Number of stored exemplars of all classes."""
        return int(np.minimum(self.seen, self.params.exemplars).sum())

    def reseed(self, seed: int) -> None:
        """Load the seeds of user seed `seed`, ``0 .. 2**64 - 1``, into both LFSRs (contract, 4)."""
        self.reservoir_lfsr.load(stream_seed(seed, Stream.RESERVOIR))
        self.exemplar_lfsr.load(stream_seed(seed, Stream.EXEMPLAR))

    def learn(self, exemplars: NDArray[np.uint64], labels: ArrayLike) -> NDArray[np.int64]:
        """Take exemplars in order; store each in a slot of its class, or drop it.

        Parameters
        ----------
        exemplars : ndarray of shape (n, ceil(D/64)), uint64
            Packed.
        labels : array-like of shape (n,), integers
            Their classes.

        Returns
        -------
        ndarray of shape (n,), int64
            Slot of each exemplar, or -1 if it was dropped or refused.

        Raises
        ------
        TypeError, ValueError
            If an array has a wrong shape or dtype. Nothing is learned.
        """
        packed, classes = check_labelled(exemplars, labels, self.params.features)
        slots = np.full(len(packed), -1, np.int64)
        for place, (exemplar, label) in enumerate(zip(packed, classes.tolist(), strict=True)):
            slot = self._place(label)
            if slot is not None:
                slots[place] = slot
                self._kept[label, slot] = self._read(exemplar, label, slot)
        return slots

    def exemplars_of(self, label: int) -> NDArray[np.uint64]:
        """Return the stored exemplars of class `label`, packed, in the order of their slots.

        Raises
        ------
        ValueError
            If there is no such class.
        """
        check_integer("Label", label, 0, self.params.classes - 1)
        return self._kept[label, : min(self.seen[label], self.params.exemplars)].copy()

    def beats(self, label: int) -> Iterator[Beat]:
        """Serve one request for class `label`; a refused request gives no beats."""
        slot = self._choose(label)
        if slot is not None:
            exemplar = self._given(self._kept[[label], [slot]])[0]
            for beat, bits in enumerate(self._rows_of(exemplar)):
                yield Beat(bits, label, last=beat == self.params.beats - 1, exemplar=0)

    def draw(self, labels: ArrayLike) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Serve requests in order and collect their exemplars.

        Parameters
        ----------
        labels : array-like of shape (n,), integers

        Returns
        -------
        exemplars : ndarray of shape (m, ceil(D/64)), uint64
            Packed, one for each request that was not refused.
        labels : ndarray of shape (m,), int64
            Their classes.
        """
        served = [(label, self._choose(label)) for label in check_label_vector(labels).tolist()]
        places = np.array([pair for pair in served if pair[1] is not None], np.int64)
        classes, slots = places.reshape(-1, 2).T
        return self._given(self._kept[classes, slots]), classes.copy()

    def rows(self) -> list[int]:
        """Return the memory image: every row, used or not, as an integer of L bits."""
        p = self.params
        return [
            row
            for label in range(p.classes)
            for slot in range(p.exemplars)
            for row in self._rows_of(self._kept[label, slot])
        ]

    def state_dict(self) -> dict[str, NDArray]:
        """Return everything that `load_state` needs, as arrays."""
        lfsrs = (self.reservoir_lfsr, self.exemplar_lfsr)
        return {
            "latent_kept": self._kept.copy(),
            "latent_seen": self.seen.copy(),
            "latent_unknown": np.array(self.unknown),
            "latent_states": np.array([lfsr.state for lfsr in lfsrs], np.uint64),
            "latent_ticks": np.array([lfsr.ticks for lfsr in lfsrs], np.int64),
            "latent_reads": np.array(self.rows_read),
        }

    def load_state(self, state: Mapping[str, NDArray]) -> None:
        """Continue, bit for bit, from where `state_dict` was called.

        Raises
        ------
        ValueError
            If the state belongs to a buffer of another size.
        """
        kept = state["latent_kept"]
        if kept.shape != self._kept.shape:
            raise ValueError(f"Buffer state must hold {self._kept.shape} words, not {kept.shape}")
        self._kept, self.seen = kept.copy(), state["latent_seen"].copy()
        self.unknown = bool(state["latent_unknown"])
        self.rows_read = int(state["latent_reads"])
        lfsrs = (self.reservoir_lfsr, self.exemplar_lfsr)
        for lfsr, value, ticks in zip(
            lfsrs, state["latent_states"], state["latent_ticks"], strict=True
        ):
            lfsr.state, lfsr.ticks = int(value), int(ticks)

    def _read(self, exemplar: NDArray[np.uint64], label: int, slot: int) -> NDArray[np.uint64]:
        """Return what an exemplar reads as in a slot."""
        if self.faults is None:
            return exemplar
        bits = unpack(exemplar, self.params.features)[np.newaxis]
        return pack(self.faults.read(bits, label * self.params.exemplars + slot))[0]

    def _given(self, exemplars: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return exemplars, shape (n, ceil(D/64)), as the next reads of their rows give them."""
        p, first = self.params, self.rows_read
        self.rows_read += len(exemplars) * p.beats
        if self.read_errors is None or not len(exemplars):
            return exemplars
        rows = np.pad(unpack(exemplars, p.features), ((0, 0), (0, -p.features % p.lanes)))
        read = self.read_errors.read(rows.reshape(-1, p.lanes), first)
        return pack(read.reshape(len(rows), -1)[:, : p.features])

    def _place(self, label: int) -> int | None:
        """Count an exemplar of class `label` and return its slot, or None to drop it."""
        if not 0 <= label < self.params.classes:
            self.unknown = True
            return None
        n = min(int(self.seen[label]) + 1, MAX_SEEN)
        self.seen[label] = n
        if n <= self.params.exemplars:
            return n - 1
        slot = self.reservoir_lfsr.tick() * n >> WORD_WIDTH
        return slot if slot < self.params.exemplars else None

    def _choose(self, label: int) -> int | None:
        """Return the slot that answers a request for class `label`, or None to refuse it."""
        if not 0 <= label < self.params.classes or not self.seen[label]:
            self.unknown = True
            return None
        held = min(int(self.seen[label]), self.params.exemplars)
        return self.exemplar_lfsr.tick() * held >> WORD_WIDTH

    def _rows_of(self, exemplar: NDArray[np.uint64]) -> list[int]:
        """Return the rows of an exemplar; the first row has the lowest features."""
        p = self.params
        bits = int.from_bytes(exemplar.astype("<u8").tobytes(), "little")
        return [bits >> beat * p.lanes & 2**p.lanes - 1 for beat in range(p.beats)]
