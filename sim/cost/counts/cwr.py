# SPDX-License-Identifier: MIT
"""Memory, actions and cycles of the unit that consolidates the classifier's rows (contract, 12).

The counters of lanes and beats are left out; they have few bits compared with a row. The memories
that rows come from and go to count their reads and writes by themselves.
"""

from golden.params import CwrParams
from golden.params.checks import check_integer
from golden.params.training import SEEN_BITS, SHARE_BITS
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["add", "add_cycles", "clear", "memories", "mix", "mix_cycles", "refuse"]

_SHARE_DIGITS = SEEN_BITS + 2 * SHARE_BITS  # of the quotient of two counts
_ROOT_DIGITS = _SHARE_DIGITS // 2


def memories(params: CwrParams) -> tuple[Memory, ...]:
    """Return the memory: how many samples of each class were seen."""
    return (Memory("past", params.classes, SEEN_BITS),)


def clear(params: CwrParams, times: int) -> Tally:
    """Return the actions of clearing the counts of all classes."""
    check_integer("Clears", times, 0)
    return Tally({Action("past", "write", SEEN_BITS): times * params.classes})


def add(params: CwrParams, lanes: int, classes: int) -> Tally:
    """Return the actions of adding up the rows of classes, a weight after another.

    Parameters
    ----------
    params : CwrParams
    lanes : int
        L.
    classes : int

    Raises
    ------
    TypeError, ValueError
        If the number is not an integer >= 0.
    """
    check_integer("Classes to add", classes, 0)
    row = Tally({
        Action("row", "register", lanes * _width(params)): lanes + 1,
        Action("total", "accumulate", _width(params) + field_bits(_terms(params))): lanes,
    })  # fmt: skip
    return classes * _beats(params, lanes) * row


def mix(params: CwrParams, lanes: int, classes: int, means: int) -> Tally:
    """Return the actions of mixing the rows of classes.

    Parameters
    ----------
    params : CwrParams
    lanes : int
        L.
    classes : int
    means : int
        How many of them need a new mean: one for all, or each.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer >= 0.
    """
    check_integer("Classes to mix", classes, 0)
    check_integer("Means", means, 0)
    width = _width(params)
    weighed = _divide(params, _SHARE_DIGITS) + Tally({
        Action("past", "read", SEEN_BITS): 1,
        Action("past", "accumulate", SEEN_BITS): 1,
        Action("past", "write", SEEN_BITS): 1,
        Action("root", "full_add"): _ROOT_DIGITS * (_ROOT_DIGITS + 2),
        Action("root.number", "register", 2 * _ROOT_DIGITS): _ROOT_DIGITS + 1,
        Action("root", "register", 2 * _ROOT_DIGITS + 1): _ROOT_DIGITS + 1,
    })  # fmt: skip
    # Two differences, their magnitude, and the sum with a rounded move.
    moved = _divide(params, width + 1) + Tally({
        Action("weight", "full_add"): 4 * (width + 2),
        Action("way", "register", width + 2): 1,
        Action("rows", "register", 3 * lanes * width): 1,
    })  # fmt: skip
    row = Tally({Action("rows", "register", 2 * lanes * width): 1}) + lanes * moved
    centred = _divide(params, width) + Tally({
        Action("mean", "full_add"): width + field_bits(_terms(params)) + width,
        Action("mean", "register", width): 1,
    })  # fmt: skip
    return classes * (weighed + _beats(params, lanes) * row) + means * centred


def refuse(params: CwrParams, mixes: int) -> Tally:
    """Return the actions of commands to mix that are refused: a count is read all the same."""
    check_integer("Refused commands to mix", mixes, 0)
    return Tally({Action("past", "read", SEEN_BITS): mixes})


def add_cycles(params: CwrParams, lanes: int, classes: int) -> int:
    """Return the cycles of adding up the rows of classes, from command to command.

    Each command is taken, and each row; then a weight is added a cycle.

    Parameters
    ----------
    params : CwrParams
    lanes : int
        L.
    classes : int
    """
    check_integer("Classes to add", classes, 0)
    return classes * (1 + _beats(params, lanes) * (1 + lanes))


def mix_cycles(params: CwrParams, lanes: int, classes: int, means: int) -> int:
    """Return the cycles of mixing the rows of classes, from command to command.

    Each command is taken, two counts are divided, and a root is found. A mean is divided. Each pair
    of rows is taken; then every weight is divided; and the new row is offered. A quotient and a
    root take a cycle for each digit and two in addition; that of a mean or a weight takes one more
    to be rounded.

    Parameters
    ----------
    params : CwrParams
    lanes : int
        L.
    classes : int
    means : int
        How many of them need a new mean.
    """
    check_integer("Classes to mix", classes, 0)
    check_integer("Means", means, 0)
    width = _width(params)
    # The root takes the quotient in the cycle in which it is offered.
    weighing = 1 + _SHARE_DIGITS + 2 + _ROOT_DIGITS + 1
    row = 1 + lanes * (width + 1 + 3) + 1
    return classes * (weighing + _beats(params, lanes) * row) + means * (width + 3)


def _divide(params: CwrParams, digits: int) -> Tally:
    """Return the actions of a quotient: a subtraction for each digit, and one to round."""
    divisor = max(SEEN_BITS, field_bits(_terms(params)))
    return Tally({
        Action("quotient.left", "full_add"): (digits + 1) * (divisor + 1),
        Action("quotient.left", "register", divisor): digits + 1,
        Action("quotient.divisor", "register", divisor): 1,
        Action("quotient.number", "register", _SHARE_DIGITS): digits + 1,
    })  # fmt: skip


def _beats(params: CwrParams, lanes: int) -> int:
    return -(-params.inputs // lanes)


def _terms(params: CwrParams) -> int:
    """Return how many weights a sum has at most."""
    return params.classes * params.inputs


def _width(params: CwrParams) -> int:
    return int(params.width)
