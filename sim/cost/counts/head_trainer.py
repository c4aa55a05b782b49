# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of the head that learns on the chip: those of its trainer.

The control around the trainer has a few counters and no memory; they are left out.
"""

from golden.params import ChipParams, TrainerParams
from golden.params.checks import check_integer
from sim.cost.counts import trainer
from sim.cost.counts.tally import Memory, Tally

__all__ = [
    "classify",
    "clear",
    "learn",
    "load",
    "load_hidden",
    "memories",
    "read",
    "read_cycles",
    "read_hidden",
    "read_hidden_cycles",
]

_WORD = 64  # bits of a word of the chip's streams


def memories(params: ChipParams) -> tuple[Memory, ...]:
    """Return the memories of the head that learns; none without one."""
    if params.head is None:
        return ()
    return tuple(m.within("trainer") for m in trainer.memories(params.head, params.batch))


def learn(params: ChipParams, exemplars: int, classes: int, strangers: int = 0) -> Tally:
    """Return the actions of learning one batch, beside those of drawing its past.

    Parameters
    ----------
    params : ChipParams
    exemplars, classes : int
        Exemplars that are learned, and classes of the softmax.
    strangers : int, optional
        Exemplars of other classes, which are left out.
    """
    head = _head(params)
    done = trainer.learn(head, exemplars, classes) + trainer.leave_out(head, strangers)
    return done.within("trainer")


def classify(params: ChipParams, exemplars: int, classes: int) -> Tally:
    """Return the actions of naming exemplars.

    Parameters
    ----------
    params : ChipParams
    exemplars, classes : int
        Exemplars to name, and classes that are compared.
    """
    return trainer.classify(_head(params), exemplars, classes).within("trainer")


def load(params: ChipParams, classes: int) -> Tally:
    """Return the actions of writing the rows of classes."""
    head = _head(params)
    return trainer.write_rows(head, classes * head.beats).within("trainer")


def load_hidden(params: ChipParams, neurons: int) -> Tally:
    """Return the actions of writing the weights of neurons of the hidden layer."""
    head = _head(params)
    rows = neurons * head.without_hidden.beats
    return trainer.write_hidden_rows(head, rows).within("trainer")


def read(params: ChipParams, classes: int) -> Tally:
    """Return the actions of sending the rows of classes."""
    head = _head(params)
    return trainer.read_rows(head, classes * head.beats).within("trainer")


def read_hidden(params: ChipParams, neurons: int) -> Tally:
    """Return the actions of sending the rows of neurons of a hidden layer that learns."""
    head = _layer(params)
    rows = neurons * head.without_hidden.beats
    return trainer.read_hidden_rows(head, rows).within("trainer")


def clear(params: ChipParams, times: int) -> Tally:
    """Return the actions of clearing all rows, as a reset does."""
    return trainer.clear(_head(params), times).within("trainer")


def read_cycles(params: ChipParams, classes: int) -> int:
    """Return the cycles from the command to read until the next command can be taken.

    The command is taken. Then a row takes a cycle to be read and one for each of its words, all of
    which are taken at once.
    """
    head = _head(params)
    check_integer("Classes", classes, 1, head.classes)
    return _cycles_of_rows(head, classes * head.beats, int(head.backward_width))


def read_hidden_cycles(params: ChipParams, neurons: int) -> int:
    """Return the same of the command to read neurons of a hidden layer that learns."""
    head = _layer(params)
    check_integer("Neurons", neurons, 1, head.hidden)
    return _cycles_of_rows(head, neurons * head.without_hidden.beats, int(head.binary_width))


def _cycles_of_rows(head: TrainerParams, rows: int, width: int) -> int:
    return 1 + rows * (1 + -(-head.lanes * width // _WORD))


def _head(params: ChipParams) -> TrainerParams:
    if params.head is None:
        raise ValueError("Chip must have a head that learns: head must be given")
    return params.head


def _layer(params: ChipParams) -> TrainerParams:
    head = _head(params)
    if not head.trains_hidden:
        raise ValueError(
            "Head that learns must have a hidden layer that learns: H >= 1 and q_v > 1, "
            f"not {head.hidden} and {head.binary_width}"
        )
    return head
