# SPDX-License-Identifier: MIT
"""Compiled loops of the sampler.

Three facts make them fast. First, lanes are bits of words, so one instruction compares a plane of
64 lanes, or of 512 lanes in a vector. Second, a comparison from the least significant plane upwards
needs no record of the lanes that are still equal: it starts with ``acc = msb(m)`` and sets
``acc = m_p where r_p and m_p differ`` plane by plane, so the most significant difference decides.
Third, squaring is linear over GF(2), ``p(x)^2 = p(x^2)``. So a sequence with
``b_i = xor of b_(i-t)`` also has ``b_i = xor of b_(i-512t)``. Whole vectors of eight 64-step words
then obey the same taps without a shift, ``V_j = xor of V_(j-t)``, and 64 vectors are the state.
"""

import numpy as np

from golden.kernels.compiled import compiled
from golden.kernels.vectors import WORDS, load, select_differing, store, xor

__all__ = [
    "add_choices",
    "draw_chunk",
    "draw_narrow",
    "draw_planewise",
    "join_lanes",
    "jump",
    "jump_all",
    "leap",
    "low",
    "put",
]

BLOCK = 1024  # beats that are drawn plane by plane; few enough for the L1 cache
RING = 64 * WORDS  # 64-step words in the state of a plane


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
                if state >> np.uint64(j) & np.uint64(1):
                    image ^= powers[exponent, j]
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
def add_choices(components, requests, counts, firsts, thresholds, state, taps):
    """Choose the component of each request with a random word.

    Parameters
    ----------
    components : ndarray of shape (n,), int64
        First component of the class of each request. The chosen component replaces it.
    requests : ndarray of shape (n,), int64
        Classes.
    counts, firsts : ndarray of shape (classes,), int64
        Number of components of each class, and number of its first component.
    thresholds : ndarray of shape (components - classes,), uint16
        Cumulative weights of all components of a class but the last, class after class.
    state : uint64
        LFSR of the choice (contract, 6), before the first request.
    taps : ndarray of shape (4,), int64
        Highest first.
    """
    for i, label in enumerate(requests):
        word = state & np.uint64(0xFFFF)
        state = leap(state, taps, 16)
        # Each earlier class has one threshold less than components.
        cut = firsts[label] - label
        for threshold in thresholds[cut : cut + counts[label] - 1]:
            components[i] += threshold <= word


@compiled()
def draw_chunk(out, planes, components, repeats, features, lanes, states, taps):
    """Draw all exemplars of some requests, a block of beats at a time.

    Parameters
    ----------
    out : ndarray of shape (n * repeats * ceil(D/64),), uint64
        Memory for the packed exemplars; it must be 0.
    planes : ndarray of shape (components, q, B), uint64
        Planes of the codes, the most significant first, one word per beat.
    components : ndarray of shape (n,), int64
        Component that answers each request.
    repeats : int
        M, exemplars per request.
    features, lanes : int
        D and L.
    states : ndarray of shape (q,), uint64
        State of the LFSR of each plane before the first request. The array is overwritten.
    taps : ndarray of shape (q, 4), int64
        Taps of each LFSR, the highest first.
    """
    q, beats = planes.shape[1:]
    total = len(components) * beats * repeats
    codes = planes.reshape(-1)
    sources, consecutive = np.empty(BLOCK, np.int64), np.arange(BLOCK)
    bits, gathered = _aligned(BLOCK), _aligned(BLOCK)
    # With L = 64 and M = 1, a beat is a word and an exemplar is a run of words. If such runs are
    # whole vectors, their codes are read in place.
    in_runs = lanes == 64 and repeats == 1
    in_place = in_runs and beats % WORDS == 0
    rings = _aligned(q * RING).reshape(q, RING)
    if lanes == 64:
        for p in range(q):
            _start_ring(rings[p], states[p], taps[p])
    for first in range(0, total, BLOCK):
        n = min(BLOCK, total - first)
        _locate(sources, components, q, beats, repeats, first, n, WORDS if in_place else 1)
        _gather(bits, codes, sources, 0, n, in_place)
        for p in range(q - 1, -1, -1):
            if in_place:
                _fold_vectors(bits, codes, sources, p * beats, n, rings[p], taps[p], first)
                continue
            _gather(gathered, codes, sources, p * beats, n, in_place)
            if lanes == 64:
                _fold_vectors(bits, gathered, consecutive, 0, n, rings[p], taps[p], first)
            else:
                states[p] = _fold_words(bits, gathered, n, lanes, states[p], taps[p])
        if in_runs:
            out[first : first + n] = bits[:n]
        else:
            _scatter(out, bits, beats, repeats, features, lanes, first, n)


@compiled()
def join_lanes(planes, lanes, joined):
    """Join beats of few lanes to words, the first beat in the highest lanes.

    A word of 64 steps holds the words of ``64 / L`` beats in this order, because the newest bit of
    an LFSR is its lowest.

    Parameters
    ----------
    planes : ndarray of shape (components, q, B), uint64
    lanes : int
        L, a divisor of 64.
    joined : ndarray of shape (components, q, B * L / 64), uint64
    """
    flat, group = planes.reshape(-1), 64 // lanes
    words = joined.reshape(-1)
    for i in range(len(words)):
        word = np.uint64(0)
        for beat in range(i * group, (i + 1) * group):
            word = word << np.uint64(lanes) | flat[beat]
        words[i] = word


