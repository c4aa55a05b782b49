# SPDX-License-Identifier: MIT
"""Compiled sampler with the bits, states and counters of `Sampler.draw`.

Requests are divided into chunks. For each chunk, the LFSRs jump ahead to its beginning.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import check_label_vector
from golden.bits import word_count
from golden.kernels.batches import draw_batch
from golden.kernels.choices import any_outside, choose
from golden.kernels.draws import draw_chunk, draw_narrow, join_lanes
from golden.kernels.read_errors import read_planes
from golden.kernels.serial_draws import draw_planewise
from golden.kernels.shares import run_spans
from golden.kernels.streams import jump, jump_all
from golden.lfsr import Lfsr, doublings
from golden.params import LfsrParams, SamplerParams
from golden.params.checks import check_integer
from golden.sampler import Sampler, check_labels

__all__ = ["draw", "jump_ahead", "powers_of", "serve_requests", "share_out", "tables"]

AnySampler = TypeVar("AnySampler", bound=Sampler)

SMALLEST_SHARE = 2**14  # beats that are worth a thread
REPEATED = 2**20  # most words of planes that are laid out for M draws of each word
SPAN = 2**12  # requests whose rows are read at a time, where reads have errors

_Words = NDArray[np.uint64]
_Integers = NDArray[np.int64]


def draw(
    sampler: Sampler,
    labels: ArrayLike,
    *,
    threads: int | None = None,
    chunk: int | None = None,
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Serve requests in order, with the results, states and counters of ``sampler.draw(labels)``.

    The result depends neither on `threads` nor on `chunk`.

    Parameters
    ----------
    sampler : Sampler
        Sampler whose LFSRs and counters advance.
    labels : array-like of shape (n,), integers
        Classes in the table.
    threads : int, optional
        Number of threads in mode ``parallel``. By default, as many of Numba's as the work is worth.
        Mode ``serial`` has a single stream whose use depends on the drawn bits, so it has one
        thread.
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
        If the sampler is of a subclass, which has a twin of its own, if `labels` is not a vector of
        classes in the table, or if `threads` or `chunk` is less than 1. Nothing is drawn.
    """
    if type(sampler) is not Sampler:  # a subclass draws other bits
        raise TypeError(f"Sampler must be a plain Sampler, not {type(sampler).__name__}")
    if chunk is None and (threads is None or (type(threads) is int and threads == 1)):
        labels = check_label_vector(labels)
        drawn = draw_batch(sampler, labels)
        if drawn is not None:
            return drawn, labels
    draw_all = _draw_parallel if sampler.params.mode == "parallel" else _draw_serial
    return serve_requests(sampler, labels, draw_all, threads, chunk)


def serve_requests(
    sampler: AnySampler,
    labels: ArrayLike,
    draw_all: Callable[[AnySampler, _Words, _Integers, _Words, int | None, int | None], None],
    threads: int | None,
    chunk: int | None,
    more: Sequence[Lfsr] = (),
) -> tuple[_Words, _Integers]:
    """Serve requests as `draw` does, with a function that draws for the components they chose.

    Parameters
    ----------
    sampler : Sampler
        Sampler whose LFSRs and counters advance.
    labels : array-like of shape (n,), integers
        Classes in the table.
    draw_all : callable
        Takes the sampler, planes of prototypes, the place in them that answers each request, zeros
        to draw into, `threads` and `chunk`.
    threads, chunk : int, optional
        As in `draw`.
    more : sequence of Lfsr
        What `draw_all` jumps ahead beside the LFSRs that every sampler has.

    Returns
    -------
    exemplars, labels : ndarray
        As in `draw`.
    """
    requests = check_label_vector(labels)
    prototypes = sampler.prototypes
    if any_outside(requests, prototypes.n_classes) or prototypes.removed:
        check_labels(requests, prototypes)  # says what is wrong, if anything is
    check_integer("Threads", 1 if threads is None else threads, 1)
    check_integer("Chunk", 1 if chunk is None else chunk, 1)
    repeats = sampler.params.draws_per_read
    width = word_count(sampler.params.prototypes.features)
    exemplars = np.zeros((len(requests) * repeats, width), np.uint64)
    drawn, left = exemplars, requests
    lfsrs = (*sampler.lfsrs, sampler.selector.component_lfsr, *more)
    if 0 in [lfsr.state for lfsr in lfsrs] and len(requests):
        # The recovery from a zero state is not linear. One plain request does it for all LFSRs.
        exemplars[:repeats], _ = sampler.draw(requests[:1])
        drawn, left = exemplars[repeats:], requests[1:]
    components, beats = _choose_components(sampler, left), sampler.params.prototypes.beats
    planes = prototypes.planes[: prototypes.n_components]
    if sampler.read_errors is None:
        draw_all(sampler, planes, components, drawn, threads, chunk)
        sampler.rows_read += len(components) * beats
    else:
        features = sampler.params.prototypes.features
        for first in range(0, len(components), SPAN):
            chosen = components[first : first + SPAN]
            read = read_planes(sampler.read_errors, planes[chosen], sampler.rows_read, features)
            out = drawn[first * repeats : (first + len(chosen)) * repeats]
            draw_all(sampler, read, np.arange(len(chosen)), out, threads, chunk)
            sampler.rows_read += len(chosen) * beats
    return exemplars, requests if repeats == 1 else np.repeat(requests, repeats)


