# SPDX-License-Identifier: MIT
"""Compiled rounding of sums to codes, with the bits and the random words of `golden.affine`."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from golden.affine import Affine, check_sums
from golden.params import AffineParams

__all__ = ["Rule", "codes", "register", "round_all", "rule"]

Integers = NDArray[np.int64]
Words = NDArray[np.uint64]


class Rule(NamedTuple):
    """What a compiled rounding needs of its parameters."""

    shift: int
    lowest: int
    highest: int
    zero_point: int
    stochastic: bool


def rule(params: AffineParams) -> Rule:
    """Return what `round_all` needs of some parameters."""
    stochastic = params.rounding == "stochastic"
    return Rule(params.shift, params.lowest, params.highest, params.zero_point, stochastic)


def register(lfsr: Any) -> Words:
    """Return an LFSR for `round_all`: state, seed, taps and words used, as one array."""
    return np.array([lfsr.state, lfsr.params.seed, *lfsr.params.taps, lfsr.ticks], np.uint64)


def codes(affine: Affine, sums: ArrayLike) -> Integers:
    """Return the codes of some sums as ``affine.codes(sums)``; its random source ends alike too.

    Raises
    ------
    TypeError, ValueError
        As `golden.affine.Affine.codes`.
    """
    exact = check_sums(sums, affine.params)
    results = exact.astype(np.int64) * affine.params.multiplier
    if affine.lfsr is None:
        round_all(results.reshape(-1), rule(affine.params), np.zeros(7, np.uint64))
        return results
    source = register(affine.lfsr)
    round_all(results.reshape(-1), rule(affine.params), source)
    affine.lfsr.state, affine.lfsr.ticks = int(source[0]), int(source[-1])
    return results


@njit(cache=True, nogil=True)
def round_all(values: Any, how: Any, source: Any) -> None:
    """Replace products by their codes, in order (contract, 12).

    Parameters
    ----------
    values : ndarray of shape (n,), int64
        Products with the multiplier; their codes afterwards.
    how : Rule
        Rounding, shift, zero point and range.
    source : ndarray of shape (7,), uint64
        Random source of stochastic rounding, as of `register`; it advances a word a value.
    """
    if how.shift <= 0:
        for i in range(len(values)):
            values[i] = _saturate(values[i] << -how.shift, how)
        if how.stochastic:
            for _ in range(len(values)):
                _word(source)
    elif how.stochastic:
        lag = how.shift - 17
        for i in range(len(values)):
            middle = np.int64(2 * _word(source) + 1)
            noise = middle << lag if lag >= 0 else middle >> -lag
            values[i] = _saturate((values[i] + noise) >> how.shift, how)
    else:
        for i in range(len(values)):
            # Half a unit less one, and one more where the floor is odd: halves go to the even code.
            odd = (values[i] >> how.shift) & 1
            below_half = (np.int64(1) << (how.shift - 1)) - 1
            values[i] = _saturate((values[i] + below_half + odd) >> how.shift, how)


@njit(cache=True, nogil=True)
def _saturate(value: Any, how: Any) -> Any:
    return min(max(value + how.zero_point, how.lowest), how.highest)


@njit(cache=True, nogil=True)
def _word(source: Any) -> Any:
    """Use a word of 16 bits: return it and take 16 steps; from zero, reload the seed."""
    state = source[0]
    source[6] += np.uint64(1)
    if state:
        fresh = state >> (source[2] - np.uint64(16)) ^ state >> (source[3] - np.uint64(16))
        fresh ^= state >> (source[4] - np.uint64(16)) ^ state >> (source[5] - np.uint64(16))
        source[0] = state << np.uint64(16) | fresh & np.uint64(0xFFFF)
    else:
        source[0] = source[1]
    return np.int64(state & np.uint64(0xFFFF))
