# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of the classifier that learns in integers (contract, 12).

The counters of classes, rows and exemplars and the marks beside the stages are left out; they have
few bits compared with a row.
"""

from golden.params import TrainerParams
from golden.params.checks import check_integer
from golden.params.training import PROBABILITY_BITS
from sim.cost.counts import hidden_layer, hidden_trainer, lfsr, softmax
from sim.cost.counts.adder_tree import tree_of
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = [
    "classify",
    "classify_cycles",
    "clear",
    "learn",
    "learn_cycles",
    "leave_out",
    "memories",
    "read_hidden_rows",
    "read_rows",
    "take_cycles",
    "write_hidden_rows",
    "write_rows",
]


def memories(params: TrainerParams, batch: int) -> tuple[Memory, ...]:
    """Return the memories: rows of weights, bits and errors of a batch, and the hidden layer's."""
    frozen, learning = hidden_layer.memories, hidden_trainer.memories
    hidden = learning(params, batch) if params.trains_hidden else frozen(params)
    return (
        Memory("weights", params.rows, _row_bits(params), ports=2),
        Memory("exemplars", batch * params.beats, params.lanes),
        Memory("errors", batch * params.classes, int(params.backward_width)),
        *(memory.within("softmax") for memory in softmax.memories(params)),
        *(memory.within("hidden") for memory in hidden),
    )


def clear(params: TrainerParams, times: int) -> Tally:
    """Return the actions of clearing all rows."""
    check_integer("Clears", times, 0)
    return write_rows(params, times * params.rows)


def write_rows(params: TrainerParams, rows: int) -> Tally:
    """Return the actions of writing rows of weights."""
    check_integer("Rows to write", rows, 0)
    width = _row_bits(params)
    written = {Action("weights", "write", width): 1, Action("row", "register", width): 1}
    return rows * Tally(written)


def read_rows(params: TrainerParams, rows: int) -> Tally:
    """Return the actions of reading rows of weights."""
    check_integer("Rows to read", rows, 0)
    return Tally({Action("weights", "read", _row_bits(params)): rows})


def write_hidden_rows(params: TrainerParams, rows: int) -> Tally:
    """Return the actions of writing rows of the hidden layer."""
    layer = hidden_trainer if params.trains_hidden else hidden_layer
    return layer.write_rows(params, rows).within("hidden")


def read_hidden_rows(params: TrainerParams, rows: int) -> Tally:
    """Return the actions of reading rows of a hidden layer that learns."""
    return hidden_trainer.read_rows(params, rows).within("hidden")


def leave_out(params: TrainerParams, exemplars: int) -> Tally:
    """Return the actions of exemplars of unknown classes: their bits are taken all the same."""
    check_integer("Exemplars to leave out", exemplars, 0)
    return _take(params, exemplars) + _keep(params, exemplars)


def classify(params: TrainerParams, exemplars: int, classes: int) -> Tally:
    """Return the actions of classifying exemplars, or of the forward pass of learning them.

    What a hidden layer keeps of an exemplar to learn is left out.

    Parameters
    ----------
    params : TrainerParams
    exemplars : int
    classes : int
        Classes that are compared.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer >= 0.
    """
    check_integer("Exemplars", exemplars, 0)
    check_integer("Classes", classes, 0)
    q_f, q_b, lanes = int(params.forward_width), int(params.backward_width), params.lanes
    adders, registers = tree_of(lanes, q_f + 1)
    rounded = {Action("forward", "full_add"): lanes * q_b} if q_b > q_f else {}
    row = _read(params) + Tally({
        Action("term", "full_add"): lanes * q_f,
        Action("term", "register", lanes * (q_f + 1)): 1,
        Action("tree", "full_add"): adders,
        Action("sum", "accumulate", _sum_bits(params)): 1,
        **({Action("tree", "register", registers): 1} if registers else {}),
        **rounded,
    })  # fmt: skip
    compared = Tally({Action("best", "compare", _sum_bits(params)): classes})
    return exemplars * (_take(params, 1) + classes * params.beats * row + compared)


