# SPDX-License-Identifier: MIT
"""Compiled loop of the sampler in mode ``serial``, where the drawn bits decide the words used.

The words of the one LFSR do not depend on the bits, so they are found ahead, many at a time. A beat
then compares all planes with the words that it may use, without a branch: what it reads past the
last undecided lane changes nothing. Only the number of used words passes from beat to beat.
"""

import numpy as np

from golden.kernels.compiled import compiled
from golden.kernels.draws import put
from golden.kernels.streams import RING, aligned, first_words, follow_taps, leap, low, renew
from golden.params.sampling import MAX_CODE_WIDTH

__all__ = ["draw_planewise"]

AHEAD = 4 * RING  # words that are found at a time; they fit the L1 cache
USUAL = 8  # planes of most chips; a loop whose length is known takes a fifth less time
KEPT = MAX_CODE_WIDTH  # words that a beat may use, which stay before those that are new


def _make_compare(planes):
    """Return the comparison of a beat, for a number of planes that is known, or for any with 0."""

    @compiled()
    def compare(codes, place, words, at, live, q):
        """Return the bits of the live lanes, and the place of the word after those they used."""
        undecided, bits, following = live, np.uint64(0), at
        for p in range(np.uint64(planes) if planes else q):
            following += np.uint64(undecided != 0)
            code, word = codes[place + p], words[at + p]
            bits |= undecided & code & ~word
            undecided &= ~(code ^ word)
        # Lanes that are equal to the end take the most significant bit of the code.
        return bits | codes[place] & undecided, following

    return compare


_compare_usual, _compare_any = _make_compare(USUAL), _make_compare(0)


@compiled()
def draw_planewise(out, codes, components, repeats, features, lanes, state, taps):
    """Draw all exemplars of some requests serially; return the LFSR's state and the planes read.

    Parameters
    ----------
    out : ndarray of shape (n * repeats * ceil(D/64),), uint64
        Memory for the packed exemplars; it must be 0.
    codes : ndarray of shape (components, B, q), uint64
        Planes of the codes by beat, the most significant first.
    components : ndarray of shape (n,), int64
        Component that answers each request.
    repeats : int
        M, exemplars per request.
    features, lanes : int
        D and L.
    state : uint64
        State of the LFSR before the first request.
    taps : ndarray of shape (4,), int64
        Its taps, the highest first.

    Returns
    -------
    state : uint64
    planes_read : int
    """
    beats, q = codes.shape[1], np.uint64(codes.shape[2])  # unsigned places need no check of sign
    flat, row_width = codes.reshape(-1), 64 * ((features + 63) // 64)
    most = len(components) * beats * repeats * codes.shape[2] + 1  # the one after the last included
    words = _first(state, taps, lanes, min(most, AHEAD))
    at, end = np.uint64(KEPT), np.uint64(len(words))
    planes_read = 0
    for request in range(len(components)):
        place = np.uint64(components[request] * beats) * q
        for beat in range(beats):
            live = low(min(lanes, features - beat * lanes))
            target = request * repeats * row_width + beat * lanes
            for _ in range(repeats):
                if at + q >= end:
                    _go_on(words, taps, lanes)
                    at -= np.uint64(AHEAD)
                if q == USUAL:
                    bits, following = _compare_usual(flat, place, words, at, live, q)
                else:
                    bits, following = _compare_any(flat, place, words, at, live, q)
                if lanes == 64:
                    out[np.uint64(target) >> np.uint64(6)] = bits
                else:
                    put(out, target, lanes, bits)
                planes_read += np.int64(following - at)
                target += row_width
                at = following
            place += q
    return words[at], planes_read


@compiled()
def _first(state, taps, lanes, count):
    """Return memory with the first words, as states, after space for those that are kept."""
    memory = aligned(1, KEPT + AHEAD)
    if follow_taps(lanes):
        first_words(
            memory[0, KEPT:].reshape(1, -1), np.full(1, state), taps.reshape(1, -1), lanes, count
        )
    else:
        memory[0, KEPT] = state
        _leap_on(memory[0], KEPT + 1, KEPT + count, taps, lanes)
    return memory[0]


@compiled()
def _go_on(words, taps, lanes):
    """Replace all words by later ones, and keep the last ones before them."""
    words[:KEPT] = words[AHEAD:]
    if follow_taps(lanes):
        renew(words[KEPT:], taps)
    else:
        _leap_on(words, KEPT, KEPT + AHEAD, taps, lanes)


@compiled()
def _leap_on(words, first, end, taps, lanes):
    """Write the words ``first .. end - 1`` by leaps."""
    for i in range(first, end):
        words[i] = leap(words[i - 1], taps, lanes)
