# SPDX-License-Identifier: MIT
"""The sampler's draw of a batch in one compiled call, for parameters that need no preparation.

A batch of 32 exemplars is drawn in little more time than Python takes to call the kernel. So the
words that the LFSRs give next are kept from batch to batch, and the kernel takes flat arrays alone:
Numba looks at a tuple for longer than at all of them.
"""

from functools import lru_cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from golden.bits import word_count
from golden.kernels.choices import any_outside, choose
from golden.kernels.compiled import compiled
from golden.kernels.draws import draw_chunk, word_after
from golden.kernels.streams import RING, aligned, first_words
from golden.kernels.vectors import WORDS, load, load_two, select_differing, store, xor
from golden.lfsr import doublings
from golden.params import SamplerParams
from golden.sampler import Sampler
from golden.selector import Selector

__all__ = ["draw_batch"]

MOST = 2**15  # beats of a batch; more may be worth a second thread
WHOLE = 2**WORDS - 1

_Words = NDArray[np.uint64]


class _Plan(NamedTuple):
    """What the parameters say once and for all."""

    plain: bool  # whether words are drawn as they lie in memory, and so may be drawn here
    beats: int
    width: int  # words of an exemplar
    taps: NDArray[np.int64]  # of each plane, and then of the choice
    powers: _Words  # of the choice


class _Ahead:
    """What is kept for a sampler between two batches.

    Attributes
    ----------
    plan : _Plan
    memory : ndarray of shape (q + 1, RING), uint64
        The next words of each plane, and then a row with the states and with the place of the
        words that belong to them.
    row : ndarray of shape (q + 1,), uint64
        The states in the memory, that of the choice last.
    states : list of int or None
        States of the LFSRs for which the words are the next ones. A sampler whose states are
        others begins anew.
    """

    __slots__ = ("memory", "plan", "row", "states")

    def __init__(self, params: SamplerParams) -> None:
        self.plan = _plan(params)
        self.memory: _Words = aligned(params.prototypes.code_width + 1, RING)
        self.row = self.memory[-1, : len(self.plan.taps)]
        self.states: list[int] | None = None


_KEPT: "WeakKeyDictionary[Sampler, _Ahead]" = WeakKeyDictionary()


def draw_batch(sampler: Sampler, requests: NDArray[np.int64]) -> _Words | None:
    """Serve requests as `golden.kernels.sampler.draw` does, on the calling thread.

    Parameters
    ----------
    sampler : Sampler
        Sampler whose LFSRs and counters advance.
    requests : ndarray of shape (n,), int64

    Returns
    -------
    ndarray of shape (n, ceil(D/64)), uint64, or None
        Packed exemplars. None, and nothing is drawn, if the parameters need more than this, if
        reads have errors, if there are too many requests, if a class was removed or one has no
        class in the table, or if an LFSR must recover from zero.
    """
    kept = _KEPT.get(sampler)
    if kept is None:
        kept = _KEPT[sampler] = _Ahead(sampler.params)
    plain, row_beats, width, taps, powers = kept.plan
    n, table = len(requests), sampler.prototypes
    beats = n * row_beats
    if not plain or sampler.read_errors or table.removed or beats > MOST:
        return None
    lfsrs = (*sampler.lfsrs, sampler.selector.component_lfsr)
    states = [lfsr.state for lfsr in lfsrs]
    going = states == kept.states
    if not going:
        if 0 in states:
            return None
        kept.row[:] = states
    out = np.empty((n, width), np.uint64)
    counts, thresholds = table.class_table()
    kernel = counts, thresholds, powers, table.planes, kept.memory, taps, going
    if not _draw(out, requests, *kernel):
        return None
    states = kept.row.tolist()
    for lfsr, state in zip(lfsrs, states, strict=True):
        lfsr.state = state
        lfsr.ticks += beats
    lfsrs[-1].ticks += n - beats
    sampler.rows_read += beats
    sampler.planes_read += beats * len(sampler.lfsrs)
    kept.states = None if beats % WORDS else states
    return out


@lru_cache(maxsize=64)
def _plan(params: SamplerParams) -> _Plan:
    p, choice = params.prototypes, Selector(params.selector).component_lfsr.params
    plain = params.mode == "parallel" and params.draws_per_read == 1 and p.lanes == 64
    return _Plan(
        plain,
        p.beats,
        word_count(p.features),
        np.array([lfsr.taps for lfsr in (*params.lfsrs(), choice)]),
        doublings(choice.width, choice.taps, choice.step),
    )