def learn(params: TrainerParams, exemplars: int, classes: int) -> Tally:
    """Return the actions of learning one batch.

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
    forward = classify(params, exemplars, classes) + _keep(params, exemplars)
    if not exemplars:
        return forward
    q_b, lanes = int(params.backward_width), params.lanes
    by_chance = params.rounding == "stochastic"
    word = lfsr.word("rounding", params.lfsr) if by_chance else Tally()
    error = word + Tally({
        Action("logit", "full_add"): _sum_bits(params),
        Action("error", "full_add"): PROBABILITY_BITS + 2,
        Action("errors", "write", q_b): 1,
    })  # fmt: skip
    width = q_b + field_bits(exemplars)
    added = Tally({
        Action("exemplars", "read", lanes): 1,
        Action("bits", "register", lanes): 1,
        Action("errors", "read", q_b): 1,
        Action("errors", "register", q_b): 1,
        Action("gradient", "accumulate", lanes * width): 1,
    })  # fmt: skip
    updated = Tally({
        Action("weights", "read", _row_bits(params)): 1,
        Action("held", "register", _row_bits(params)): 1,
        Action("step", "full_add"): lanes * width,
        Action("step", "register", lanes * width): 1,
        Action("weight", "full_add"): lanes * (q_b + 1),
    })  # fmt: skip
    shares = softmax.share(params, classes).within("softmax")
    rows = classes * params.beats
    update = exemplars * added + word + updated + write_rows(params, 1)
    hidden = _learn_hidden(params, exemplars, classes) if params.trains_hidden else Tally()
    return forward + exemplars * (shares + classes * error) + hidden + rows * update


def classify_cycles(params: TrainerParams, exemplars: int, classes: int) -> int:
    """Return the cycles of exemplars that arrive without gaps, with answers taken without waiting.

    The first cycle counted offers the first beat. The last one takes the last answer. The beats are
    taken; then a row is read in each cycle. The last one takes a cycle each for its weights, its
    terms, every level of the tree, its sum and the comparison.

    Parameters
    ----------
    params : TrainerParams
    exemplars : int
    classes : int
        Classes that the command names.
    """
    check_integer("Exemplars", exemplars, 0)
    check_integer("Classes", classes, 1)
    return _passed(params, exemplars, _forward_cycles(params, classes) + 1)


def learn_cycles(params: TrainerParams, exemplars: int, classes: int) -> int:
    """Return the cycles from the command to learn a batch until the next command is taken.

    The command is taken. For each exemplar its beats are taken, all rows are read and summed, and
    the softmax gives its shares after it took the last sum. Then, after a cycle, a hidden layer
    learns, unless it is frozen; and every row reads all exemplars. The last one goes through all
    stages.

    Parameters
    ----------
    params : TrainerParams
    exemplars : int
    classes : int
        Classes that the command names.
    """
    check_integer("Exemplars", exemplars, 1)
    check_integer("Classes", classes, 1)
    update = 1 + exemplars * classes * params.beats + 4 + _levels(params)
    if params.trains_hidden:
        update += hidden_trainer.learn_cycles(params, exemplars, classes)
    return 1 + _passed(params, exemplars, take_cycles(params, classes)) + update


def take_cycles(params: TrainerParams, classes: int) -> int:
    """Return the cycles from one exemplar of a batch to the next, with beats that do not wait.

    A hidden layer may take longer; then exemplars follow at its pace.

    Parameters
    ----------
    params : TrainerParams
    classes : int
        Classes that the command names.
    """
    check_integer("Classes", classes, 1)
    # The softmax takes the last sum in the cycle in which it is there.
    return _forward_cycles(params, classes) + softmax.share_cycles(classes) - classes


def _take(params: TrainerParams, exemplars: int) -> Tally:
    """Return the actions of taking exemplars, through a hidden layer where there is one."""
    kept = Tally({Action("exemplars", "write", params.lanes): exemplars * params.beats})
    layer = hidden_trainer if params.trains_hidden else hidden_layer
    return kept + layer.pass_on(params, exemplars).within("hidden")


def _keep(params: TrainerParams, exemplars: int) -> Tally:
    """Return the actions of what a hidden layer that learns keeps of exemplars to learn."""
    if not params.trains_hidden:
        return Tally()
    return hidden_trainer.keep(params, exemplars).within("hidden")


def _learn_hidden(params: TrainerParams, exemplars: int, classes: int) -> Tally:
    """Return the actions of learning a batch in the hidden layer, with what it is given."""
    q_b, row = int(params.backward_width), _row_bits(params)
    given = Tally({
        Action("weights", "read", row): 1,
        Action("held", "register", row): 1,
        Action("errors", "read", q_b): 1,
        Action("errors", "register", q_b): 1,
    })  # fmt: skip
    asked = exemplars * hidden_trainer.groups(params) * classes
    own = hidden_trainer.learn(params, exemplars, classes).within("hidden")
    return asked * given + own + hidden_trainer.words(params, exemplars)


def _passed(params: TrainerParams, exemplars: int, each: int) -> int:
    """Return the cycles of exemplars that take `each` in the classifier, hidden layer included.

    It works on the next exemplar while the classifier works on one, and the first one waits for it.
    """
    if not (params.hidden and exemplars):
        return exemplars * each
    begin = params.without_hidden.beats - 1 + hidden_layer.latency(params)
    pace = max(each, hidden_layer.interval(params))
    return begin + (exemplars - 1) * pace + each


def _forward_cycles(params: TrainerParams, classes: int) -> int:
    """Return the cycles from the first beat of an exemplar to the sum of the last class."""
    return params.beats + classes * params.beats + 4 + _levels(params)


def _read(params: TrainerParams) -> Tally:
    """Return the actions that bring a row of weights and the bits of an exemplar to the lanes."""
    return Tally({
        Action("weights", "read", _row_bits(params)): 1,
        Action("held", "register", _row_bits(params)): 1,
        Action("exemplars", "read", params.lanes): 1,
        Action("bits", "register", params.lanes): 1,
    })  # fmt: skip


def _levels(params: TrainerParams) -> int:
    return (params.lanes - 1).bit_length()


def _row_bits(params: TrainerParams) -> int:
    """Return the bits of a row of weights."""
    return params.lanes * int(params.backward_width)


def _sum_bits(params: TrainerParams) -> int:
    """Return the bits of a sum of the classifier."""
    return int(params.forward_width) + field_bits(params.concat)
