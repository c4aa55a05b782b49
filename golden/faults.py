# SPDX-License-Identifier: MIT
"""Cells of a memory that fail: which ones, and what they read as instead (contract, 19)."""

from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from golden.params import FaultParams, FaultyMemory, SecdedParams
from golden.params.checks import check_integer
from golden.params.faults import READS
from golden.params.sampling import splitmix
from golden.secded import Secded

__all__ = ["Cells", "Codes", "Faults", "ProtectedFaults", "ReadErrors"]

Codes = TypeVar("Codes", bound=np.integer[Any])


class Cells(NamedTuple):
    """The cells of codes that fail.

    Attributes
    ----------
    failing : ndarray, uint32
        Bits of each code whose cells fail.
    stuck : ndarray, uint32
        What these bits read as; 0 elsewhere.
    """

    failing: NDArray[np.uint32]
    stuck: NDArray[np.uint32]

    def read(self, codes: NDArray[Codes]) -> NDArray[Codes]:
        """Return what codes read as, in their own shape and dtype.

        Parameters
        ----------
        codes : ndarray of integers, of the shape of `failing`
            Codes as they were written, of at most 32 bits: either unsigned, or in two's complement
            in a dtype of exactly as many bits.
        """
        unsigned = np.dtype(f"u{codes.dtype.itemsize}")
        failing, stuck = self.failing.astype(unsigned), self.stuck.astype(unsigned)
        return (codes.view(unsigned) & ~failing | stuck).view(codes.dtype)


class Faults:
    """Static faults of a memory: a cell that fails reads as the same bit, whatever was written.

    Rows hold vectors of codes as prototypes lie in their memory (contract, 5): a vector of D codes
    begins a row, and takes ``ceil(D / L)`` rows of L codes.

    Parameters
    ----------
    params : FaultParams

    Attributes
    ----------
    key : int
        k of the memory, from which the words of its cells follow.
    """

    def __init__(self, params: FaultParams) -> None:
        self.params = params
        self.key = splitmix(params.die, params.memory)

    def check_rows(self, lanes: int, width: int) -> None:
        """Raise `ValueError` unless rows have so many codes of so many bits."""
        own = self.params
        if (own.lanes, own.width) != (lanes, width):
            raise ValueError(
                f"Faults must be of rows of {lanes} codes of {width} bits, not of {own.lanes} "
                f"codes of {own.width} bits"
            )

    def cells(self, first: int, count: int, features: int) -> Cells:
        """Return the failing cells of consecutive vectors of codes.

        Parameters
        ----------
        first : int
            Vectors that lie before them in the memory.
        count : int
            Number of vectors.
        features : int
            D, codes of a vector.

        Returns
        -------
        Cells
            Arrays of shape (count, D).
        """
        p = self.params
        check_integer("First vector", first, 0)
        rows = -(-features // p.lanes)
        place = np.arange(features, dtype=np.uint64)
        vectors = np.arange(first, first + count, dtype=np.uint64)[:, None]
        # A vector takes whole rows, so that code j of a vector is code j of these rows.
        codes = vectors * np.uint64(rows * p.lanes) + place
        failing = np.zeros((count, features), np.uint32)
        stuck = np.zeros_like(failing)
        for plane in p.failing_planes:
            bit = np.uint64(p.width - 1 - plane)
            words = splitmix(self.key, codes * np.uint64(p.width) + bit)
            fails = words >> np.uint64(32) < np.uint64(p.threshold)
            failing |= fails.astype(np.uint32) << np.uint32(bit)
            ones = fails & (words & np.uint64(1)).astype(bool)
            stuck |= ones.astype(np.uint32) << np.uint32(bit)
        return Cells(failing, stuck)

    @property
    def in_order(self) -> bool:
        """Whether what a vector reads as depends on the one before: each is then written once."""
        return False

    def read(
        self, codes: NDArray[Codes], first: int = 0, before: NDArray[Any] | None = None
    ) -> NDArray[Codes]:
        """Return what vectors of codes read as, in their own dtype.

        Parameters
        ----------
        codes : ndarray of shape (n, D), integers
            Codes as they were written.
        first : int
            Vectors that lie before them in the memory.
        before : ndarray of shape (D,), optional
            What the last of these reads as; it decides only where they are `in_order`.
        """
        return self.cells(first, len(codes), codes.shape[1]).read(codes)


class ReadErrors(Faults):
    """Transient errors of a memory: in every read, other cells of the row give a wrong bit.

    They are the static faults of a memory whose row t is what read t of the memory gives, counted
    from 0. So `cells` and `read` take the vectors that were read before as their `first`.

    Parameters
    ----------
    params : FaultParams
        Of the memory that is read.

    Raises
    ------
    ValueError
        If the number of the memory is `READS` or more.
    """

    def __init__(self, params: FaultParams) -> None:
        check_integer("Number of a memory that is read", params.memory, 0, READS - 1)
        super().__init__(replace(params, memory=params.memory + READS))


class ProtectedFaults(Faults):
    """Static faults of prototypes whose upper planes are protected words.

    Parameters
    ----------
    params : FaultParams
        Of up to 64 lanes.
    protected : int
        u, planes that are protected, 1 or more.

    Raises
    ------
    ValueError
        If there are not so many planes, or their check bits exceed 32 bits a row.
    """

    def __init__(self, params: FaultParams, protected: int) -> None:
        super().__init__(params)
        self._code = Secded(SecdedParams(width=params.lanes))
        checks = self._code.params.checks
        most = min(params.width, self._code.params.most_planes)
        check_integer("Protected planes", protected, 1, most)
        self.protected = protected
        self._checks = Faults(
            FaultParams(
                die=params.die,
                memory=FaultyMemory.CHECKS,
                threshold=params.threshold,
                lanes=1,
                width=protected * checks,
            )
        )

    def read(
        self, codes: NDArray[Codes], first: int = 0, before: NDArray[Any] | None = None
    ) -> NDArray[Codes]:
        """Return what vectors of codes read as, with the errors that are corrected put right."""
        p = self.params
        count, features = codes.shape
        rows = -(-features // p.lanes)
        read = super().read(codes, first)
        cells = self._checks.cells(first * rows, count * rows, 1)
        failing, stuck = (array.reshape(count, rows).astype(np.uint64) for array in cells)
        for plane in range(self.protected):
            bit = p.width - 1 - plane
            own = np.uint64(plane * self._code.params.checks)
            written = self._code.checks(self._words_of(codes, bit))
            low = np.uint64(2**self._code.params.checks - 1)
            checks = written & ~(failing >> own & low) | stuck >> own & low
            right = self._code.correct(self._words_of(read, bit), checks)
            ones = right.words[..., None] >> np.arange(p.lanes, dtype=np.uint64) & np.uint64(1)
            ones = ones.reshape(count, -1)[:, :features].astype(codes.dtype)
            read = read & ~codes.dtype.type(1 << bit) | ones << codes.dtype.type(bit)
        return read.astype(codes.dtype, copy=False)

    def _words_of(self, codes: NDArray[Any], bit: int) -> NDArray[np.uint64]:
        """Return a plane of codes as words, shape (vectors, rows)."""
        lanes = self.params.lanes
        padded = np.pad(codes >> bit & 1, ((0, 0), (0, -codes.shape[1] % lanes)))
        bits = padded.reshape(len(codes), -1, lanes).astype(np.uint64)
        return (bits << np.arange(lanes, dtype=np.uint64)).sum(axis=-1, dtype=np.uint64)