def share_out(
    requests: int,
    serve: Callable[[int, int], None],
    worth: int,
    threads: int | None,
    chunk: int | None,
) -> None:
    """Call `serve` with the first and the past-the-last request of every chunk, on some threads.

    Parameters
    ----------
    requests : int
        Number of requests.
    serve : callable
    worth : int
        Most threads that the work is worth.
    threads, chunk : int, optional
        As in `draw`.
    """
    workers = threads or (1 if worth <= 1 else min(numba.get_num_threads(), worth))
    size = chunk or -(-requests // workers)
    if size >= requests:
        serve(0, requests)
        return
    firsts = range(0, requests, size)
    run_spans(serve, [(first, min(first + size, requests)) for first in firsts], workers)


def _choose_components(sampler: Sampler, requests: _Integers) -> _Integers:
    """Return the component that answers each request. Each request uses a word, even if K = 1."""
    lfsr = sampler.selector.component_lfsr
    counts, thresholds = sampler.prototypes.class_table()
    components = np.empty(len(requests), np.int64)
    powers, taps = powers_of(lfsr), _taps_of(lfsr.params)
    state = np.uint64(lfsr.state)
    lfsr.state = choose(components, requests, counts, thresholds, powers, state, taps)
    lfsr.ticks += len(requests)
    return components


def _draw_parallel(
    sampler: Sampler,
    memory: _Words,
    components: _Integers,
    out: _Words,
    threads: int | None,
    chunk: int | None,
) -> None:
    """Draw in mode ``parallel``, with chunks of requests in parallel."""
    p, repeats = sampler.params.prototypes, sampler.params.draws_per_read
    beats = p.beats * repeats  # of a request
    total = len(components) * beats
    states = np.array([lfsr.state for lfsr in sampler.lfsrs], np.uint64)
    after = states
    powers, taps = tables(sampler.params)
    # Beats of few lanes are drawn several at a time, if an exemplar is whole words of them.
    narrow = p.lanes < 64 and 64 % p.lanes == 0 and p.beats * p.lanes % 64 == 0 and repeats == 1
    if repeats > 1 and memory.size * repeats > REPEATED:
        most = max(1, REPEATED // (p.code_width * beats))
        chunk = most if chunk is None else min(chunk, most)

    def serve(first: int, end: int) -> None:
        nonlocal after
        part = out[first * repeats : end * repeats].reshape(-1)
        planes, chosen = memory, components[first:end]
        now = jump_all(powers, states, first * beats) if first else states.copy()
        if narrow:
            planes, chosen = _used_planes(memory, chosen)
            draw_narrow(part, join_lanes(planes, p.lanes), chosen, p.lanes, now, taps)
        else:
            if repeats > 1:
                planes, chosen = _used_planes(memory, chosen)
                planes = np.repeat(planes, repeats, axis=2)
            draw_chunk(part, planes, chosen, repeats, p.features, p.lanes, now, taps)
        if end == len(components):
            after = now

    share_out(len(components), serve, total // SMALLEST_SHARE, threads, chunk)
    if narrow:  # where the states have gone further than the last beat
        after = jump_all(powers, states, total)
    for lfsr, state in zip(sampler.lfsrs, after.tolist(), strict=True):
        lfsr.state = state
        lfsr.ticks += total
    sampler.planes_read += total * len(sampler.lfsrs)


def _draw_serial(
    sampler: Sampler, memory: _Words, components: _Integers, out: _Words, *_: int | None
) -> None:
    """Draw in mode ``serial``, where each beat begins after the words that the last one used."""
    p, (lfsr,) = sampler.params.prototypes, sampler.lfsrs
    codes, components = _used_planes(memory, components)
    state, planes_read = draw_planewise(
        out.reshape(-1),
        np.ascontiguousarray(codes.transpose(0, 2, 1)),
        components,
        sampler.params.draws_per_read,
        p.features,
        p.lanes,
        np.uint64(lfsr.state),
        _taps_of(lfsr.params),
    )
    lfsr.state = int(state)
    lfsr.ticks += int(planes_read)
    sampler.planes_read += int(planes_read)


def _used_planes(planes: _Words, components: _Integers) -> tuple[_Words, _Integers]:
    """Return the planes that are drawn from, and the places of the components in them."""
    if len(components) < len(planes):  # few of the rows are needed
        return planes[components], np.arange(len(components))
    return planes, components


@lru_cache(maxsize=64)
def tables(params: SamplerParams) -> tuple[_Words, _Integers]:
    """Return the matrices of the LFSRs of all planes, as `jump_all` takes them, and their taps."""
    lfsrs = params.lfsrs()
    powers = np.stack([doublings(lfsr.width, lfsr.taps, lfsr.step) for lfsr in lfsrs])
    return powers, np.array([lfsr.taps for lfsr in lfsrs])


@lru_cache(maxsize=64)
def _taps_of(params: LfsrParams) -> _Integers:
    """Return the taps of one LFSR."""
    return np.array(params.taps)


def powers_of(lfsr: Lfsr) -> _Words:
    """Return the matrices of an LFSR, as `jump` takes them."""
    return doublings(lfsr.params.width, lfsr.params.taps, lfsr.params.step)


def jump_ahead(lfsr: Lfsr, ticks: int) -> None:
    """Use `ticks` words at once, as `Lfsr.jump` does."""
    lfsr.state = int(jump(powers_of(lfsr), np.uint64(lfsr.state), ticks))
    lfsr.ticks += ticks
