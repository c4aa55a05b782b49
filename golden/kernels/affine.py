# SPDX-License-Identifier: MIT
"""Compiled rounding of sums to codes. Bits and random words are those of `golden.affine`."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.affine import Affine, check_sums
from golden.kernels.compiled import compiled
from golden.params import AffineParams

__all__ = ["Rule", "codes", "register", "round_all", "rule"]

Integers = NDArray[np.int64]
Words = NDArray[np.uint64]


class Rule(NamedTuple):
    """The parameters of a compiled rounding."""

    shift: int
    lowest: int
    highest: int
    zero_point: int
    stochastic: bool


def rule(params: AffineParams) -> Rule:
    """Return the rule of some parameters for `round_all`."""
    stochastic = params.rounding == "stochastic"
    return Rule(params.shift, params.lowest, params.highest, params.zero_point, stochastic)


def register(lfsr: Any) -> Words:
    """Return an LFSR for `round_all` as one array: state, seed, taps and number of used words."""
    return np.array([lfsr.state, lfsr.params.seed, *lfsr.params.taps, lfsr.ticks], np.uint64)


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
        round_all(results.reshape(-1), rule(affine.params), np.zeros(7, np.uint64))
        return results
    source = register(affine.lfsr)
    round_all(results.reshape(-1), rule(affine.params), source)
    affine.lfsr.state, affine.lfsr.ticks = int(source[0]), int(source[-1])
    return results


@compiled()
def round_all(values: Any, how: Any, source: Any) -> None:
    """Replace products by their codes, in order (contract, 12).

    Parameters
    ----------
    values : ndarray of shape (n,), int64
        Products with the multiplier. The codes replace them.
    how : Rule
        Rounding, shift, zero point and range.
    source : ndarray of shape (7,), uint64
        Random source of stochastic rounding, from `register`. It advances one word per value.
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
            # Add half a unit minus one, and one more if the floor is odd: halves round to even.
            odd = (values[i] >> how.shift) & 1
            below_half = (np.int64(1) << (how.shift - 1)) - 1
            values[i] = _saturate((values[i] + below_half + odd) >> how.shift, how)


@compiled()
def _saturate(value: Any, how: Any) -> Any:
    return min(max(value + how.zero_point, how.lowest), how.highest)


@compiled()
def _word(source: Any) -> Any:
    """Use a word of 16 bits: return it and take 16 steps; reload the seed from zero."""
    state = source[0]
    source[6] += np.uint64(1)
    if state:
        fresh = state >> (source[2] - np.uint64(16)) ^ state >> (source[3] - np.uint64(16))
        fresh ^= state >> (source[4] - np.uint64(16)) ^ state >> (source[5] - np.uint64(16))
        source[0] = state << np.uint64(16) | fresh & np.uint64(0xFFFF)
    else:
        source[0] = source[1]
    return np.int64(state & np.uint64(0xFFFF))
