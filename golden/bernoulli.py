# SPDX-License-Identifier: MIT
"""Bernoulli codes and the comparator that draws from them (contract, 5 and 7)."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.params import BernoulliParams
from golden.params.checks import check_integer
from golden.params.classes import MAX_COUNT

__all__ = ["Bernoulli", "check_codes", "encode", "encode_counts", "probability"]


class Bernoulli:
    """L comparator lanes. Each compares a q-bit random number with a q-bit code and gives one bit.

    The bit is ``(r < m) or (r == m and msb(m))``, so it is 1 with probability
    ``(m + msb(m)) / 2^q``.

    Parameters
    ----------
    params : BernoulliParams
    """

    def __init__(self, params: BernoulliParams) -> None:
        self.params = params

    def draw(self, words: Sequence[int], codes: Sequence[int]) -> int:
        """Compare all planes at once, as the parallel sampler does.

        Parameters
        ----------
        words : sequence of q int
            L bits a plane, most significant plane first; bit ``l`` belongs to lane ``l``.
        codes : sequence of L int

        Returns
        -------
        int
            L bits, bit ``l`` drawn by lane ``l``.
        """
        q = self.params.code_width
        bits = 0
        for lane, m in enumerate(codes):
            r = sum((word >> lane & 1) << (q - 1 - plane) for plane, word in enumerate(words))
            bits |= (r < m or (r == m and m >> (q - 1) == 1)) << lane
        return bits

    def draw_serial(
        self, next_word: Callable[[], int], codes: Sequence[int], live: int | None = None
    ) -> tuple[int, int]:
        """Compare plane by plane until every live lane is decided, as the serial sampler does.

        Parameters
        ----------
        next_word : callable
            Returns the L bits of the next plane, most significant plane first. It is called once
            for each plane read.
        codes : sequence of L int
        live : int, optional
            Number of first lanes that must be decided; all lanes by default.

        Returns
        -------
        bits : int
            L bits, bit ``l`` drawn by lane ``l``; 0 past the live lanes.
        planes_read : int
            ``1..q``.
        """
        q = self.params.code_width
        undecided = set(range(self.params.lanes if live is None else live))
        # If random number and code are equal in all planes, the bit is msb(m).
        bits = {lane: codes[lane] >> (q - 1) for lane in undecided}
        planes_read = 0
        while undecided and planes_read < q:
            word = next_word()
            planes_read += 1
            for lane in tuple(undecided):
                code_bit = codes[lane] >> (q - planes_read) & 1
                if word >> lane & 1 != code_bit:
                    bits[lane] = code_bit
                    undecided.remove(lane)
        return sum(bit << lane for lane, bit in bits.items()), planes_read


def encode(mu: ArrayLike, code_width: int) -> NDArray[np.uint16]:
    """Return the codes with probabilities nearest to means; the lower code in a tie (contract, 5).

    Parameters
    ----------
    mu : array-like of shape (...), real
        Means in 0..1.
    code_width : int
        q, bits of a code, 1..16.

    Returns
    -------
    ndarray of shape (...), uint16

    Raises
    ------
    TypeError
        If the means are no real numbers.
    ValueError
        If a mean is not in 0..1, or q not in 1..16.
    """
    BernoulliParams(code_width=code_width)
    means = np.asarray(mu)
    if means.dtype.kind not in "fiub":
        raise TypeError(f"Means must be real numbers, not {means.dtype}")
    means = means.astype(np.float64)
    inside = (means >= 0) & (means <= 1)
    if not inside.all():
        raise ValueError(f"Means must be in 0..1, not {means[~inside].flat[0]}")
    half = 2 ** (code_width - 1)
    y = means * 2**code_width
    k = np.ceil(y - 0.5)
    # No code has the probability 1/2: h - 1 and h have 2^-q less and more. So codes from h on are
    # lower by one.
    upper = (k > half) | ((k == half) & (y <= half))
    return (k - upper).astype(np.uint16)


def encode_counts(counts: ArrayLike, total: int, code_width: int) -> NDArray[np.uint16]:
    """Return the codes of the exact means ``counts / total``, in integers alone (contract, 14).

    Parameters
    ----------
    counts : array-like of shape (...), integers in ``0..total``
        Number of exemplars whose bit is 1.
    total : int
        N, number of exemplars, 1..65535.
    code_width : int
        q, bits of a code, 1..16.

    Returns
    -------
    ndarray of shape (...), uint16

    Raises
    ------
    TypeError, ValueError
        If a count or the total is no integer or out of range, or q not in 1..16.
    """
    BernoulliParams(code_width=code_width)
    check_integer("Exemplars N", total, 1, MAX_COUNT)
    array = np.asarray(counts)
    if array.dtype.kind not in "iu":
        raise TypeError(f"Counts must be integers in 0..{total}, not {array.dtype}")
    wrong = (array < 0) | (array > total)
    if wrong.any():
        raise ValueError(f"Counts must be integers in 0..{total}, not {array[wrong].flat[0]}")
    c, half = array.astype(np.int64), 2 ** (code_width - 1)
    k = (2 ** (code_width + 1) * c + total - 1) // (2 * total)
    return (k - ((k > half) | ((k == half) & (2 * c <= total)))).astype(np.uint16)


def probability(codes: ArrayLike, code_width: int) -> NDArray[np.float64]:
    """Return the probability of a 1 for each code, ``(m + msb(m)) / 2^q``.

    Parameters
    ----------
    codes : array-like of shape (...), integers in ``0..2**q - 1``
    code_width : int
        q, bits of a code, 1..16.

    Returns
    -------
    ndarray of shape (...), float64

    Raises
    ------
    TypeError, ValueError
        If a code is no integer or out of range, or q not in 1..16.
    """
    BernoulliParams(code_width=code_width)
    m = check_codes(codes, code_width)
    return (m + (m >> (code_width - 1)).astype(np.float64)) / 2**code_width


def check_codes(codes: ArrayLike, code_width: int) -> NDArray[np.uint16]:
    """Return `codes` as uint16; raise unless all are integers in ``0..2**code_width - 1``."""
    array = np.asarray(codes)
    span = f"integers in 0..{2**code_width - 1}"
    if array.dtype.kind not in "iu":
        raise TypeError(f"Codes must be {span}, not {array.dtype}")
    wrong = (array < 0) | (array >= 2**code_width)
    if wrong.any():
        raise ValueError(f"Codes must be {span}, not {array[wrong].flat[0]}")
    return array.astype(np.uint16)
