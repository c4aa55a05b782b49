# SPDX-License-Identifier: MIT
"""The sampler's draw of a batch in one compiled call, for parameters that need no preparation.

A batch of 32 exemplars is drawn in little more time than Python takes to call the kernel. So the
words that the LFSRs give next are kept from batch to batch, and the kernel takes the address of a
description of all that stays the same: Numba looks at an array for as long as ten requests take.
"""

from functools import lru_cache
from typing import NamedTuple
from weakref import ref

import numpy as np
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from golden.bits import word_count
from golden.kernels.atomics import pointer
from golden.kernels.choices import any_outside, choose
from golden.kernels.compiled import compiled
from golden.kernels.draws import ROW, draw_chunk, draw_vectors, reads_in_place, renew_all
from golden.kernels.serial_draws import draw_planewise
from golden.kernels.streams import RING, aligned, first_words
from golden.kernels.vectors import WORDS
from golden.lfsr import doublings
from golden.params import SamplerParams
from golden.sampler import Sampler
from golden.selector import Selector

__all__ = ["draw_batch"]

MOST = 2**15  # beats of a batch; more may be worth a second thread

_JOB = 11  # words that describe a sampler to the kernel

_Words = NDArray[np.uint64]


class _Plan(NamedTuple):
    """What the parameters say once and for all."""

    plain: bool  # whether words are drawn as they lie in memory, and so may be drawn here
    serial: bool
    features: int
    beats: int
    width: int  # words of an exemplar
    taps: NDArray[np.int64]  # of each plane, and then of the choice
    powers: _Words  # of the choice


class _Ahead:
    """What is kept for a sampler between two batches.

    Attributes
    ----------
    sampler : weakref.ref
        The sampler; a later one may have the same id.
    plan : _Plan
    lfsrs : tuple of Lfsr
        Its LFSRs, that of the choice last.
    memory : ndarray of shape (q + 1, ROW), uint64
        The next words of each plane, and then a row with the states and with the place of the
        words that belong to them. In mode ``serial``, no words are kept.
    row : ndarray of shape (q + 1,), uint64
        The states in the memory, that of the choice last.
    states : list of int or None
        States of the LFSRs for which the words are the next ones. A sampler whose states are
        others begins anew.
    table : tuple of ndarray or None
        Class table that `job` points to.
    job : ndarray of shape (_JOB,), int64
        Sizes and addresses, in the order in which `_arrays` reads them.
    """

    __slots__ = ("address", "job", "lfsrs", "memory", "plan", "row", "sampler", "states", "table")

    def __init__(self, sampler: Sampler) -> None:
        key, params = id(sampler), sampler.params
        self.sampler = ref(sampler, lambda _: _KEPT.pop(key, None))
        self.plan = _plan(params)
        self.lfsrs = (*sampler.lfsrs, sampler.selector.component_lfsr)
        self.memory: _Words = aligned(params.prototypes.code_width + 1, ROW)
        self.row = self.memory[-1, : len(self.plan.taps)]
        self.states: list[int] | None = None
        self.table: tuple[NDArray[np.int64], NDArray[np.uint16]] | None = None
        self.job = np.empty(_JOB, np.int64)
        self.address = self.job.ctypes.data

    def describe(self, planes: _Words, table: tuple[NDArray[np.int64], NDArray[np.uint16]]) -> None:
        """Point the job to a class table, which is kept with it, and to the planes of a memory."""
        plan, (counts, thresholds) = self.plan, table
        arrays = counts, thresholds, plan.powers, planes, self.memory, plan.taps
        self.job[:5] = len(counts), len(thresholds), *planes.shape
        self.job[5:] = [array.ctypes.data for array in arrays]
        self.table = table


_KEPT: dict[int, _Ahead] = {}  # by the id of the sampler


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
    kept = _KEPT.get(id(sampler))
    if kept is None or kept.sampler() is not sampler:
        kept = _KEPT[id(sampler)] = _Ahead(sampler)
    plain, serial, features, row_beats, width, _, _ = kept.plan
    n, prototypes = len(requests), sampler.prototypes
    beats = n * row_beats
    if not plain or sampler.read_errors or prototypes.removed or beats > MOST:
        return None
    table, lfsrs = prototypes.class_table(), kept.lfsrs
    if table is not kept.table:
        kept.describe(prototypes.planes, table)
    states = [lfsr.state for lfsr in lfsrs]
    going = states == kept.states
    if not going:
        if 0 in states:
            return None
        kept.states = None  # a call that draws nothing leaves no words for these states
        kept.row[:] = states
    out = np.empty((n, width), np.uint64)
    if serial:
        words = _draw_serially(out, requests, kept.address, features)
    else:
        words = _draw(out, requests, kept.address, going)
    if words < 0:
        return None
    states = kept.row.tolist()
    for lfsr, state in zip(lfsrs, states, strict=True):
        lfsr.state = state
        lfsr.ticks += words
    lfsrs[-1].ticks += n - words
    sampler.rows_read += beats
    sampler.planes_read += words * (len(lfsrs) - 1)
    kept.states = None if serial or beats % WORDS else states
    return out


