# SPDX-License-Identifier: MIT
"""Words of LFSRs inside compiled loops: jumps, leaps, and vectors of eight words at once.

Squaring is linear over GF(2), ``p(x)^2 = p(x^2)``. So a sequence with ``b_i = xor of b_(i-t)`` also
has ``b_i = xor of b_(i-s*t)`` for s = 1, 2, 4 .. So words of 1, 2, 4 .. 64 steps obey the same taps
without a shift, ``W_k = xor of W_(k-t)``, and so do vectors of eight words, ``V_j = xor of
V_(j-t)``. Leaps find the first 64 words, the recurrence of words those up to `RING`, and that of
vectors, whose loads never straddle two cache lines, all later ones.
"""

import numpy as np

from golden.kernels.compiled import compiled
from golden.kernels.vectors import WORDS, load, shift_left, shift_right, store, xor

__all__ = [
    "RING",
    "aligned",
    "first_words",
    "follow_taps",
    "jump",
    "jump_all",
    "leap",
    "low",
    "renew",
]

LEAPS = 64  # words that are found by leaps, as many as an LFSR has bits
RING = LEAPS * WORDS  # words from which vectors obey the taps


@compiled()
def jump(powers, state, ticks):
    """Return the state after `ticks` words, with one matrix product for each 1 of the count.

    Parameters
    ----------
    powers : ndarray of shape (64, 64), uint64
        Matrices of ``2**e`` words, from `golden.lfsr.doublings`.
    state : uint64
    ticks : int
    """
    exponent = 0
    while ticks >> exponent:
        if ticks >> exponent & 1:
            image = np.uint64(0)
            for j in range(64):
                # Selected by a mask, because a branch on a random bit is slow.
                image ^= powers[exponent, j] & -(state >> np.uint64(j) & np.uint64(1))
            state = image
        exponent += 1
    return state


@compiled()
def jump_all(powers, states, ticks):
    """Return the states of several LFSRs after `ticks` words of each.

    Parameters
    ----------
    powers : ndarray of shape (n, 64, 64), uint64
        As in `jump`, for each LFSR.
    states : ndarray of shape (n,), uint64
    ticks : int
    """
    later = np.empty_like(states)
    for i in range(len(states)):
        later[i] = jump(powers[i], states[i], ticks)
    return later


@compiled()
def low(lanes):
    """Return a word whose low `lanes` bits are 1, 1..64."""
    return ~np.uint64(0) >> np.uint64(64 - lanes)


@compiled()
def follow_taps(lanes):
    """Return whether words of `lanes` steps obey the taps: it must be a power of two."""
    return lanes & (lanes - 1) == 0


@compiled()
def leap(state, taps, steps):
    """Return the state after some steps; with taps >= 32, one exclusive or takes 32 steps.

    Parameters
    ----------
    state : uint64
    taps : ndarray of shape (4,), int64
        Highest first.
    steps : int
        Any number, not only those of a word.
    """
    while steps:
        part = min(steps, 32)
        fresh = state >> np.uint64(64 - part) ^ state >> np.uint64(taps[1] - part)
        fresh ^= state >> np.uint64(taps[2] - part) ^ state >> np.uint64(taps[3] - part)
        state = state << np.uint64(part) | fresh & low(part)
        steps -= part
    return state


@compiled()
def aligned(rows, words):
    """Return memory of shape (rows, words), uint64, that begins at a cache line.

    No vector straddles two lines, if `words` is a multiple of `WORDS`.
    """
    raw = np.empty(rows * words + WORDS, np.uint64)
    skip = -raw.ctypes.data % (8 * WORDS) // 8
    return raw[skip : skip + rows * words].reshape(rows, words)


@compiled()
def first_words(words, states, taps, lanes, count):
    """Write the first words of several LFSRs, as states: a word is the low bits of its state.

    Parameters
    ----------
    words : ndarray of shape (n, >= 64), uint64
    states : ndarray of shape (n,), uint64
        First word of each LFSR.
    taps : ndarray of shape (n, 4), int64
        Highest first.
    lanes : int
        L, steps of a word, a power of two.
    count : int
        Words that are needed. Up to seven more are written, or all of the first 64.
    """
    n, size = words.shape
    flat, part = words.reshape(-1), min(lanes, 32)  # taps are >= 32
    block, counts = aligned(LEAPS, WORDS), aligned(6, WORDS)
    for group in range(0, n, WORDS):  # eight LFSRs leap at once
        several = min(WORDS, n - group)
        block[0], counts[:4], counts[4], counts[5] = 0, 0, part, 64 - part
        for i in range(several):
            block[0, i] = states[group + i]
            for tap in range(4):
                counts[tap, i] = taps[group + i, tap] - part
        state = load(block, 0)
        down1, down2 = load(counts, 0), load(counts, WORDS)
        down3, down4 = load(counts, 2 * WORDS), load(counts, 3 * WORDS)
        up, rest = load(counts, 4 * WORDS), load(counts, 5 * WORDS)
        for k in range(LEAPS):
            store(block, k * WORDS, state)
            for _ in range(lanes // part):
                fresh = xor(shift_right(state, down1), shift_right(state, down2))
                fresh = xor(fresh, xor(shift_right(state, down3), shift_right(state, down4)))
                fresh = shift_right(shift_left(fresh, rest), rest)  # its low bits
                state = xor(shift_left(state, up), fresh)
        for i in range(several):
            for k in range(LEAPS):
                flat[(group + i) * size + k] = block[k, i]
    for k in range(LEAPS, count, WORDS):
        scale = WORDS if k >= RING else 1
        for i in range(n):  # so that no word is read as soon as it is written
            at = i * size + k
            near = xor(load(flat, at - scale * LEAPS), load(flat, at - scale * taps[i, 1]))
            far = load(flat, at - scale * taps[i, 2])
            store(flat, at, xor(near, xor(far, load(flat, at - scale * taps[i, 3]))))


@compiled()
def renew(ring, taps):
    """Replace all words of a ring by as many later ones.

    Parameters
    ----------
    ring : ndarray of shape (n,), uint64
        Successive words of an LFSR; n is `RING` times a power of two.
    taps : ndarray of shape (4,), int64
        Highest first.
    """
    n, scale = len(ring), len(ring) // LEAPS
    lag1, lag2, lag3 = scale * taps[1], scale * taps[2], scale * taps[3]
    # Four parts, in each of which all distances are fixed.
    _renew_part(ring, 0, lag3, n - lag1, n - lag2, n - lag3)
    _renew_part(ring, lag3, lag2, n - lag1, n - lag2, -lag3)
    _renew_part(ring, lag2, lag1, n - lag1, -lag2, -lag3)
    _renew_part(ring, lag1, n, -lag1, -lag2, -lag3)


@compiled()
def _renew_part(ring, first, last, one, two, three):
    """Replace the words ``first .. last - 1``; the others are so far from each."""
    for i in range(first, last, WORDS):
        near = xor(load(ring, i), load(ring, i + one))
        store(ring, i, xor(near, xor(load(ring, i + two), load(ring, i + three))))
