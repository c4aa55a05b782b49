# SPDX-License-Identifier: MIT
"""Compiled rounding of sums to codes. Bits and random words are those of `golden.affine`."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.affine import Affine, check_sums
from golden.kernels.compiled import compiled
from golden.params import AffineParams

__all__ = ["NO_WORDS", "Rule", "codes", "register", "round_all", "rule"]

Integers = NDArray[np.int64]
Words = NDArray[np.uint64]

NO_WORDS = np.zeros(8, np.uint64)  # the source of words where values are rounded to nearest


class Rule(NamedTuple):
    """The parameters of a compiled rounding."""

    shift: int
    lowest: int
    highest: int
    zero_point: int
    stochastic: bool
    lanes: int


def rule(params: AffineParams) -> Rule:
    """Return the rule of some parameters for `round_all`."""
    stochastic = params.rounding == "stochastic"
    ends = params.lowest, params.highest
    return Rule(params.shift, *ends, params.zero_point, stochastic, params.lanes)


def register(lfsr: Any) -> Words:
    """Return an LFSR for `round_all` as one array: state, seed, taps, steps and used words."""
    params = lfsr.params
    return np.array([lfsr.state, params.seed, *params.taps, params.step, lfsr.ticks], np.uint64)


def codes(affine: Affine, sums: ArrayLike) -> Integers:
    """Return the codes of sums as ``affine.codes(sums)`` does, and advance its LFSR equally.

    Raises
    ------
    TypeError, ValueError
        As in `golden.affine.Affine.codes`.
    """
    exact = check_sums(sums, affine.params)
    results = exact.astype(np.int64) * affine.params.multiplier
    if affine.lfsr is None:
        round_all(results.reshape(-1), rule(affine.params), NO_WORDS)
        return results
    source = register(affine.lfsr)
    rows = np.atleast_1d(results)
    for row in rows.reshape(-1, rows.shape[-1]) if rows.size else ():
        round_all(row, rule(affine.params), source)
    affine.lfsr.state, affine.lfsr.ticks = int(source[0]), int(source[-1])
    return results


@compiled()
def round_all(values: Any, how: Any, source: Any) -> None:
    """Replace products by their codes, in order (contract, 12).

    Parameters
    ----------
    values : ndarray of shape (n,), int64
        Products with the multiplier, those of one row if lanes share words. The codes replace them.
    how : Rule
        Rounding, shift, zero point, range and lanes.
    source : ndarray of shape (8,), uint64
        Random source of stochastic rounding, from `register`. It advances one word per L values.
    """
    if how.shift <= 0:
        for i in range(len(values)):
            values[i] = _saturate(values[i] << -how.shift, how)
        if how.stochastic:
            for _ in range(0, len(values), how.lanes):
                _word(source)
    elif how.stochastic:
        lag, lane, word = how.shift - 17, how.lanes, np.uint64(0)
        for i in range(len(values)):
            if lane == how.lanes:
                lane, word = 0, _word(source)
            middle = np.int64(2 * (word & np.uint64(0xFFFF)) + np.uint64(1))
            noise = middle << lag if lag >= 0 else middle >> -lag
            values[i] = _saturate((values[i] + noise) >> how.shift, how)
            # The next lane has the bits from the next one on, and the lowest comes back on top.
            word = word >> np.uint64(1) | (word & np.uint64(1)) << (source[6] - np.uint64(1))
            lane += 1
    else:
        for i in range(len(values)):
            # Add half a unit minus one, and one more if the floor is odd: halves round to even.
            odd = (values[i] >> how.shift) & 1
            below_half = (np.int64(1) << (how.shift - 1)) - 1
            values[i] = _saturate((values[i] + below_half + odd) >> how.shift, how)


@compiled()
def _saturate(value: Any, how: Any) -> Any:
    return min(max(value + how.zero_point, how.lowest), how.highest)


@compiled()
def _word(source: Any) -> Any:
    """Use a word: return it and take as many steps as it has bits; reload the seed from zero."""
    state, left = source[0], source[6]
    source[7] += np.uint64(1)
    word = state & (~np.uint64(0) >> (np.uint64(64) - left))
    if not state:
        source[0] = source[1]
        return word
    while left:
        n = min(left, source[5])
        fresh = state >> (source[2] - n) ^ state >> (source[3] - n)
        fresh ^= state >> (source[4] - n) ^ state >> (source[5] - n)
        state = state << n | fresh & (~np.uint64(0) >> (np.uint64(64) - n))
        left -= n
    source[0] = state
    return word
