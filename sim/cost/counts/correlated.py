# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of the sampler with factors (contract, 13).

Counters, addresses and the flags of the pipeline are left out; they have few bits compared with a
row of sums.
"""

import math
from statistics import NormalDist

from golden.params import CorrelatedSamplerParams
from golden.params.checks import check_integer
from golden.params.correlated import MAX_SHIFT, SCALE_WIDTH
from sim.cost.counts import lfsr, prototypes, sampler
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["draw", "draw_cycles", "fed_cycles", "load", "load_cycles", "memories"]

_UNIT_BITS = SCALE_WIDTH + 1  # bits of 64 + g, which multiplies a threshold
_ROOT_DIGITS = 10  # binary digits of the root that makes a scale


def memories(params: CorrelatedSamplerParams, *, shared: bool = False) -> tuple[Memory, ...]:
    """Return the memories: those of `sampler`, basis, factors, and tables of constants."""
    p, lanes = params.prototypes, params.lanes_compared
    return (
        *sampler.memories(params, shared=shared),
        Memory("basis.memory", p.beats * params.rank, _loadings_bits(params)),
        Memory("basis.totals", p.lanes, _totals_bits(params), ports=2),
        Memory("basis.scales", p.beats * _groups(params), lanes * SCALE_WIDTH),
        Memory("sums.memory", params.draws_per_read * params.rank, _ones_bits(params), ports=2),
        Memory("lanes.lane.marks", 2 ** (p.code_width - 1), _mark_bits(params), lanes),
        Memory("lanes.lane.noise", 2 ** (p.code_width - 1), _noise_bits(params), lanes),
    )


def load(params: CorrelatedSamplerParams) -> Tally:
    """Return the actions of loading a basis that is not refused.

    Every loading is added up, and squared, lane by lane. A scale takes a subtraction for each digit
    of a root, and a write of its row, of which the other scales are masked. The shifts of its
    number are left out, because they depend on the exponent.
    """
    p = params.prototypes
    magnitude = params.loading_width - 1
    added = Tally({
        Action("basis.totals", "read", _totals_bits(params)): 1,
        Action("basis.totals", "write", _totals_bits(params)): 1,
        Action("basis.square", "full_add"): magnitude**2,
        Action("basis.total", "full_add"): _totals_bits(params),
        Action("basis.row", "register", _loadings_bits(params)): 1,
    })  # fmt: skip
    scaled = Tally({
        Action("basis.scale", "full_add"): _ROOT_DIGITS * (_ROOT_DIGITS + 2),
        Action("basis.scale", "register", 4 * _ROOT_DIGITS + 2): _ROOT_DIGITS,
        Action("basis.scales", "write", params.lanes_compared * SCALE_WIDTH): 1,
    })  # fmt: skip
    row = Tally({
        Action("basis.memory", "write", _loadings_bits(params)): 1,
        Action("basis.row", "register", _loadings_bits(params)): 1,
    })  # fmt: skip
    return p.beats * (params.rank * (row + p.lanes * added) + p.lanes * scaled)


def load_cycles(params: CorrelatedSamplerParams, exponent: int) -> int:
    """Return the cycles of loading a basis whose rows arrive without gaps.

    The first cycle counted takes the exponent. The last one writes the last scale. A row takes a
    cycle, and one for each lane. In the last row of a beat each lane waits for its scale: two
    cycles for its sums, then one to take them and one to offer the scale, one for each digit of the
    root, and one more than the exponent to shift.
    """
    check_integer("Shift e", exponent, 0, MAX_SHIFT)
    p = params.prototypes
    scale = 2 + 1 + _ROOT_DIGITS + exponent + 1
    return 1 + p.beats * (params.rank * (1 + p.lanes) + p.lanes * scale)


def draw(params: CorrelatedSamplerParams, requests: int, *, shared: bool = False) -> Tally:
    """Return the actions of serving some requests, M exemplars each.

    Parameters
    ----------
    params : CorrelatedSamplerParams
    requests : int
        Number of requests, >= 0.
    shared : bool
        As in `sampler.draw`.
    """
    check_integer("Requests", requests, 0)
    p, draws = params.prototypes, params.draws_per_read
    request = (
        sampler.look_up(params, shared=shared)
        + p.beats * prototypes.read_row(p).within("prototypes")
        + draws * params.rank * (_drawn_factor(params) + (p.beats - 1) * _read_factor(params))
        + draws * p.beats * (_summed_beat(params) + _compared_beat(params))
    )
    return requests * request


def draw_cycles(params: CorrelatedSamplerParams, requests: int) -> int:
    """Return the cycles of requests that arrive without gaps, with beats taken without waiting.

    The first cycle counted takes the first request. The last one takes the last beat. A beat takes
    R cycles. Before the first beat there are cycles to look up the class, to choose the component
    if there are several, to pass the cut before the sums, to multiply and add the last loading, to
    compare the groups of lanes in ten stages, to collect the bits, and to pass the cut after them.
    """
    check_integer("Requests", requests, 0)
    if not requests:
        return 0
    p = params.prototypes
    beats = p.beats * params.draws_per_read * requests
    latency = 2 + (p.class_components > 1) + params.rank + 2 + _groups(params) + 9 + 2
    return latency + (beats - 1) * params.rank + 1


def fed_cycles(params: CorrelatedSamplerParams, interval: int) -> int:
    """Return the most cycles from one exemplar to the next where they are fed to a slower block.

    Two beats wait ready while the block is busy, and the others come every R cycles at most after
    the first is taken. If the block is not busy for long enough, beats come every R cycles.

    Parameters
    ----------
    params : CorrelatedSamplerParams
        With one draw a read.
    interval : int
        Cycles from one exemplar to the next of a block that takes a beat a cycle, all beats of an
        exemplar in a row, and is then busy.
    """
    beats, rank = params.prototypes.beats, params.rank
    check_integer(
        "Draws per read M where exemplars are fed to a block", params.draws_per_read, 1, 1
    )
    check_integer("Interval", interval, beats)
    return max(beats * rank, interval + max(0, beats - 2) * (rank - 1))


def _drawn_factor(params: CorrelatedSamplerParams) -> Tally:
    """Return the actions that draw a factor and keep it."""
    return lfsr.word("sums.lfsr", params.factor_lfsr) + Tally({
        Action("sums.factor", "full_add"): params.factor_width - 1,
        Action("sums.memory", "write", _ones_bits(params)): 1,
    })  # fmt: skip


def _read_factor(params: CorrelatedSamplerParams) -> Tally:
    """Return the action that reads a factor again."""
    return Tally({Action("sums.memory", "read", _ones_bits(params)): 1})


def _summed_beat(params: CorrelatedSamplerParams) -> Tally:
    """Return the actions that add the loadings of a beat up, and hand the sums over.

    A factor of one bit inverts a loading. A wider one multiplies it by a number of its bits.
    """
    lanes, width = params.prototypes.lanes, params.loading_width
    if params.factor_width == 1:
        product_bits, multiplied = width, Action("sums.product", "logic")
        steps = lanes * width
    else:
        product_bits = field_bits(params.factor_width * params.highest_loading) + 1
        multiplied = Action("sums.product", "full_add")
        steps = lanes * width * (_ones_bits(params) + 1)
    term = Tally({
        Action("basis.memory", "read", _loadings_bits(params)): 1,
        Action("sums.factor", "register", _ones_bits(params) + 1): 1,
        multiplied: steps,
        Action("sums.product", "register", product_bits): lanes,
        Action("sums.total", "accumulate", params.sum_width): lanes,
    })  # fmt: skip
    held = Action("held", "register", _groups(params) * params.lanes_compared * params.sum_width)
    return params.rank * term + Tally({held: 1})


def _compared_beat(params: CorrelatedSamplerParams) -> Tally:
    """Return the actions that compare the lanes of a beat, group by group, and send it."""
    p, lanes = params.prototypes, params.lanes_compared
    marks, noise = _mark_bits(params), _noise_bits(params)
    limit = marks + _UNIT_BITS - 6 + 1  # bits of a scaled threshold, and its sign
    group = Tally({
        Action("basis.scales", "read", lanes * SCALE_WIDTH): 1,
        Action("lanes.lane.marks", "read", marks): lanes,
        Action("lanes.lane.noise", "read", noise): lanes,
        Action("lanes.lane.product", "full_add"): lanes * marks * _UNIT_BITS,
        Action("lanes.lane.product", "register", marks + _UNIT_BITS): lanes,
        Action("lanes.lane.limit", "full_add"): 2 * lanes * limit,
        Action("lanes.lane.limit", "register", limit): 3 * lanes,
        Action("lanes.lane.noise", "register", noise): 3 * lanes,
        Action("lanes.lane.sum", "register", params.sum_width): 8 * lanes,
        Action("lanes.lane.bits", "compare", limit): lanes,
        Action("held", "register", _groups(params) * lanes * params.sum_width): 1,
        Action("output", "register", _groups(params) * lanes): 1,
    })  # fmt: skip
    word = lfsr.word("lfsr", params.lfsrs()[0])
    tag = Tally({Action("output", "register", field_bits(p.classes - 1) + 1): 1})
    return _groups(params) * group + p.code_width * word + tag


def _groups(params: CorrelatedSamplerParams) -> int:
    """Return the groups of lanes of a beat."""
    return -(-params.prototypes.lanes // params.lanes_compared)


def _loadings_bits(params: CorrelatedSamplerParams) -> int:
    """Return the bits of a row of loadings."""
    return params.prototypes.lanes * params.loading_width


def _totals_bits(params: CorrelatedSamplerParams) -> int:
    """Return the bits of the sums of the magnitudes and of the squares of a lane's loadings."""
    highest = params.highest_loading
    return field_bits(params.rank * highest) + field_bits(params.rank * highest**2)


def _ones_bits(params: CorrelatedSamplerParams) -> int:
    """Return the bits of the ones of a factor's word."""
    return field_bits(params.factor_width)


def _mark_bits(params: CorrelatedSamplerParams) -> int:
    """Return the bits of the highest threshold; codes of one bit have none."""
    q = params.prototypes.code_width
    return field_bits(_quantile(2**q - 1, q, q) if q > 1 else 0)


def _noise_bits(params: CorrelatedSamplerParams) -> int:
    """Return the bits of the highest noise."""
    q = params.prototypes.code_width
    return field_bits(_quantile(2 ** (q + 1) - 1, q + 1, q))


def _quantile(share: int, bits: int, code_width: int) -> int:
    """Return ``S * z(share / 2^bits)``, rounded down. Rounded up, it has no more bits for any q."""
    scale = 2 ** max(code_width, 8)
    return math.floor(scale * NormalDist().inv_cdf(share / 2**bits))