@lru_cache(maxsize=64)
def _plan(params: SamplerParams) -> _Plan:
    p, choice = params.prototypes, Selector(params.selector).component_lfsr.params
    return _Plan(
        params.draws_per_read == 1 and p.lanes == 64,
        params.mode == "serial",
        p.features,
        p.beats,
        word_count(p.features),
        np.array([lfsr.taps for lfsr in (*params.lfsrs(), choice)]),
        doublings(choice.width, choice.taps, choice.step),
    )


@compiled()
def _arrays(address, streams):
    """Return the arrays of a job. The taps are those of `streams` LFSRs, or with 0 of q + 1."""
    job = carray(pointer(address, np.int64), (_JOB,))
    classes, cuts, components, q, width = job[0], job[1], job[2], job[3], job[4]
    return (
        carray(pointer(job[5], np.int64), (classes,)),
        carray(pointer(job[6], np.uint16), (cuts,)),
        carray(pointer(job[7], np.uint64), (64, 64)),
        carray(pointer(job[8], np.uint64), (components, q, width)),
        carray(pointer(job[9], np.uint64), (q + 1, ROW)),
        carray(pointer(job[10], np.int64), (streams if streams else q + 1, 4)),
    )


@compiled()
def _draw(out, requests, address, going):
    """Choose the components and draw; return the words of a plane, or -1 without such a class."""
    counts, thresholds, powers, planes, memory, taps = _arrays(address, 0)
    if any_outside(requests, len(counts)):
        return -1
    q, width = planes.shape[1:]
    rings, states = memory[:q], memory[q]
    components = np.empty(len(requests), np.int64)
    states[q] = choose(components, requests, counts, thresholds, powers, states[q], taps[q])
    flat = out.reshape(-1)
    if reads_in_place(width):
        if not going:
            first_words(rings, states[:q], taps[:q], 64, RING)
            states[q + 1] = 0
        _draw_kept(flat, planes, components, rings, states, taps)
    else:
        draw_chunk(flat, planes, components, 1, 64 * width, 64, states[:q], taps[:q])
    return len(flat)


@compiled()
def _draw_serially(out, requests, address, features):
    """Do as `_draw` in mode ``serial``; the states are that of the one LFSR and of the choice."""
    counts, thresholds, powers, planes, memory, taps = _arrays(address, 2)
    states = memory[-1]
    if any_outside(requests, len(counts)):
        return -1
    components = np.empty(len(requests), np.int64)
    states[1] = choose(components, requests, counts, thresholds, powers, states[1], taps[1])
    q, width = planes.shape[1:]
    few = len(components) < len(planes)
    codes = np.empty((len(components) if few else len(planes), width, q), np.uint64)
    for i in range(len(codes)):  # the planes of a beat lie side by side
        place = components[i] if few else i
        for p in range(q):
            for beat in range(width):
                codes[i, beat, p] = planes[place, p, beat]
    if few:
        components[:] = np.arange(len(components))
    drawn = draw_planewise(out.reshape(-1), codes, components, 1, features, 64, states[0], taps[0])
    states[0] = drawn[0]
    return drawn[1]


@compiled()
def _draw_kept(out, planes, components, rings, states, taps):
    """Draw exemplars with the words that are kept.

    Parameters
    ----------
    out : ndarray of shape (n * words of a row,), uint64
    planes : ndarray of shape (components, q, words of a row), uint64
    components : ndarray of shape (n,), int64
    rings : ndarray of shape (q, ROW), uint64
        Words of each plane. When all are used, they are replaced by later ones.
    states : ndarray of shape (ROW,), uint64
        The state of each plane before the first request; after the call, past the last. At q + 1,
        the place in the rings of the first word that was not used.
    taps : ndarray of shape (q + 1, 4), int64
    """
    q, width = planes.shape[1:]
    codes, words = planes.reshape(-1), rings.reshape(-1)
    total, first, at = len(components) * width, 0, np.int64(states[q + 1])
    while first < total:
        n = min(RING - at, total - first)
        whole = n // WORDS * WORDS
        draw_vectors(out, first, codes, components, q, width, first, whole, words, at)
        if n > whole:  # the last words of all, which are no vector
            rest, last = first + whole, aligned(1, WORDS)[0]
            draw_vectors(last, 0, codes, components, q, width, rest, n - whole, words, at + whole)
            out[rest:] = last[: n - whole]
        first, at = first + n, at + n
        if at == RING:
            renew_all(rings, taps)
            at = 0
    for p in range(q):
        states[p] = rings[p, at]
    states[q + 1] = at
