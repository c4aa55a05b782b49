# SPDX-License-Identifier: MIT
"""Actions of the selector, which chooses a class and a component (contract, 6)."""

from golden.params import PrototypesParams, SelectorParams, Stream, stream_params
from golden.params.checks import check_integer
from sim.cost.counts import lfsr
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["choose", "memories", "name_class", "set_weights"]

_WORD_BITS = 16  # bits of a random word, and of the thresholds that it is compared with


def memories(params: SelectorParams, prototypes: PrototypesParams) -> tuple[Memory, ...]:
    """Return the memories: class thresholds in mode ``weighted``, one row for each label."""
    if params.mode != "weighted":
        return ()
    return (Memory("thresholds", 2 ** field_bits(prototypes.classes - 1), _WORD_BITS),)


def set_weights(params: SelectorParams, classes: int) -> Tally:
    """Return the writes of the thresholds of some classes; none except in mode ``weighted``."""
    check_integer("Classes", classes, 1)
    writes = classes - 1 if params.mode == "weighted" else 0
    return Tally({Action("thresholds", "write", _WORD_BITS): writes})


def name_class(params: SelectorParams, prototypes: PrototypesParams) -> Tally:
    """Return the actions that choose the class of a request.

    ``round_robin`` moves its pointer. ``uniform`` multiplies a word by the number of classes, with
    one addition for each bit of the word. ``weighted`` finds the label bit by bit. For each bit it
    compares a candidate label with the number of classes, reads a threshold, and compares it with
    the word.
    """
    label = field_bits(prototypes.classes - 1)
    count = field_bits(prototypes.classes)
    if params.mode == "round_robin":
        return Tally(
            {Action("labels", "accumulate", label): 1, Action("labels", "compare", count): 1}
        )
    word = lfsr.word("lfsr", stream_params(params.seed, Stream.CLASS, _WORD_BITS))
    if params.mode == "uniform":
        return word + Tally({
            Action("labels", "full_add"): count * _WORD_BITS,
            Action("labels", "register", label): 1,
        })  # fmt: skip
    return word + label * (
        Tally({Action("thresholds", "read", _WORD_BITS): 1})
        + Tally({Action("labels", "compare", _WORD_BITS): 1})
        + Tally({Action("labels", "compare", count): 1})
        # The label found so far, and the bit under trial.
        + Tally({Action("labels", "register", label): 2})
    )


def choose(params: SelectorParams, prototypes: PrototypesParams) -> Tally:
    """Return the actions that choose the component of a request.

    A word is used even if the class has one component. It is compared with as many thresholds as
    the largest class has. Only afterwards is it known which of them belong to the class. Those of
    them that are not above the word are then counted.
    """
    others = prototypes.class_components - 1
    word = stream_params(params.seed, Stream.COMPONENT, _WORD_BITS)
    return lfsr.word("component_lfsr", word) + Tally({
        Action("components", "compare", _WORD_BITS): others,
        Action("components", "register"): others,
        Action("components", "full_add"): others - others.bit_count(),
    })  # fmt: skip
