# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of the sampler (contract, 7).

The counters of beats and exemplars and the flags of the pipeline are left out; they have few bits
compared with a word of L.
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
    "expected_early",
    "expected_planes",
    "look_up",
    "memories",
    "name_class",
]


def memories(params: SamplerParams, *, shared: bool = False) -> tuple[Memory, ...]:
    """Return the memories of the prototypes, editable if they are shared, and of the selector."""
    chosen = selector.memories(params.selector, params.prototypes)
    kept = prototypes.memories(params.prototypes, editable=shared)
    return (
        *(memory.within("prototypes") for memory in kept),
        *(memory.within("selector") for memory in chosen),
    )


def append(params: SamplerParams, components: int) -> Tally:
    """Return the actions of appending a class of K components; see `prototypes.append`."""
    return prototypes.append(params.prototypes, components).within("prototypes")


def append_cycles(params: SamplerParams, components: int) -> int:
    """Return the cycles of appending a class of K components: one for its header, one a row."""
    return 1 + components * params.prototypes.beats


def name_class(params: SamplerParams) -> Tally:
    """Return the actions of the selector that choose the class of a request."""
    return selector.name_class(params.selector, params.prototypes).within("selector")


def draw(
    params: SamplerParams,
    requests: int,
    planes: int | Fraction | None = None,
    *,
    shared: bool = False,
) -> Tally:
    """Return the actions of serving some requests, M exemplars each.

    Parameters
    ----------
    params : SamplerParams
    requests : int
        Number of requests, >= 0.
    planes : int or Fraction, optional
        Planes compared over all beats of the requests. By default the expected number. In mode
        ``parallel`` that number is exact, q a beat. The number of a real run is in
        `golden.sampler.Sampler.planes_read`.
    shared : bool
        Whether the prototypes are shared, so that an entry says whether its class is there.

    Raises
    ------
    TypeError, ValueError
        If the number of requests or of planes is impossible.
    """
    planes = _planes(params, requests, planes)
    p, lanes = params.prototypes, _lanes(params)
    beats = p.beats * params.draws_per_read * requests
    word = lfsr.word("lfsr", params.lfsrs()[0])
    if params.mode == "parallel":
        compared, drawn = beats * bernoulli.parallel_beat(lanes), lanes.lanes
    else:
        # The register of the comparators is also the output register.
        compared, drawn = planes * bernoulli.serial_plane(lanes), 0
    tag = field_bits(p.classes - 1) + 1  # the label, and the mark of the last beat
    return (
        requests * look_up(params, shared=shared)
        + requests * p.beats * prototypes.read_row(p).within("prototypes")
        + Tally({Action("rows", "register", tag): requests * p.beats})
        + planes * word
        + compared
        + Tally({Action("output", "register", drawn + tag): beats})
    )


def expected_planes(params: SamplerParams) -> Fraction:
    """Return the expected number of planes of a request; in mode ``parallel``, q for each beat."""
    p = params.prototypes
    if params.mode == "parallel":
        planes = Fraction(p.beats * p.code_width)
    else:
        in_last = p.features - (p.beats - 1) * p.lanes
        whole = bernoulli.expected_planes(_lanes(params))
        planes = (p.beats - 1) * whole + bernoulli.expected_planes(_lanes(params), in_last)
    return params.draws_per_read * planes


def expected_early(params: SamplerParams) -> Fraction:
    """Return the expected beats of a request that are decided before their last plane."""
    p = params.prototypes
    if params.mode == "parallel":
        return Fraction(0)
    in_last = p.features - (p.beats - 1) * p.lanes
    whole, last = (bernoulli.early_share(_lanes(params), live) for live in (p.lanes, in_last))
    return params.draws_per_read * ((p.beats - 1) * whole + last)


def draw_cycles(
    params: SamplerParams,
    requests: int,
    planes: int | Fraction | None = None,
    early: int | Fraction | None = None,
) -> Fraction:
    """Return the cycles of requests that arrive without gaps, with beats taken without waiting.

    The first cycle counted takes the first request. The last one takes the last beat. A beat takes
    one cycle, or in mode ``serial`` one for each of its planes, and another one to see that all
    lanes were decided before the last plane. Before the first beat there are cycles to look up the
    class, to choose the component if there are several, and to read the row.

    Parameters
    ----------
    params, requests, planes
        As for `draw`.
    early : int or Fraction, optional
        Beats that were decided before their last plane; in mode ``parallel`` none. By default the
        expected number.
    """
    planes = _planes(params, requests, planes)
    if not requests:
        return Fraction(0)
    beats = params.prototypes.beats * params.draws_per_read * requests
    latency = 3 + (params.prototypes.class_components > 1)
    if params.mode == "parallel":
        return latency + Fraction(beats)
    ends = requests * expected_early(params) if early is None else early
    return latency + Fraction(planes) + ends


def look_up(params: SamplerParams, *, shared: bool = False) -> Tally:
    """Return the actions that find the component of a request."""
    p = params.prototypes
    component = field_bits(p.components - 1)
    found = prototypes.read_entry(p, editable=shared).within("prototypes")
    chosen = selector.choose(params.selector, p).within("selector")
    if p.class_components == 1:
        return found + chosen
    # The first component and the label are held until the choice is made and added.
    held = Action("request", "register", component + field_bits(p.classes - 1))
    return found + chosen + Tally({held: 1, Action("request", "full_add"): component})


def _lanes(params: SamplerParams) -> BernoulliParams:
    """Return the parameters of the comparators."""
    p = params.prototypes
    return BernoulliParams(code_width=p.code_width, lanes=p.lanes)


def _planes(params: SamplerParams, requests: int, planes: int | Fraction | None) -> int | Fraction:
    """Return the planes of some requests: the given number, checked, or the expected one."""
    check_integer("Requests", requests, 0)
    if planes is None:
        return requests * expected_planes(params)
    beats = params.prototypes.beats * params.draws_per_read * requests
    most = beats * params.prototypes.code_width
    least = most if params.mode == "parallel" else beats
    if not least <= planes <= most:
        raise ValueError(f"Planes of {requests} requests must be {least}..{most}, not {planes}")
    return planes
