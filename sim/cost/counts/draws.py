# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of the chip's sampler, with factors or without (contract, 7, 13)."""

from fractions import Fraction

from golden.params import CorrelatedSamplerParams, SamplerParams
from sim.cost.counts import correlated, sampler
from sim.cost.counts.tally import Memory, Tally

__all__ = ["draw", "draw_cycles", "factors_of", "memories"]


def factors_of(params: SamplerParams) -> CorrelatedSamplerParams | None:
    """Return the parameters of a sampler with factors; None if its bits are independent."""
    return params if isinstance(params, CorrelatedSamplerParams) and params.rank else None


def memories(params: SamplerParams, *, shared: bool = False) -> tuple[Memory, ...]:
    """Return the memories; see `sampler.memories` and `correlated.memories`."""
    factors = factors_of(params)
    if factors is None:
        return sampler.memories(params, shared=shared)
    return correlated.memories(factors, shared=shared)


def draw(params: SamplerParams, requests: int, *, shared: bool = False) -> Tally:
    """Return the actions of serving some requests; see `sampler.draw` and `correlated.draw`.

    Parameters
    ----------
    params : SamplerParams
    requests : int
        Number of requests, >= 0.
    shared : bool, optional
        As in `sampler.draw`.
    """
    factors = factors_of(params)
    if factors is None:
        return sampler.draw(params, requests, shared=shared)
    return correlated.draw(factors, requests, shared=shared)


def draw_cycles(params: SamplerParams, requests: int) -> Fraction:
    """Return the cycles of requests that arrive without gaps, with beats taken without waiting."""
    factors = factors_of(params)
    if factors is None:
        return sampler.draw_cycles(params, requests)
    return Fraction(correlated.draw_cycles(factors, requests))
