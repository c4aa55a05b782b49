# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of a hidden layer that learns (contract, 12).

The counters of neurons, rows and exemplars and the marks beside the stages are left out, as those
of the layer are: they have few bits.
"""

from golden.params import TrainerParams
from golden.params.checks import check_integer
from sim.cost.counts import hidden_layer, lfsr
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = [
    "groups",
    "keep",
    "learn",
    "learn_cycles",
    "memories",
    "pass_on",
    "read_rows",
    "words",
    "write_rows",
]

_STAGES = 5  # registers from a row that is asked for to what is written


def groups(params: TrainerParams) -> int:
    """Return the groups of L neurons whose gradients are summed at once."""
    return -(-params.hidden // params.lanes)


def memories(params: TrainerParams, batch: int) -> tuple[Memory, ...]:
    """Return the memories: latent weights, their signs apart; exemplars of a batch and gradients.

    The signs are the binary weights of the layer.
    """
    lanes, kept = params.lanes, batch * groups(params)
    return (
        *(memory.within("layer") for memory in hidden_layer.memories(params)),
        Memory("rests", hidden_layer.rows(params), lanes * _rest(params), ports=2),
        Memory("exemplars", batch * params.without_hidden.beats, lanes),
        Memory("near", kept, lanes),
        Memory("gradients", kept, lanes * int(params.backward_width)),
    )


def write_rows(params: TrainerParams, count: int) -> Tally:
    """Return the actions of writing rows of latent weights."""
    signs = hidden_layer.write_rows(params, count).within("layer")
    return signs + Tally({Action("rests", "write", params.lanes * _rest(params)): count})


def read_rows(params: TrainerParams, count: int) -> Tally:
    """Return the actions of reading rows of latent weights."""
    check_integer("Rows to read", count, 0)
    return Tally({
        Action("layer.weights", "read", params.lanes): count,
        Action("rests", "read", params.lanes * _rest(params)): count,
    })  # fmt: skip


def pass_on(params: TrainerParams, exemplars: int) -> Tally:
    """Return the actions of making the inputs of the classifier from exemplars.

    Two comparisons a neuron tell whether its sum is within the window. These marks move up as the
    neurons come, and down as their beats leave.

    Parameters
    ----------
    params : TrainerParams
    exemplars : int

    Raises
    ------
    TypeError, ValueError
        If the number is not an integer >= 0.
    """
    passed = hidden_layer.pass_on(params, exemplars).within("layer")
    moved = params.hidden + (params.beats if params.hidden > params.lanes else 0)
    marked = Tally({
        Action("layer.near", "compare", field_bits(params.features)): 2 * params.hidden,
        Action("layer.near", "register", params.hidden): moved,
    })  # fmt: skip
    return passed + exemplars * marked


def keep(params: TrainerParams, exemplars: int) -> Tally:
    """Return the actions of keeping exemplars for a batch, with the marks of their neurons.

    Parameters
    ----------
    params : TrainerParams
    exemplars : int
        Those of a command to learn, whatever their classes.

    Raises
    ------
    TypeError, ValueError
        If the number is not an integer >= 0.
    """
    check_integer("Exemplars", exemplars, 0)
    return exemplars * Tally({
        Action("exemplars", "write", params.lanes): params.without_hidden.beats,
        Action("near", "write", params.lanes): groups(params),
    })  # fmt: skip


def learn(params: TrainerParams, exemplars: int, classes: int) -> Tally:
    """Return the actions of steps 2 and 3 of a batch, but for what the trainer reads.

    A word of stream 21 rounds the gradients of a group of neurons, or a row of latent weights.

    Parameters
    ----------
    params : TrainerParams
    exemplars : int
        Those of the batch that are learned.
    classes : int
        Classes of the softmax.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer >= 0.
    """
    check_integer("Exemplars", exemplars, 0)
    check_integer("Classes", classes, 0)
    if not exemplars:
        return Tally()
    q_b, q_v, lanes = int(params.backward_width), int(params.binary_width), params.lanes
    total, width = 2 * q_b - 1 + field_bits(params.classes), q_b + field_bits(exemplars)
    product = Tally({
        Action("product", "full_add"): lanes * q_b * (q_b - 1),
        Action("product", "register", lanes * 2 * q_b): 1,
        Action("total", "accumulate", lanes * total): 1,
    })  # fmt: skip
    summed = Tally({
        Action("near", "read", lanes): 1,
        Action("gradient", "full_add"): lanes * total,
        Action("gradients", "register", lanes * q_b): 1,
        Action("gradients", "write", lanes * q_b): 1,
    })  # fmt: skip
    added = Tally({
        Action("exemplars", "read", lanes): 1,
        Action("bits", "register", lanes): 1,
        Action("gradients", "read", lanes * q_b): 1,
        Action("error", "register", q_b): 1,
        Action("step", "accumulate", lanes * width): 1,
    })  # fmt: skip
    moved = Tally({
        Action("held", "register", lanes * q_v): 1,
        Action("step", "full_add"): lanes * width,
        Action("step", "register", lanes * width): 1,
        Action("latent", "full_add"): lanes * (q_v + 1),
        Action("row", "register", lanes * q_v): 1,
    })  # fmt: skip
    rows, sums = hidden_layer.rows(params), exemplars * groups(params)
    moved += read_rows(params, 1) + write_rows(params, 1)
    return sums * (classes * product + summed) + rows * (exemplars * added + moved)


def words(params: TrainerParams, exemplars: int) -> Tally:
    """Return the words of stream 21 that steps 2 and 3 of a batch use.

    Parameters
    ----------
    params : TrainerParams
    exemplars : int
        Those of the batch that are learned.

    Raises
    ------
    TypeError, ValueError
        If the number is not an integer >= 0.
    """
    check_integer("Exemplars", exemplars, 0)
    if params.rounding != "stochastic" or not exemplars:
        return Tally()
    used = exemplars * groups(params) + hidden_layer.rows(params)
    return used * lfsr.word("rounding", params.lfsr)


def learn_cycles(params: TrainerParams, exemplars: int, classes: int) -> int:
    """Return the cycles for which the layer learns a batch, while the classifier waits.

    A class of a group of neurons takes one, and so does an exemplar of a row of latent weights.
    The last one of both goes through all stages. A batch without exemplars is not learned.

    Parameters
    ----------
    params : TrainerParams
    exemplars : int
        Those of the batch that are learned.
    classes : int
        Classes of the softmax.

    Raises
    ------
    TypeError, ValueError
        If the exemplars are not an integer >= 0, or the classes not one >= 1.
    """
    check_integer("Exemplars", exemplars, 0)
    check_integer("Classes", classes, 1)
    if not exemplars:
        return 0
    rows = hidden_layer.rows(params)
    return exemplars * (groups(params) * classes + rows) + 2 * _STAGES


def _rest(params: TrainerParams) -> int:
    """Return the bits of a latent weight without its sign."""
    return int(params.binary_width) - 1
