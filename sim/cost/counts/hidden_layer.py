# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of the hidden layer of a trainer, frozen or not (contract, 12).

The counters of rows and beats and the marks beside the stages are left out; they have few bits. So
are the cycles in which the popcount runs empty behind the last row of an exemplar.
"""

from golden.params import TrainerParams, XnorParams
from golden.params.checks import check_integer
from sim.cost.counts import xnor
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["interval", "latency", "memories", "pass_on", "rows", "write_rows"]


def rows(params: TrainerParams) -> int:
    """Return the rows of binary weights, ``H * ceil(D/L)``; 0 without a hidden layer."""
    return params.hidden * params.without_hidden.beats


def memories(params: TrainerParams) -> tuple[Memory, ...]:
    """Return the memories: rows of weights, and the exemplar that is worked on."""
    if not params.hidden:
        return ()
    return (
        Memory("weights", rows(params), params.lanes, ports=2),
        Memory("exemplar", params.without_hidden.beats, params.lanes),
    )


def write_rows(params: TrainerParams, count: int) -> Tally:
    """Return the actions of writing rows of weights."""
    check_integer("Rows to write", count, 0)
    return Tally({Action("weights", "write", params.lanes): count})


def pass_on(params: TrainerParams, exemplars: int) -> Tally:
    """Return the actions of making the inputs of the classifier from exemplars.

    Every row of weights is read once an exemplar, beside a beat of the exemplar; then the beats of
    the exemplar are read once more, to be sent. The neurons move up as each of them comes, and down
    as their beats leave; those that share a beat with the exemplar keep what that leaves over.

    Parameters
    ----------
    params : TrainerParams
    exemplars : int

    Raises
    ------
    TypeError, ValueError
        If the number is not an integer >= 0.
    """
    check_integer("Exemplars", exemplars, 0)
    if not params.hidden:
        return Tally()
    beats, lanes = params.without_hidden.beats, params.lanes
    row = xnor.tally(XnorParams(inputs=lanes)).within("xnor") + Tally({
        Action("weights", "read", lanes): 1,
        Action("exemplar", "read", lanes): 1,
        Action("count", "accumulate", field_bits(params.features)): 1,
    })  # fmt: skip
    whole = params.hidden // lanes > 0
    moved = params.hidden + (params.beats if whole else beats)
    sent = Tally({
        Action("exemplar", "write", lanes): beats,
        Action("exemplar", "read", lanes): beats,
        Action("count", "compare", field_bits(params.features)): params.hidden,
        Action("neurons", "register", params.hidden): moved,
    })  # fmt: skip
    return exemplars * (rows(params) * row + sent)


def latency(params: TrainerParams) -> int:
    """Return the cycles from the last beat of an exemplar to the first one that is sent.

    A row is read in each cycle. The last one takes one for its bits, those of the popcount, and one
    for the neuron; then the first beat is there.
    """
    return rows(params) + 2 + xnor.latency(XnorParams(inputs=params.lanes))


def interval(params: TrainerParams) -> int:
    """Return the cycles from one exemplar to the next, with beats that do not wait."""
    return params.without_hidden.beats - 1 + latency(params) + params.beats
