# SPDX-License-Identifier: MIT
"""Rows of prototypes with check bits that are hit by soft errors, and scrubbed (contract, 19)."""

from typing import NamedTuple

import numpy as np

from golden.params import PrototypesParams, SecdedParams, WatchParams
from golden.params.checks import check_integer
from golden.params.faults import CERTAIN
from golden.params.sampling import splitmix
from golden.secded import Secded

__all__ = ["UPSETS", "ReadRow", "Scrubbed", "ScrubbedRows"]

#: Number of the memory whose words say which cells of prototypes are upset.
UPSETS = 49152


class ReadRow(NamedTuple):
    """A row as it is read.

    Attributes
    ----------
    word : int
        Its L codes of q bits, lane 0 lowest, put right where that is possible.
    corrected, uncorrected : int
        Words of the row that were put right, and those that cannot be.
    """

    word: int
    corrected: int
    uncorrected: int


class Scrubbed(NamedTuple):
    """What a scrubber has done: rows it read, wrote back, and found beyond repair."""

    reads: int
    writes: int
    failures: int


class ScrubbedRows:
    """The memory of rows of prototypes and their check bits, as it lies in its cells.

    A soft error inverts a cell, which then holds the wrong bit until it is written. Reads put a
    word with one wrong bit right on its way out only. So without scrubbing, errors gather. Sooner
    or later a second one meets the first in a word, and that word is lost.

    A scrubber writes a row back while each of its wrong words still has one wrong bit. It leaves a
    row with a word that has more, as new check bits would make that word look sound.

    Parameters
    ----------
    params : PrototypesParams
    watch : WatchParams
        With check bits.

    Attributes
    ----------
    rows : list of int
        What the cells of each row hold, the check bits above the codes, those of the uppermost
        plane lowest. At first zeros, whose check bits are zeros.

    Raises
    ------
    TypeError, ValueError
        If there are no check bits, or if the rows cannot have so many. Likewise from each method,
        if a row is none of the memory's, or a word, cells, a threshold or a time is no integer in
        its range. Scalars of NumPy are refused as well, as labels are by `Prototypes`.
    """

    def __init__(self, params: PrototypesParams, watch: WatchParams) -> None:
        check_integer("Protected planes of scrubbed rows", watch.secded, 1)
        watch.check_width(params.lanes, params.code_width)
        self.params, self.watch = params, watch
        self._code = Secded(SecdedParams(width=params.lanes))
        #: Bits of a row, check bits included.
        self.width = params.row_width + watch.check_bits(params.lanes)
        self.rows = [0] * params.rows

    def write(self, row: int, word: int) -> None:
        """Write the codes of a row with their check bits."""
        p, checks = self.params, 0
        self._check_row(row)
        check_integer("Codes of a row", word, 0, 2**p.row_width - 1)
        for plane in range(self.watch.secded):
            own = self._code.checks(np.array([self._plane(word, plane)], np.uint64))
            checks |= int(own[0]) << plane * self._code.params.checks
        self.rows[row] = checks << p.row_width | word

    def upset(self, row: int, cells: int) -> None:
        """Invert cells of a row, those whose bits are ones."""
        self._check_row(row)
        check_integer("Cells of a row that are upset", cells, 0, 2**self.width - 1)
        self.rows[row] ^= cells

    def upset_all(self, die: int, threshold: int, time: int) -> int:
        """Let soft errors hit all rows for one span of time; return the cells that were inverted.

        Parameters
        ----------
        die : int
            S, ``0 .. 2**64 - 1``.
        threshold : int
            T, ``0..2**32``: each cell is inverted with the probability ``T / 2**32``.
        time : int
            Number of the span, 0 or more.
        """
        check_integer("Die", die, 0, 2**64 - 1)
        check_integer("Threshold T of soft errors", threshold, 0, CERTAIN)
        check_integer("Span of time of soft errors", time, 0)
        key, hit = splitmix(die, UPSETS), 0
        for row in range(self.params.rows):
            first = (time * self.params.rows + row) * self.width
            cells = sum(
                1 << bit
                for bit in range(self.width)
                if splitmix(key, first + bit) >> 32 < threshold
            )
            self.upset(row, cells)
            hit += cells.bit_count()
        return hit

    def read(self, row: int) -> ReadRow:
        """Return a row as a reader gets it. The cells stay as they are."""
        self._check_row(row)
        p, r = self.params, self._code.params.checks
        word, checks = self.rows[row] % 2**p.row_width, self.rows[row] >> p.row_width
        corrected = uncorrected = 0
        for plane in range(self.watch.secded):
            read = self._plane(word, plane)
            own = checks >> plane * r & 2**r - 1
            right = self._code.correct(np.array([read], np.uint64), np.array([own], np.uint64))
            corrected += int(right.corrected[0])
            uncorrected += int(right.seen[0])
            wrong = int(right.words[0]) ^ read
            bit = p.code_width - 1 - plane
            word ^= sum((wrong >> lane & 1) << lane * p.code_width + bit for lane in range(p.lanes))
        return ReadRow(word, corrected, uncorrected)

    def scrub(self, row: int) -> Scrubbed:
        """Put a row right in its cells if all of its wrong words can be put right."""
        read = self.read(row)
        writes = read.corrected > 0 and not read.uncorrected
        if writes:
            self.write(row, read.word)
        return Scrubbed(1, int(writes), int(read.uncorrected > 0))

    def scrub_all(self, used: int) -> Scrubbed:
        """Scrub the first `used` rows, each once: a pass."""
        check_integer("Rows that are scrubbed", used, 0, self.params.rows)
        done = [self.scrub(row) for row in range(used)]
        return Scrubbed(*(sum(of) for of in zip(*done, strict=True))) if done else Scrubbed(0, 0, 0)

    def _check_row(self, row: int) -> None:
        check_integer("Row of prototypes", row, 0, self.params.rows - 1)

    def _plane(self, word: int, plane: int) -> int:
        """Return the bits of a plane of a row, the uppermost being plane 0."""
        q, lanes = self.params.code_width, self.params.lanes
        return sum((word >> lane * q + q - 1 - plane & 1) << lane for lane in range(lanes))
