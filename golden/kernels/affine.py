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
    """Return an LFSR for `round_all` as one array: state, seed, taps, steps and used words.

    Raises
    ------
    ValueError
        Unless it has 64 bits and four taps, as all streams have (contract, 4).
    """
    params = lfsr.params
    if params.width != 64 or len(params.taps) != 4:
        raise ValueError(
            "LFSR of a compiled rounding must have 64 bits and 4 taps, "
            f"not {params.width} and {len(params.taps)}"
        )
    return np.array([lfsr.state, params.seed, *params.taps, params.step, lfsr.ticks], np.uint64)


def codes(affine: Affine, sums: ArrayLike) -> Integers:
    """Return the codes of sums as ``affine.codes(sums)`` does, and advance its LFSR equally.

    Raises
    ------
    TypeError, ValueError
        As in `golden.affine.Affine.codes`.
    """
    exact = check_sums(sums, affine.params)
    results = np.ascontiguousarray(exact.astype(np.int64) * affine.params.multiplier)
    rows = results.reshape(-1, results.shape[-1] if results.size else 1)  # of the same memory
    source = NO_WORDS if affine.lfsr is None else register(affine.lfsr)
    if rows.size:
        round_all(rows, rule(affine.params), source)
    if affine.lfsr is not None:
        affine.lfsr.state, affine.lfsr.ticks = int(source[0]), int(source[-1])
    return results.reshape(exact.shape)


@compiled()
def round_all(values: Any, how: Any, source: Any) -> None:
    """Replace products by their codes, in order (contract, 12).

    Parameters
    ----------
    values : ndarray of shape (n_rows, n), int32 or int64
        Products with the multiplier. The codes replace them. A product of int32 and a unit of its
        code together must fit into 31 bits.
    how : Rule
        Rounding, shift, zero point, range and lanes.
    source : ndarray of shape (8,), uint64
        Random source of stochastic rounding, from `register`. It advances one word per L values of
        a row.
    """
    flat = values.reshape(-1)
    if how.stochastic:
        noise = _noise(values.shape, how.lanes, source)
        if how.shift > 0:
            _round_by(flat, noise.reshape(-1), how)
            return
    if how.shift > 0:
        _round_to_even(flat, how)
        return
    for i in range(len(flat)):
        code = (np.int64(flat[i]) << -how.shift) + how.zero_point
        flat[i] = min(max(code, how.lowest), how.highest)


# All operands of these two have the dtype of the products, so that narrow ones fill vectors.


@compiled()
def _round_by(values: Any, noise: Any, how: Any) -> None:
    """Round stochastically, each value by a number of 16 bits."""
    kind = values.dtype.type
    lowest, highest, zero = kind(how.lowest), kind(how.highest), kind(how.zero_point)
    shift, lag = kind(how.shift), how.shift - 17
    left, right = kind(max(lag, 0)), kind(max(-lag, 0))
    for i in range(len(values)):
        middle = kind(kind(kind(2) * kind(noise[i])) + kind(1))
        middle = kind(kind(middle << left) >> right)
        code = kind(kind(kind(values[i] + middle) >> shift) + zero)
        values[i] = min(max(code, lowest), highest)


@compiled()
def _round_to_even(values: Any, how: Any) -> None:
    """Round to the nearest code, halves to the even one."""
    kind = values.dtype.type
    lowest, highest, zero = kind(how.lowest), kind(how.highest), kind(how.zero_point)
    shift, below_half = kind(how.shift), kind((np.int64(1) << (how.shift - 1)) - 1)
    for i in range(len(values)):
        # Add half a unit minus one, and one more if the floor is odd.
        odd = kind(kind(values[i] >> shift) & kind(1))
        code = kind(kind(kind(values[i] + below_half) + odd) >> shift)
        values[i] = min(max(kind(code + zero), lowest), highest)


@compiled()
def _noise(shape: Any, lanes: Any, source: Any) -> Any:
    """Return 16 bits for each value; L values of a row share a word, a bit further on each."""
    noise = np.empty(shape, np.uint16)
    if lanes == 1 and source[0] and source[2] == 64 and source[6] == 16:
        _lone_words(noise.reshape(-1), source)
        return noise
    for row in range(shape[0]):
        lane, word = lanes, np.uint64(0)
        for i in range(shape[1]):
            if lane == lanes:
                lane, word = 0, _word(source)
            noise[row, i] = np.uint16(word & np.uint64(0xFFFF))
            # The lowest bit comes back on top.
            word = word >> np.uint64(1) | (word & np.uint64(1)) << (source[6] - np.uint64(1))
            lane += 1
    return noise


@compiled()
def _lone_words(noise: Any, source: Any) -> None:
    """Write words of 16 bits of an LFSR of 64, four at a time.

    The state after 64 steps is a block: the four words that follow, the first on top. Blocks obey
    the taps as bits do, because ``p(x)^64 = p(x^64)`` over GF(2). So all after the first 64 are
    exclusive ors of whole blocks.
    """
    n, used = len(noise), source[7]
    if not n:
        return
    blocks = np.empty(n // 4 + 2, np.uint64)
    blocks[0] = source[0]
    for i in range(1, min(len(blocks), 64)):
        for _ in range(4):
            _word(source)
        blocks[i] = source[0]
    second, third, fourth = np.int64(source[3]), np.int64(source[4]), np.int64(source[5])
    i = 64
    while i < len(blocks):
        part = min(len(blocks) - i, fourth)  # as many depend on none of each other
        fresh = blocks[i : i + part]
        a, b = blocks[i - 64 : i - 64 + part], blocks[i - second : i - second + part]
        c, d = blocks[i - third : i - third + part], blocks[i - fourth : i - fourth + part]
        for j in range(part):
            fresh[j] = a[j] ^ b[j] ^ c[j] ^ d[j]
        i += part
    noise[:1] = np.uint16(blocks[0] & np.uint64(0xFFFF))
    # The first word is the end of the first block; all others lie within blocks.
    for i in range((n - 1) // 4):
        block, four = blocks[i + 1], noise[4 * i + 1 : 4 * i + 5]
        for j in range(4):
            four[j] = np.uint16(block >> np.uint64(48 - 16 * j) & np.uint64(0xFFFF))
    for i in range((n - 1) // 4 * 4 + 1, n):
        late = np.uint64(-i & 3) << np.uint64(4)
        noise[i] = np.uint16(blocks[(i + 3) >> 2] >> late & np.uint64(0xFFFF))
    whole, rest = n >> 2, np.uint64(n & 3) << np.uint64(4)
    state = blocks[whole]
    if rest:
        state = state << rest | blocks[whole + 1] >> (np.uint64(64) - rest)
    source[0], source[7] = state, used + np.uint64(n)


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
