# SPDX-License-Identifier: MIT
"""Compiled loops of the sampler in mode ``parallel``.

Two facts make them fast, beside the vectors of `golden.kernels.streams`. First, lanes are bits of
words, so one instruction compares a plane of 64 lanes, or of 512 lanes in a vector. Second, a
comparison from the least significant plane upwards needs no record of the lanes that are still
equal: it starts with ``acc = msb(m)`` and sets ``acc = m_p where r_p and m_p differ`` plane by
plane, so the most significant difference decides. Lanes past the last feature have codes of 0, and
a code of 0 never draws a 1.
"""

import numpy as np

from golden.kernels.compiled import compiled
from golden.kernels.streams import RING, aligned, first_words, follow_taps, leap, low, renew
from golden.kernels.vectors import WORDS, load, load_two, select_differing, store

__all__ = [
    "ROW",
    "draw_chunk",
    "draw_narrow",
    "draw_vectors",
    "join_lanes",
    "put",
    "reads_in_place",
    "renew_all",
]

ROW = RING + WORDS  # words from one ring to the next, so that they do not share sets of the cache
ALL = 2**WORDS - 1


@compiled()
def draw_chunk(out, codes, components, repeats, features, lanes, states, taps):
    """Draw all exemplars of some requests, a block of beats at a time.

    Parameters
    ----------
    out : ndarray of shape (n * repeats * ceil(D/64),), uint64
        Memory for the packed exemplars; it must be 0.
    codes : ndarray of shape (components, q, B * repeats), uint64
        Planes of the codes, the most significant first. The word of a beat is there `repeats`
        times, so that the words of a request are in the order of the draws.
    components : ndarray of shape (n,), int64
        Component that answers each request.
    repeats : int
        M, exemplars per request.
    features, lanes : int
        D and L.
    states : ndarray of shape (q,), uint64
        State of the LFSR of each plane before the first request; after the call, past the last.
    taps : ndarray of shape (q, 4), int64
        Taps of each LFSR, the highest first.
    """
    q, width = codes.shape[1:]
    total = len(components) * width
    flat, blocks = codes.reshape(-1), aligned(2, RING)
    bits, gathered = blocks[0], blocks[1]
    in_vectors = follow_taps(lanes)
    in_place = in_vectors and reads_in_place(width)
    rings = aligned(q if in_vectors else 0, ROW)
    if in_vectors:
        first_words(rings, states, taps, lanes, min(RING, total + 1))
    for first in range(0, total, RING):
        n = min(RING, total - first)
        if in_place:
            draw_vectors(bits, 0, flat, components, q, width, first, n, rings.reshape(-1), 0)
        else:
            _gather(bits, flat, components, q, width, 0, first, n)
            for p in range(q - 1, -1, -1):
                _gather(gathered, flat, components, q, width, p, first, n)
                if in_vectors:
                    _fold_vectors(bits, gathered, rings[p], n)
                else:
                    states[p] = _fold_words(bits, gathered, n, lanes, states[p], taps[p])
        if n == RING:
            renew_all(rings, taps)
        if lanes == 64 and repeats == 1:
            out[first : first + n] = bits[:n]
        else:
            _scatter(out, bits, width // repeats, repeats, features, lanes, first, n)
    for p in range(len(rings)):
        states[p] = rings[p, total % RING]


@compiled()
def reads_in_place(width):
    """Return whether `draw_vectors` takes rows of `width` words.

    No vector may have words of more than two requests, or of codes past the array.
    """
    return width >= WORDS - 1 or width == WORDS // 2


@compiled()
def renew_all(rings, taps):
    """Replace the words of all rings, which were used, by later ones.

    Parameters
    ----------
    rings : ndarray of shape (q, ROW), uint64
        `RING` words of each plane.
    taps : ndarray of shape (>= q, 4), int64
    """
    for p in range(len(rings)):
        renew(rings[p, :RING], taps[p])


@compiled()
def draw_vectors(out, target, codes, components, q, width, first, n, words, at):
    """Draw words of the exemplars, vector by vector, with words of the rings as they lie there.

    Parameters
    ----------
    out : ndarray, uint64
        Memory for the drawn words, from element `target` on; up to seven more are written.
    target : int
    codes : ndarray of shape (components * q * width,), uint64
        Planes of the codes of each component, the most significant first.
    components : ndarray of shape (n,), int64
        Component that answers each request.
    q, width : int
        Planes of a code, and words of a row.
    first, n : int
        First word of the exemplars that is drawn, and number of words.
    words : ndarray of shape (q * ROW,), uint64
        Words of the rings, with an unused row of eight after each.
    at : int
        Place in the rings of the words that are used first.
    """
    request, place = divmod(first, width)
    for i in range(0, n, WORDS):
        one, other, mask = components[request] * q * width + place, 0, ALL
        rest = width - place  # words of this request, from the first of the vector on
        place += WORDS
        if rest <= WORDS:
            request, place = request + 1, WORDS - rest
            if rest < WORDS:  # words past the last request may be any
                component = components[request] if request < len(components) else 0
                mask, other = (1 << rest) - 1, component * q * width - rest
            if place == width:
                request, place = request + 1, 0
        if mask == ALL:
            drawn = load(codes, one)
            for p in range(q - 1, -1, -1):
                word = load(words, p * ROW + at + i)
                drawn = select_differing(word, load(codes, one + p * width), drawn)
        else:
            drawn = load_two(codes, one, other, mask)
            for p in range(q - 1, -1, -1):
                code = load_two(codes, one + p * width, other + p * width, mask)
                drawn = select_differing(load(words, p * ROW + at + i), code, drawn)
        store(out, target + i, drawn)


@compiled()
def _fold_vectors(bits, codes, words, n):
    """Compare one plane of the codes with as many words."""
    for i in range(0, n, WORDS):
        store(bits, i, select_differing(load(words, i), load(codes, i), load(bits, i)))


@compiled()
def join_lanes(planes, lanes):
    """Join beats of few lanes to words, the first beat in the highest lanes.

    A word of 64 steps holds the words of ``64 / L`` beats in this order, because the newest bit of
    an LFSR is its lowest.

    Parameters
    ----------
    planes : ndarray of shape (components, q, B), uint64
    lanes : int
        L, a divisor of 64.

    Returns
    -------
    ndarray of shape (components, q, B * L / 64), uint64
    """
    components, q, beats = planes.shape
    flat, group = planes.reshape(-1), 64 // lanes
    words = np.empty(planes.size // group, np.uint64)
    for i in range(len(words)):
        word = np.uint64(0)
        for beat in range(i * group, (i + 1) * group):
            word = word << np.uint64(lanes) | flat[beat]
        words[i] = word
    return words.reshape(components, q, beats // group)


@compiled()
def draw_narrow(out, joined, components, lanes, states, taps):
    """Draw exemplars with several beats in a word; M = 1, and rows are whole words.

    Parameters
    ----------
    out : ndarray of shape (n * words of a row,), uint64
        Memory for the packed exemplars.
    joined : ndarray of shape (components, q, words of a row), uint64
        Planes of the codes, from `join_lanes`.
    components, taps
        As in `draw_chunk`.
    lanes : int
        L, a divisor of 64 below 64.
    states : ndarray of shape (q,), uint64
        State of the LFSR of each plane before the first request. The array is overwritten.
    """
    for p in range(len(states)):  # so far that a word ends with the last of its beats
        states[p] = leap(states[p], taps[p], 64 - lanes)
    draw_chunk(out, joined, components, 1, 64 * joined.shape[2], 64, states, taps)
    for i in range(len(out)):  # the first beat belongs into the lowest lanes
        word, turned = out[i], np.uint64(0)
        for _ in range(64 // lanes):
            turned = turned << np.uint64(lanes) | word & low(lanes)
            word >>= np.uint64(lanes)
        out[i] = turned


@compiled()
def _gather(gathered, codes, components, q, width, p, first, n):
    """Lay out a plane of the codes for the words ``first .. first+n-1``."""
    request, place = divmod(first, width)
    i = 0
    while i < n:
        source = (components[request] * q + p) * width + place
        run = min(n - i, width - place)
        for k in range(run):
            gathered[i + k] = codes[source + k]
        i, request, place = i + run, request + 1, 0


@compiled()
def _fold_words(bits, codes, n, lanes, state, taps):
    """Compare one plane of beats with `lanes` lanes, and return the state of the LFSR after it."""
    for i in range(n):
        differ = (state ^ codes[i]) & low(lanes)
        bits[i] ^= (bits[i] ^ codes[i]) & differ
        state = leap(state, taps, lanes)
    return state


@compiled()
def _scatter(out, bits, beats, repeats, features, lanes, first, n):
    """Write the beats ``first .. first+n-1`` into their exemplars."""
    row_width = 64 * ((features + 63) // 64)  # bits from one packed exemplar to the next
    request, place = divmod(first, beats * repeats)
    beat, exemplar = divmod(place, repeats)
    for i in range(n):
        put(out, (request * repeats + exemplar) * row_width + beat * lanes, lanes, bits[i])
        exemplar += 1
        if exemplar == repeats:
            exemplar, beat = 0, beat + 1
            if beat == beats:
                beat, request = 0, request + 1


@compiled()
def put(out, target, lanes, bits):
    """Write the bits of a beat into packed exemplars.

    Parameters
    ----------
    out : ndarray of shape (words,), uint64
        Exemplars, which must be 0 where the bits go.
    target : int
        Place of lane 0 in bits, from the first bit of `out` on.
    lanes : int
        L.
    bits : uint64
        Bit ``l`` of lane ``l``; 0 past D.
    """
    word, shift = target >> 6, target & 63
    out[word] |= bits << np.uint64(shift)
    # Bits past D are 0, so nothing is written past the end.
    if shift + lanes > 64 and bits >> np.uint64(64 - shift):
        out[word + 1] |= bits >> np.uint64(64 - shift)