@compiled()
def _draw(out, requests, counts, thresholds, powers, planes, memory, taps, going):
    """Choose the components and draw; return whether all requests have a class in the table."""
    if any_outside(requests, len(counts)):
        return False
    q, width = planes.shape[1:]
    rings, states = memory[:q], memory[q]
    components = np.empty(len(requests), np.int64)
    states[q] = choose(components, requests, counts, thresholds, powers, states[q], taps[q])
    flat = out.reshape(-1)
    # No vector may have words of more than two requests.
    if width >= WORDS - 1 or width == WORDS // 2:
        if not going:
            first_words(rings, states[:q], taps[:q], 64, RING)
            states[q + 1] = 0
        _draw_kept(flat, planes, components, rings, states, taps)
    else:
        draw_chunk(flat, planes, components, 1, 64 * width, 64, states[:q], taps[:q])
    return True


@compiled()
def _draw_kept(out, planes, components, rings, states, taps):
    """Draw exemplars, a vector of all planes at a time, with the words that are kept.

    Parameters
    ----------
    out : ndarray of shape (n * words of a row,), uint64
    planes : ndarray of shape (components, q, words of a row), uint64
    components : ndarray of shape (n,), int64
    rings : ndarray of shape (q, RING), uint64
        Words of each plane. Used ones are replaced by later ones.
    states : ndarray of shape (RING,), uint64
        The state of each plane before the first request; after the call, past the last. At q + 1,
        the place of the next vector of words in the rings.
    taps : ndarray of shape (q + 1, 4), int64
    """
    q, width = planes.shape[1:]
    total, codes, words = len(components) * width, planes.reshape(-1), rings.reshape(-1)
    first, last = np.int64(states[q + 1]), aligned(1, WORDS)[0]
    request, place = 0, 0
    for i in range(0, total, WORDS):
        at = (first + i) & (RING - 1)
        one, other, mask = components[request] * q * width + place, 0, WHOLE
        rest = width - place  # words of this request, from the first of the vector on
        place += WORDS
        if rest <= WORDS:
            request, place = request + 1, WORDS - rest
            if rest < WORDS:  # words past the last request may be any
                component = components[request] if request < len(components) else 0
                mask, other = (1 << rest) - 1, component * q * width - rest
            if place == width:
                request, place = request + 1, 0
        if mask == WHOLE:
            drawn = _fold(codes, one, words, at, q, width, taps)
        else:
            drawn = _fold_two(codes, one, other, mask, words, at, q, width, taps)
        if i + WORDS <= total:
            store(out, i, drawn)
        else:
            store(last, 0, drawn)
            out[i:] = last[: total - i]
    for p in range(q):
        states[p] = word_after(rings[p], first + total, taps[p])
    states[q + 1] = (first + total) & (RING - 1)


@compiled()
def _renew(words, place, at, taps, p):
    """Replace the vector of words of a plane, which was used, by a later one; return it."""
    word = load(words, place + at)
    near = xor(word, load(words, place + ((at - WORDS * taps[p, 1]) & (RING - 1))))
    far = load(words, place + ((at - WORDS * taps[p, 2]) & (RING - 1)))
    far = xor(far, load(words, place + ((at - WORDS * taps[p, 3]) & (RING - 1))))
    store(words, place + at, xor(near, far))
    return word


@compiled()
def _fold(codes, one, words, at, q, width, taps):
    """Draw a vector of the words of one request."""
    bits = load(codes, one)
    for p in range(q - 1, -1, -1):
        word = _renew(words, p * RING, at, taps, p)
        bits = select_differing(word, load(codes, one + p * width), bits)
    return bits


@compiled()
def _fold_two(codes, one, other, mask, words, at, q, width, taps):
    """Draw a vector of the words of two requests."""
    bits = load_two(codes, one, other, mask)
    for p in range(q - 1, -1, -1):
        word = _renew(words, p * RING, at, taps, p)
        code = load_two(codes, one + p * width, other + p * width, mask)
        bits = select_differing(word, code, bits)
    return bits
