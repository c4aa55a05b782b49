# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of the class counter (contract, 14).

Actions on a few bits once an exemplar or a command are left out: flags, the states of slots, and
the counter of digits.
"""

from golden.params import ClassCounterParams
from golden.params.checks import check_integer
from sim.cost.counts import mean_code
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["close", "close_cycles", "command", "learn", "learn_cycles", "memories", "refuse"]

_COUNT_BITS = 16  # bits of a count, and of the number of exemplars
_LOOK_UP_CYCLES = 2  # read what is kept of the slot, decide


def memories(params: ClassCounterParams) -> tuple[Memory, ...]:
    """Return the memories: rows of counts, read and written at once, and what is kept of slots."""
    return (
        Memory("counters", params.rows, _row_bits(params), ports=2),
        Memory("seen", params.slots, _slot_bits(params)),
    )


def learn(params: ClassCounterParams, exemplars: int) -> Tally:
    """Return the actions of counting exemplars: every row of counts is read and written."""
    check_integer("Exemplars", exemplars, 0)
    memory = params.prototypes
    row = Tally({
        Action("counters", "read", _row_bits(params)): 1,
        Action("counters", "write", _row_bits(params)): 1,
        Action("count", "accumulate", memory.lanes * _COUNT_BITS): 1,
        Action("input", "register", memory.lanes): 1,
        Action("address", "accumulate", field_bits(params.rows - 1)): 1,
    })  # fmt: skip
    counted = Tally({
        Action("seen", "accumulate", _COUNT_BITS): 1,
        Action("seen", "write", _slot_bits(params)): 1,
    })  # fmt: skip
    return exemplars * (_look_up(params) + counted + memory.beats * row)


def refuse(params: ClassCounterParams, number: int) -> Tally:
    """Return the actions of refused exemplars and commands: each still looks its slot up."""
    check_integer("Refusals", number, 0)
    return number * _look_up(params)


def command(params: ClassCounterParams, *, opened: int, reopened: int) -> Tally:
    """Return the actions of commands that open slots, or reopen them.

    Parameters
    ----------
    params : ClassCounterParams
    opened, reopened : int
        Numbers of commands that are not refused.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer >= 0.
    """
    check_integer("Slots opened", opened, 0)
    check_integer("Slots reopened", reopened, 0)
    begun = Tally({Action("seen", "write", _slot_bits(params)): opened})
    return (opened + reopened) * _look_up(params) + begun


def close(params: ClassCounterParams, classes: int) -> Tally:
    """Return the actions of closing classes: every row of counts is read, divided and rounded.

    The memory to which the rows go counts its writes by itself.
    """
    check_integer("Classes closed", classes, 0)
    memory = params.prototypes
    code = mean_code.divide(memory.code_width, _COUNT_BITS).within("mean_code") + Tally({
        Action("chosen", "register", _COUNT_BITS): 1,
        Action("output", "register", memory.code_width): 1,
    })  # fmt: skip
    row = Tally({
        Action("counters", "read", _row_bits(params)): 1,
        Action("address", "accumulate", field_bits(params.rows - 1)): 1,
    })  # fmt: skip
    return classes * (_look_up(params) + memory.beats * (row + memory.lanes * code))


def learn_cycles(params: ClassCounterParams, exemplars: int) -> int:
    """Return the cycles of exemplars that arrive without gaps, counted or dropped.

    The first cycle counted offers the first exemplar. The last one takes the last beat.
    """
    check_integer("Exemplars", exemplars, 0)
    return exemplars * (_LOOK_UP_CYCLES + params.prototypes.beats)


def close_cycles(params: ClassCounterParams, classes: int) -> int:
    """Return the cycles of closes that arrive without gaps, with rows taken without waiting.

    The first cycle counted takes the first close. The last one takes the last row. A row is read;
    then its counts are divided one by one. The last row of a class and the next close
    are taken in the same cycle.
    """
    check_integer("Classes closed", classes, 0)
    memory = params.prototypes
    row = 1 + memory.lanes * mean_code.divide_cycles(memory.code_width)
    return classes * (_LOOK_UP_CYCLES + 1 + memory.beats * row) + (classes > 0)


def _row_bits(params: ClassCounterParams) -> int:
    """Return the bits of a row of counts."""
    return params.prototypes.lanes * _COUNT_BITS


def _slot_bits(params: ClassCounterParams) -> int:
    """Return the bits that are kept of a slot: its class, and its number of exemplars."""
    return field_bits(params.prototypes.classes - 1) + _COUNT_BITS


def _look_up(params: ClassCounterParams) -> Tally:
    """Return the actions that look up the class of a slot, and how many exemplars it has."""
    return Tally({
        Action("seen", "read", _slot_bits(params)): 1,
        Action("seen", "register", _slot_bits(params)): 1,
        Action("seen", "compare", _COUNT_BITS): 1,
    })  # fmt: skip
