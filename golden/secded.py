# SPDX-License-Identifier: MIT
"""Single errors corrected, double errors seen: a code of Hsiao for words (contract, 19)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.params import SecdedParams

__all__ = ["Corrected", "Secded"]

Words = NDArray[np.uint64]


class Corrected(NamedTuple):
    """Words as they were read, with the errors that the code can correct put right.

    Attributes
    ----------
    words : ndarray of uint64
    corrected, seen : ndarray of bool
        Whether a bit of the word or of its check bits was inverted back; whether an error was seen
        that cannot be corrected.
    """

    words: Words
    corrected: NDArray[np.bool_]
    seen: NDArray[np.bool_]


class Secded:
    """Check bits of words of up to 64 bits, and words put right by their check bits.

    Every bit of a word and every check bit has a column, a number of r bits with an odd number of
    ones. The syndrome of what was read is the exclusive or of the columns of its ones. An error in
    one bit makes it that bit's column; errors in two bits make its number of ones even, and not 0.

    Parameters
    ----------
    params : SecdedParams
    """

    def __init__(self, params: SecdedParams) -> None:
        self.params = params
        columns = params.columns
        self._masks = np.array(
            [
                sum(1 << i for i, c in enumerate(columns) if c >> k & 1)
                for k in range(params.checks)
            ],
            np.uint64,
        )
        # What to invert for each syndrome, and whether it is one that a single error makes.
        self._flips = np.zeros(2**params.checks, np.uint64)
        self._single = np.zeros(2**params.checks, np.bool_)
        for i, column in enumerate(columns):
            self._flips[column] = np.uint64(1 << i)
        self._single[list(columns)] = True
        self._single[[1 << k for k in range(params.checks)]] = True

    def checks(self, words: Words) -> Words:
        """Return the check bits of words, bit k of a number for check bit k; any shape."""
        odd = np.bitwise_count(words[..., None] & self._masks) & np.uint64(1)
        places = np.arange(self.params.checks, dtype=np.uint64)
        return (odd.astype(np.uint64) << places).sum(axis=-1, dtype=np.uint64)

    def correct(self, words: Words, checks: Words) -> Corrected:
        """Return words that were read beside their check bits, put right where that is possible.

        Parameters
        ----------
        words, checks : ndarray of uint64, of one shape
        """
        syndromes = self.checks(words) ^ checks
        single = self._single[syndromes]
        return Corrected(words ^ self._flips[syndromes], single, (syndromes != 0) & ~single)