@compiled()
def draw_narrow(out, joined, components, lanes, states, taps):
    """Draw exemplars with several beats in a word; M = 1, and rows are whole words.

    Parameters
    ----------
    out : ndarray of shape (n * words of a row,), uint64
        Memory for the packed exemplars.
    joined : ndarray of shape (components, q, words of a row), uint64
        Planes of the codes, from `join_lanes`.
    components, states, taps
        As in `draw_chunk`.
    lanes : int
        L, a divisor of 64 below 64.
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
def _aligned(words):
    """Return an array that begins at a cache line, so that none of its vectors straddles two."""
    raw = np.zeros(words + WORDS, np.uint64)
    skip = -raw.ctypes.data % (8 * WORDS) // 8
    return raw[skip : skip + words]


@compiled()
def _start_ring(ring, state, taps):
    """Fill a ring with the first words of a plane: 64 by leaps, the others by the recurrence."""
    for k in range(64):
        ring[k] = state
        state = leap(state, taps, 64)
    for k in range(64, len(ring)):
        ring[k] = ring[k - 64] ^ ring[k - taps[1]] ^ ring[k - taps[2]] ^ ring[k - taps[3]]


@compiled()
def _locate(sources, components, q, beats, repeats, first, n, step):
    """Find the memory word of the first plane of every `step`-th beat ``first .. first+n-1``."""
    request, place = divmod(first, beats * repeats)
    beat, exemplar = divmod(place, repeats)
    component = components[request] * q * beats
    for i in range(0, n, step):
        sources[i] = component + beat
        exemplar += 1
        if exemplar == repeats:
            exemplar = 0
            beat += step
            if beat == beats:
                beat = 0
                request += 1
                if request < len(components):
                    component = components[request] * q * beats


@compiled()
def _gather(gathered, codes, sources, plane, n, in_place):
    """Lay out one plane of the codes beat by beat."""
    if in_place:
        for i in range(0, n, WORDS):
            store(gathered, i, load(codes, sources[i] + plane))
    else:
        for i in range(n):
            gathered[i] = codes[sources[i] + plane]


@compiled()
def _fold_vectors(bits, codes, sources, plane, n, ring, taps, first):
    """Compare one plane of 64-lane beats, and replace its used words in the ring by later ones."""
    lag1, lag2, lag3 = WORDS * taps[1], WORDS * taps[2], WORDS * taps[3]
    for i in range(0, n, WORDS):
        here = (first + i) & (RING - 1)
        word = load(ring, here)
        code = load(codes, sources[i] + plane)
        store(bits, i, select_differing(word, code, load(bits, i)))
        near = xor(word, load(ring, (here - lag1) & (RING - 1)))
        far = xor(load(ring, (here - lag2) & (RING - 1)), load(ring, (here - lag3) & (RING - 1)))
        store(ring, here, xor(near, far))


@compiled()
def _fold_words(bits, codes, n, lanes, state, taps):
    """Compare one plane of beats with `lanes` lanes, and return the state of the LFSR after it."""
    for i in range(n):
        differ = (state ^ codes[i]) & low(lanes)
        bits[i] ^= (bits[i] ^ codes[i]) & differ
        state = leap(state, taps, lanes)
    return state


@compiled()
def _next_word(ring, here, taps):
    """Replace the used word of a ring by the word 64 places later; return the next word."""
    near = ring[here] ^ ring[(here - taps[1]) & 63]
    ring[here] = near ^ ring[(here - taps[2]) & 63] ^ ring[(here - taps[3]) & 63]
    return ring[(here + 1) & 63]


@compiled()
def draw_planewise(out, planes, components, repeats, features, lanes, state, taps):
    """Draw all exemplars of some requests serially; return the LFSR's state and the planes read.

    Parameters
    ----------
    out, planes, components, repeats, features, lanes
        As in `draw_chunk`.
    state : uint64
        State of the LFSR before the first request.
    taps : ndarray of shape (4,), int64
        Its taps, the highest first.

    Returns
    -------
    state : uint64
    planes_read : int
    """
    q, beats = planes.shape[1:]
    row_width = _row_width(features)
    ring = np.empty(64, np.uint64)
    _start_ring(ring, state, taps)
    planes_read = 0
    for request, component in enumerate(components):
        for beat in range(beats):
            for exemplar in range(repeats):
                undecided = low(min(lanes, features - beat * lanes))
                bits = planes[component, 0, beat]
                for p in range(q):
                    if not undecided:
                        break
                    code = planes[component, p, beat]
                    differ = (state ^ code) & undecided
                    bits ^= (bits ^ code) & differ
                    undecided ^= differ
                    if lanes == 64:
                        state = _next_word(ring, planes_read & 63, taps)
                    else:
                        state = leap(state, taps, lanes)
                    planes_read += 1
                target = (request * repeats + exemplar) * row_width + beat * lanes
                put(out, target, lanes, bits)
    return state, planes_read


@compiled()
def _scatter(out, bits, beats, repeats, features, lanes, first, n):
    """Write the beats ``first .. first+n-1`` into their exemplars."""
    row_width = _row_width(features)
    for i in range(n):
        request, place = divmod(first + i, beats * repeats)
        beat, exemplar = divmod(place, repeats)
        put(out, (request * repeats + exemplar) * row_width + beat * lanes, lanes, bits[i])


@compiled()
def _row_width(features):
    """Return the bits from one packed exemplar to the next."""
    return 64 * ((features + 63) // 64)


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
