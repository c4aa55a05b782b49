# SPDX-License-Identifier: MIT
"""The sampler's draw of a batch in one compiled call, for parameters that need no preparation.

The compiled loops draw 32 exemplars in three microseconds. Calls of NumPy and of several kernels
would take thrice as long.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.bits import word_count
from golden.kernels.choices import any_outside, choose
from golden.kernels.compiled import compiled
from golden.kernels.draws import draw_chunk
from golden.lfsr import doublings
from golden.params import SamplerParams
from golden.sampler import Sampler
from golden.selector import Selector

__all__ = ["draw_batch"]

MOST = 2**15  # beats of a batch; more may be worth a second thread

_Words = NDArray[np.uint64]


class _Plan(NamedTuple):
    """What the parameters say once and for all."""

    plain: bool  # whether words are drawn as they lie in memory, and so may be drawn here
    features: int
    beats: int
    width: int  # words of an exemplar
    taps: NDArray[np.int64]  # of each plane
    choice_taps: NDArray[np.int64]
    choice_powers: _Words


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
    plan, n = _plan(sampler.params), len(requests)
    memory = sampler.prototypes
    if not plan.plain or sampler.read_errors or memory.removed or n * plan.beats > MOST:
        return None
    lfsrs = (*sampler.lfsrs, sampler.selector.component_lfsr)
    before = [lfsr.state for lfsr in lfsrs]
    if 0 in before:
        return None
    states, out = np.array(before, np.uint64), np.zeros((n, plan.width), np.uint64)
    if not _draw(out, requests, memory.class_table(), memory.planes, states, plan[1:]):
        return None
    beats = n * plan.beats
    for lfsr, state in zip(lfsrs, states.tolist(), strict=True):
        lfsr.state = state
        lfsr.ticks += beats
    lfsrs[-1].ticks += n - beats
    sampler.rows_read += beats
    sampler.planes_read += beats * len(sampler.lfsrs)
    return out


@lru_cache(maxsize=64)
def _plan(params: SamplerParams) -> _Plan:
    p, choice = params.prototypes, Selector(params.selector).component_lfsr.params
    plain = params.mode == "parallel" and params.draws_per_read == 1 and p.lanes == 64
    return _Plan(
        plain,
        p.features,
        p.beats,
        word_count(p.features),
        np.array([lfsr.taps for lfsr in params.lfsrs()]),
        np.array(choice.taps),
        doublings(choice.width, choice.taps, choice.step),
    )


@compiled()
def _draw(out, requests, table, planes, states, plan):
    """Choose the components and draw; return whether all requests have a class in the table."""
    (counts, thresholds), (features, _, _, taps, choice_taps, powers) = table, plan
    if any_outside(requests, len(counts)):
        return False
    components, q = np.empty(len(requests), np.int64), planes.shape[1]
    states[q] = choose(components, requests, counts, thresholds, powers, states[q], choice_taps)
    draw_chunk(out.reshape(-1), planes, components, 1, features, 64, states[:q], taps)
    return True
