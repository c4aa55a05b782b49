# SPDX-License-Identifier: MIT
"""Compiled sampler with factors, with the bits, states and counters of `CorrelatedSampler.draw`.

Requests are divided into chunks. For each chunk, the LFSRs jump ahead to its beginning.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.correlated import SCALE_UNIT, CorrelatedSampler, noise_table, threshold_table
from golden.kernels.compiled import compiled
from golden.kernels.draws import put
from golden.kernels.sampler import (
    jump_ahead,
    powers_of,
    serve_requests,
    share_out,
    tables,
)
from golden.kernels.streams import jump, jump_all, leap, low

__all__ = ["draw"]

SMALLEST_SHARE = 2**10  # beats that are worth a thread

_Words = NDArray[np.uint64]
_Integers = NDArray[np.int64]


class _Lanes(NamedTuple):
    """All that decides a bit beside the random words and the codes."""

    loadings: NDArray[np.int32]  # by beat, factor and lane
    scales: _Integers  # by beat and lane; g + 64
    shift: int
    noise: _Integers
    thresholds: _Integers
    taps: _Integers  # of each plane
    factor_taps: _Integers
    factor_width: int


def draw(
    sampler: CorrelatedSampler,
    labels: ArrayLike,
    *,
    threads: int | None = None,
    chunk: int | None = None,
) -> tuple[_Words, _Integers]:
    """Serve requests in order, with the results, states and counters of ``sampler.draw(labels)``.

    The result depends neither on `threads` nor on `chunk`.

    Parameters
    ----------
    sampler : CorrelatedSampler
        Sampler whose LFSRs and counters advance.
    labels : array-like of shape (n,), integers
        Classes in the table.
    threads : int, optional
        Number of threads. By default, as many of Numba's as the work is worth.
    chunk : int, optional
        Requests that a thread serves at a time; an even share by default.

    Returns
    -------
    exemplars : ndarray of shape (n*M, ceil(D/64)), uint64
        Packed; row ``r*M + m`` is exemplar ``m`` of request ``r``.
    labels : ndarray of shape (n*M,), int64
        Their classes.

    Raises
    ------
    TypeError, ValueError
        If `labels` is not a vector of classes in the table, or if `threads` or `chunk` is less
        than 1. Nothing is drawn.
    """
    return serve_requests(sampler, labels, _draw, threads, chunk, [sampler.factor_lfsr])


def _draw(
    sampler: CorrelatedSampler,
    planes: _Words,
    components: _Integers,
    out: _Words,
    threads: int | None,
    chunk: int | None,
) -> None:
    """Draw for the chosen components, with chunks of requests in parallel."""
    p, repeats = sampler.params.prototypes, sampler.params.draws_per_read
    beats, factors = p.beats * repeats, sampler.params.rank * repeats  # of a request
    total = len(components) * beats
    states = np.array([lfsr.state for lfsr in sampler.lfsrs], np.uint64)
    (powers, _), factor_powers = tables(sampler.params), powers_of(sampler.factor_lfsr)
    state, lanes = np.uint64(sampler.factor_lfsr.state), _lanes(sampler)

    def serve(first: int, end: int) -> None:
        _draw_chunk(
            out[first * repeats : end * repeats].reshape(-1),
            planes,
            components[first:end],
            repeats,
            p.features,
            jump_all(powers, states, first * beats),
            np.uint64(jump(factor_powers, state, first * factors)),
            lanes,
        )

    share_out(len(components), serve, total // SMALLEST_SHARE, threads, chunk)
    for lfsr in sampler.lfsrs:
        jump_ahead(lfsr, total)
    jump_ahead(sampler.factor_lfsr, len(components) * factors)
    sampler.planes_read += total * len(sampler.lfsrs)


def _lanes(sampler: CorrelatedSampler) -> _Lanes:
    params, p = sampler.params, sampler.params.prototypes
    loadings = sampler.loadings.reshape(p.beats, p.lanes, params.rank).transpose(0, 2, 1)
    return _Lanes(
        np.ascontiguousarray(loadings, np.int32),
        SCALE_UNIT + sampler.scales.astype(np.int64).reshape(p.beats, p.lanes),
        sampler.shift,
        noise_table(p.code_width),
        threshold_table(p.code_width),
        np.array([lfsr.params.taps for lfsr in sampler.lfsrs]),
        np.array(sampler.factor_lfsr.params.taps),
        params.factor_width,
    )


@compiled()
def _draw_chunk(
    out: Any,
    planes: Any,
    components: Any,
    repeats: Any,
    features: Any,
    states: Any,
    state: Any,
    all_lanes: Any,
) -> None:
    """Draw all exemplars of some requests into `out`, which must be 0; `states` is overwritten."""
    (loadings, scales, shift, noise, thresholds, taps, factor_taps, factor_width) = all_lanes
    beats, rank, lanes = loadings.shape
    factors = np.empty((repeats, rank), np.int32)
    limits, places = np.empty(lanes, np.int64), np.empty(lanes, np.uint64)
    sums = np.empty(lanes, np.int32)
    row_width = 64 * ((features + 63) // 64)
    for request, component in enumerate(components):
        state = _draw_factors(factors, factor_width, state, factor_taps)
        for beat in range(beats):
            _spread(places, planes[component, :, beat])
            for lane in range(lanes):
                mark, scale = thresholds[places[lane]], scales[beat, lane]
                scaled = (abs(mark) * scale + SCALE_UNIT // 2) // SCALE_UNIT
                limits[lane] = scaled if mark >= 0 else -scaled
            for exemplar in range(repeats):
                _add_factors(sums, loadings[beat], factors[exemplar])
                _spread(places, states)  # a word is the low bits of the state
                for p in range(len(states)):
                    states[p] = leap(states[p], taps[p], lanes)
                bits = np.uint64(0)
                for lane in range(lanes):
                    below = (np.int64(sums[lane]) << shift) + noise[places[lane]] < limits[lane]
                    bits |= np.uint64(below) << np.uint64(lane)
                target = (request * repeats + exemplar) * row_width + beat * lanes
                put(out, target, lanes, bits)


@compiled()
def _draw_factors(factors: Any, width: Any, state: Any, taps: Any) -> Any:
    """Draw the factors of a request, exemplar by exemplar; return the LFSR's state after them."""
    for exemplar in range(factors.shape[0]):
        for k in range(factors.shape[1]):
            word, ones = state & low(width), 0
            for _ in range(width):
                ones += np.int64(word & np.uint64(1))
                word >>= np.uint64(1)
            factors[exemplar, k] = 2 * ones - width
            state = leap(state, taps, width)
    return state


@compiled()
def _add_factors(sums: Any, loadings: Any, factors: Any) -> None:
    """Write the sum of every lane, without the shift."""
    sums[:] = 0
    for k in range(len(factors)):
        factor, row = factors[k], loadings[k]
        for lane in range(len(sums)):
            sums[lane] += factor * row[lane]


@compiled()
def _spread(places: Any, words: Any) -> None:
    """Write the number of every lane, whose bits are in as many words, the highest first."""
    places[:] = 0
    for word in words:
        for lane in range(len(places)):
            places[lane] = places[lane] << np.uint64(1) | word >> np.uint64(lane) & np.uint64(1)
