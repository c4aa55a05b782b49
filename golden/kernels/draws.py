# SPDX-License-Identifier: MIT
"""Compiled loops of the sampler in mode ``parallel``.

Two facts make them fast, beside the vectors of `golden.kernels.streams`. First, lanes are bits of
words, so one instruction compares a plane of 64 lanes, or of 512 lanes in a vector. Second, a
comparison from the least significant plane upwards needs no record of the lanes that are still
equal: it starts with ``acc = msb(m)`` and sets ``acc = m_p where r_p and m_p differ`` plane by
plane, so the most significant difference decides. Lanes past the last feature have codes of 0, and
a code of 0 never draws a 1.
"""

from typing import Any, NamedTuple

import numpy as np

from golden.kernels.compiled import compiled
from golden.kernels.streams import RING, aligned, first_words, follow_taps, leap, low
from golden.kernels.vectors import WORDS, load, load_two, select_differing, store, xor

__all__ = ["draw_chunk", "draw_narrow", "join_lanes", "put", "word_after"]

BLOCK = 1024  # words that are drawn plane by plane; few enough for the L1 cache
ALL = 2**WORDS - 1


class _Spans(NamedTuple):
    """Where the codes of each vector of a block are.

    Bit ``i`` of `masks` says whether word ``i`` is in place ``ones + i``, or in ``others + i``.
    """

    ones: Any
    others: Any
    masks: Any


def _make_fold(split):
    """Return the loop over the vectors of a block, for one place of their codes or for two."""

    @compiled()
    def fold(bits, codes, spans, plane, n, ring, taps, first):
        """Compare one plane of the codes, and replace its used words in the ring by later ones."""
        lag1, lag2, lag3 = WORDS * taps[1], WORDS * taps[2], WORDS * taps[3]
        ones, others, masks = spans
        for i in range(0, n, WORDS):
            v, here = i // WORDS, (first + i) & (RING - 1)
            if split and masks[v] != ALL:
                code = load_two(codes, ones[v] + plane, others[v] + plane, masks[v])
            else:
                code = load(codes, ones[v] + plane)
            word = load(ring, here)
            store(bits, i, select_differing(word, code, load(bits, i)))
            near = xor(word, load(ring, (here - lag1) & (RING - 1)))
            far = load(ring, (here - lag2) & (RING - 1))
            far = xor(far, load(ring, (here - lag3) & (RING - 1)))
            store(ring, here, xor(near, far))

    return fold


_fold_whole, _fold_split = _make_fold(False), _make_fold(True)


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
    flat, blocks = codes.reshape(-1), aligned(2, BLOCK)
    bits, gathered = blocks[0], blocks[1]
    ones = np.arange(0, min(BLOCK, total), WORDS)
    spans = _Spans(ones, np.zeros_like(ones), np.full(len(ones), ALL, np.uint8))
    # Codes are read in place, if no vector has words of more than two requests, or past the array.
    in_vectors = follow_taps(lanes)
    split = width % WORDS != 0
    in_place = in_vectors and (width >= WORDS - 1 or width == WORDS // 2)
    rings = aligned(q if in_vectors else 0, RING)
    if in_vectors:
        first_words(rings, states, taps, lanes, min(RING, total + 1))
    for first in range(0, total, BLOCK):
        n = min(BLOCK, total - first)
        if in_place:
            _locate(spans, components, q, width, first, n)
            _copy(bits, flat, spans, split, n)
        else:
            _gather(bits, flat, components, q, width, 0, first, n)
        for p in range(q - 1, -1, -1):
            if in_place:
                if split:
                    _fold_split(bits, flat, spans, p * width, n, rings[p], taps[p], first)
                else:
                    _fold_whole(bits, flat, spans, p * width, n, rings[p], taps[p], first)
                continue
            _gather(gathered, flat, components, q, width, p, first, n)
            if in_vectors:
                _fold_whole(bits, gathered, spans, 0, n, rings[p], taps[p], first)
            else:
                states[p] = _fold_words(bits, gathered, n, lanes, states[p], taps[p])
        if lanes == 64 and repeats == 1:
            out[first : first + n] = bits[:n]
        else:
            _scatter(out, bits, width // repeats, repeats, features, lanes, first, n)
    for p in range(len(rings)):
        states[p] = word_after(rings[p], total, taps[p])


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
def _locate(spans, components, q, width, first, n):
    """Find the codes of the first plane for the vectors of the words ``first .. first+n-1``."""
    request, place = divmod(first, width)
    ones, others, masks = spans
    for v in range((n + WORDS - 1) // WORDS):
        ones[v] = components[request] * q * width + place
        rest = width - place  # words of this request, from the first of the vector on
        place += WORDS
        masks[v] = ALL
        if rest <= WORDS:
            request, place = request + 1, WORDS - rest
            if rest < WORDS:  # words past the last request may be any
                component = components[request] if request < len(components) else 0
                masks[v], others[v] = (1 << rest) - 1, component * q * width - rest
            if place == width:
                request, place = request + 1, 0


@compiled()
def _copy(bits, codes, spans, split, n):
    """Lay out the first plane of the codes."""
    ones, others, masks = spans
    for i in range(0, n, WORDS):
        v = i // WORDS
        if split and masks[v] != ALL:
            store(bits, i, load_two(codes, ones[v], others[v], masks[v]))
        else:
            store(bits, i, load(codes, ones[v]))


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
def word_after(ring, total, taps):
    """Return the word after the first `total` ones, which may be in a vector that was replaced.

    Parameters
    ----------
    ring : ndarray of shape (RING,), uint64
        Words of an LFSR, as `draw_chunk` has left them.
    total : int
        Words that were used, from the first of the ring on.
    taps : ndarray of shape (4,), int64
        Highest first.
    """
    here = total & (RING - 1)
    word = ring[here]
    if total % WORDS:
        for tap in taps[1:]:  # the same exclusive or undoes it
            word ^= ring[(here - WORDS * tap) & (RING - 1)]
    return word


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
