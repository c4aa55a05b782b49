# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of the softmax and of its divider (contract, 12).

The counters of classes and the marks beside the stages are left out; they have few bits.
"""

from golden.params import TrainerParams
from golden.params.checks import check_integer
from golden.params.training import PROBABILITY_BITS
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["divide", "memories", "share", "share_cycles"]

_LOGIT_BITS = 8
_TABLE_ROWS = 256
_TABLE_BITS = 31  # of an exponential, 1 included
_STAGES = 4  # from a logit that is asked for to its exponential
_DIVIDER_STAGES = PROBABILITY_BITS + 2


def memories(params: TrainerParams) -> tuple[Memory, ...]:
    """Return the memories: the logits of a sample, and the table of exponentials."""
    return (
        Memory("logits", params.classes, _LOGIT_BITS),
        Memory("table", _TABLE_ROWS, _TABLE_BITS),
    )


def share(params: TrainerParams, classes: int) -> Tally:
    """Return the actions of the softmax of one sample: each logit is read twice.

    Parameters
    ----------
    params : TrainerParams
    classes : int
        Classes of the softmax.

    Raises
    ------
    TypeError, ValueError
        If the number is not an integer >= 0.
    """
    check_integer("Classes of a softmax", classes, 0)
    exponential = Tally({
        Action("logits", "read", _LOGIT_BITS): 1,
        Action("distance", "full_add"): _LOGIT_BITS,
        Action("distance", "register", _LOGIT_BITS): 1,
        Action("table", "read", _TABLE_BITS): 1,
        Action("power", "register", _TABLE_BITS): 1,
    })  # fmt: skip
    width = _total_bits(params)
    logit = Tally({
        Action("logits", "write", _LOGIT_BITS): 1,
        Action("latest", "register", _LOGIT_BITS): 1,
        Action("highest", "compare", _LOGIT_BITS): 1,
        Action("total", "accumulate", width): 1,
    })  # fmt: skip
    return classes * (logit + 2 * exponential + divide(width).within("divider"))


def divide(width: int) -> Tally:
    """Return the actions of one share: a subtraction of each of its digits, in a stage each."""
    digits = PROBABILITY_BITS + 1
    return Tally({
        Action("left", "full_add"): (digits + 1) * (width + 1),
        Action("left", "register", width + 1): digits + 1,
        Action("digits", "register", 1): digits * (digits + 1) // 2,
    })  # fmt: skip


def share_cycles(classes: int) -> int:
    """Return the cycles from the first logit of a sample to its last share, nothing waiting.

    The logits are taken, then read and added up, then read and divided, one a cycle. Both passes
    go through all stages, the second through those of the divider, too.
    """
    check_integer("Classes of a softmax", classes, 1)
    return 3 * classes + 2 * _STAGES + _DIVIDER_STAGES


def _total_bits(params: TrainerParams) -> int:
    return field_bits(params.classes * 2 ** (_TABLE_BITS - 1))
