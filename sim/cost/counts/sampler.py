# SPDX-License-Identifier: MIT
"""What the sampler holds and does, and the cycles that it takes (contract, 7).

Left out are the counters of beats and exemplars and the flags of the pipeline, a few bits beside a
word of L.
"""

from fractions import Fraction

from golden.params import BernoulliParams, SamplerParams
from golden.params.checks import check_integer
from sim.cost.counts import bernoulli, lfsr, prototypes, selector
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = [
    "append",
    "append_cycles",
    "draw",
    "draw_cycles",
    "expected_planes",
    "memories",
    "name_class",
]


def memories(params: SamplerParams) -> tuple[Memory, ...]:
    """Return the memories: those of the prototypes and of the selector."""
    chosen = selector.memories(params.selector, params.prototypes)
    return (
        *(memory.within("prototypes") for memory in prototypes.memories(params.prototypes)),
        *(memory.within("selector") for memory in chosen),
    )


def append(params: SamplerParams, components: int) -> Tally:
    """Return what appending a class of K components does; see `prototypes.append`."""
    return prototypes.append(params.prototypes, components).within("prototypes")


def append_cycles(params: SamplerParams, components: int) -> int:
    """Return the cycles of a class of K components: its header, and its rows one a cycle."""
    return 1 + components * params.prototypes.beats


def name_class(params: SamplerParams) -> Tally:
    """Return what the selector does to name the class of a request."""
    return selector.name_class(params.selector, params.prototypes).within("selector")


def draw(params: SamplerParams, requests: int, planes: int | Fraction | None = None) -> Tally:
    """Return what serving some requests does, M exemplars each.

    Parameters
    ----------
    params : SamplerParams
    requests : int
    planes : int or Fraction, optional
        Planes compared over all their beats, q a beat in mode ``parallel``; by default the number
        expected, which is exact there. A run's own number is `golden.sampler.Sampler.planes_read`.

    Raises
    ------
    TypeError, ValueError
        If there are no so many requests or planes.
    """
    planes = _planes(params, requests, planes)
    p, lanes = params.prototypes, _lanes(params)
    beats = p.beats * params.draws_per_read * requests
    word = lfsr.word("lfsr", params.lfsrs()[0])
    if params.mode == "parallel":
        compared, drawn = beats * bernoulli.parallel_beat(lanes), lanes.lanes
    else:
        # The comparators' register is that of the output.
        compared, drawn = planes * bernoulli.serial_plane(lanes), 0
    tag = field_bits(p.classes - 1) + 1  # label, and whether the beat is the last
    return (
        requests * _look_up(params)
        + requests * p.beats * prototypes.read_row(p).within("prototypes")
        + Tally({Action("rows", "register", tag): requests * p.beats})
        + planes * word
        + compared
        + Tally({Action("output", "register", drawn + tag): beats})
    )


def expected_planes(params: SamplerParams) -> Fraction:
    """Return the planes compared for a request on average: q a beat where all are at once."""
    p = params.prototypes
    if params.mode == "parallel":
        planes = Fraction(p.beats * p.code_width)
    else:
        in_last = p.features - (p.beats - 1) * p.lanes
        whole = bernoulli.expected_planes(_lanes(params))
        planes = (p.beats - 1) * whole + bernoulli.expected_planes(_lanes(params), in_last)
    return params.draws_per_read * planes


def draw_cycles(
    params: SamplerParams, requests: int, planes: int | Fraction | None = None
) -> Fraction:
    """Return the cycles of some requests that wait for nothing and whose beats are taken at once.

    From the one in which the first request is taken to that in which the last beat is, both
    counted. A beat takes one cycle, or one for each of its planes in mode ``serial``; before the
    first lie the look-up of its class, the choice of its component where there is one, and the row.

    Parameters
    ----------
    params, requests, planes
        As for `draw`.
    """
    planes = _planes(params, requests, planes)
    if not requests:
        return Fraction(0)
    beats = params.prototypes.beats * params.draws_per_read * requests
    latency = 3 + (params.prototypes.class_components > 1)
    return latency + Fraction(beats if params.mode == "parallel" else planes)


def _lanes(params: SamplerParams) -> BernoulliParams:
    """Return the parameters of the comparators."""
    p = params.prototypes
    return BernoulliParams(code_width=p.code_width, lanes=p.lanes)


def _look_up(params: SamplerParams) -> Tally:
    """Return what turning a request into a component does."""
    p = params.prototypes
    component = field_bits(p.components - 1)
    found = prototypes.read_entry(p).within("prototypes")
    chosen = selector.choose(params.selector, p).within("selector")
    if p.class_components == 1:
        return found + chosen
    # The first component and the label wait for the choice, which is added.
    held = Action("request", "register", component + field_bits(p.classes - 1))
    return found + chosen + Tally({held: 1, Action("request", "full_add"): component})


def _planes(params: SamplerParams, requests: int, planes: int | Fraction | None) -> int | Fraction:
    """Return the planes of some requests, checked if they are given."""
    check_integer("Requests", requests, 0)
    if planes is None:
        return requests * expected_planes(params)
    beats = params.prototypes.beats * params.draws_per_read * requests
    most = beats * params.prototypes.code_width
    least = most if params.mode == "parallel" else beats
    if not least <= planes <= most:
        raise ValueError(f"Planes of {requests} requests must be {least}..{most}, not {planes}")
    return planes
