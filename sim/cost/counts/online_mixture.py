# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of components that compete for exemplars (contract, 16).

Actions on a few bits once an exemplar or a command are left out: flags, the states of slots, and
the counter of digits.
"""

from golden.params import ClassCounterParams, OnlineMixtureParams, XnorParams
from golden.params.checks import check_integer
from golden.params.classes import MAX_COUNT
from sim.cost.counts import mean_code, xnor
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["close", "close_cycles", "command", "learn", "learn_cycles", "memories", "refuse"]

_COUNT_BITS = 16  # bits of a count, and of the number of exemplars of a component
_THRESHOLD_BITS = 16
_LOOK_UP_CYCLES = 2  # read what is kept of the slot, decide
_THRESHOLD_CYCLES = _THRESHOLD_BITS + 4  # read and add a number; take, divide and round


def memories(params: OnlineMixtureParams, counter: ClassCounterParams) -> tuple[Memory, ...]:
    """Return the memories: counts, majorities, an exemplar, and what is kept of all.

    Counts are read and written at once. Majorities, K*B rows of L bits a slot, spare the comparison
    the counts; the exemplar, B rows, waits for its winner.
    """
    p, places = counter.prototypes, counter.slots * params.components
    return (
        Memory("counters", places * p.beats, p.lanes * _COUNT_BITS, ports=2),
        Memory("majorities", places * p.beats, p.lanes),
        Memory("exemplar", p.beats, p.lanes),
        Memory("seen", places, _COUNT_BITS),
        Memory("kept", counter.slots, _kept_bits(params, counter)),
    )


def learn(
    params: OnlineMixtureParams,
    counter: ClassCounterParams,
    *,
    begun: int,
    counted: int,
    full: int = 0,
    closed: int = 0,
) -> Tally:
    """Return the actions of exemplars.

    Parameters
    ----------
    params : OnlineMixtureParams
    counter : ClassCounterParams
    begun : int
        Exemplars that begin a component: the first K of a class. They are compared with none.
    counted : int
        Others that are counted.
    full : int
        Those that are compared, and dropped because their winner is full.
    closed : int
        Those of slots that are not open.
    """
    given = {"begun": begun, "counted": counted, "full": full, "closed": closed}
    for name, number in given.items():
        check_integer(f"Exemplars {name}", number, 0)
    p = counter.prototypes
    taken = _look_up(params, counter) + Tally({Action("exemplar", "write", p.lanes): p.beats})
    return (
        sum(given.values()) * taken
        + (counted + full) * params.components * _compare(params, counter)
        + (begun + counted) * _count(params, counter)
    )


def refuse(params: OnlineMixtureParams, counter: ClassCounterParams, number: int) -> Tally:
    """Return the actions of refused commands: each still looks its slot up.

    Parameters
    ----------
    params : OnlineMixtureParams
    counter : ClassCounterParams
    number : int
        Commands.
    """
    check_integer("Refusals", number, 0)
    return number * _look_up(params, counter)


def command(
    params: OnlineMixtureParams, counter: ClassCounterParams, *, opened: int, reopened: int
) -> Tally:
    """Return the actions of commands that open slots, or reopen them.

    Parameters
    ----------
    params : OnlineMixtureParams
    counter : ClassCounterParams
    opened, reopened : int
        Numbers of commands that are not refused.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer >= 0.
    """
    check_integer("Slots opened", opened, 0)
    check_integer("Slots reopened", reopened, 0)
    begun = Tally({Action("kept", "write", _kept_bits(params, counter)): opened})
    return (opened + reopened) * _look_up(params, counter) + begun


def close(
    params: OnlineMixtureParams, counter: ClassCounterParams, classes: int, used: int
) -> Tally:
    """Return the actions of closing classes: thresholds are divided, and rows of counts.

    The memory to which the rows go counts its writes by itself.

    Parameters
    ----------
    params : OnlineMixtureParams
    counter : ClassCounterParams
    classes : int
    used : int
        Components that have exemplars, of all these classes together.
    """
    check_integer("Classes closed", classes, 0)
    check_integer("Components used", used, classes, classes * params.components)
    p = counter.prototypes
    code = mean_code.divide(p.code_width, _COUNT_BITS).within("mean_code") + Tally({
        Action("chosen", "register", _COUNT_BITS): 1,
        Action("output", "register", p.code_width): 1,
    })  # fmt: skip
    row = Tally({
        Action("counters", "read", p.lanes * _COUNT_BITS): 1,
        Action("address", "accumulate", _address_bits(params, counter)): 1,
    })  # fmt: skip
    component = p.beats * (row + p.lanes * code) + Tally({Action("seen", "read", _COUNT_BITS): 1})
    return (
        classes * _look_up(params, counter)
        + used * component
        + (used - classes) * _threshold(params)
    )


def learn_cycles(
    params: OnlineMixtureParams,
    counter: ClassCounterParams,
    *,
    begun: int,
    counted: int,
    full: int = 0,
) -> int:
    """Return the cycles of exemplars that arrive without gaps; see `learn`.

    The first cycle counted offers the first exemplar. The last one notes the last exemplar. A beat
    is taken a cycle, and counted a cycle. A comparison reads them all and waits for their sum.

    Parameters
    ----------
    params : OnlineMixtureParams
    counter : ClassCounterParams
    begun, counted, full : int
        As in `learn`.
    """
    for name, number in {"begun": begun, "counted": counted, "full": full}.items():
        check_integer(f"Exemplars {name}", number, 0)
    p = counter.prototypes
    comparing = p.beats + xnor.latency(XnorParams(inputs=p.lanes)) + 2
    compared = params.components * comparing + 1
    taken, written = _LOOK_UP_CYCLES + p.beats, p.beats + 1
    every = begun + counted + full
    return every * taken + (counted + full) * compared + (begun + counted) * written


def close_cycles(
    params: OnlineMixtureParams, counter: ClassCounterParams, classes: int, used: int
) -> int:
    """Return the cycles of closes that arrive without gaps, with rows taken without waiting.

    The first cycle counted takes the first close. The last one takes the last row. Thresholds are
    divided, then a row is read and its counts are divided, one by one. The last row of a class and
    the next close are taken in the same cycle.

    Parameters
    ----------
    params : OnlineMixtureParams
    counter : ClassCounterParams
    classes, used : int
        As in `close`.
    """
    check_integer("Classes closed", classes, 0)
    check_integer("Components used", used, classes, classes * params.components)
    p = counter.prototypes
    row = 1 + p.lanes * mean_code.divide_cycles(p.code_width)
    thresholds = (used - classes) * _THRESHOLD_CYCLES
    return classes * (_LOOK_UP_CYCLES + 1) + thresholds + used * p.beats * row + (classes > 0)


def _kept_bits(params: OnlineMixtureParams, counter: ClassCounterParams) -> int:
    """Return the bits that are kept of a slot: its class, and its number of exemplars."""
    return field_bits(counter.prototypes.classes - 1) + _total_bits(params)


def _total_bits(params: OnlineMixtureParams) -> int:
    return field_bits(params.components * MAX_COUNT)


def _address_bits(params: OnlineMixtureParams, counter: ClassCounterParams) -> int:
    return field_bits(counter.slots * params.components * counter.prototypes.beats - 1)


def _look_up(params: OnlineMixtureParams, counter: ClassCounterParams) -> Tally:
    """Return the actions that look up what is kept of a slot."""
    bits = _kept_bits(params, counter)
    return Tally({
        Action("kept", "read", bits): 1,
        Action("kept", "register", bits): 1,
        Action("kept", "compare", _total_bits(params)): 1,
    })  # fmt: skip


def _compare(params: OnlineMixtureParams, counter: ClassCounterParams) -> Tally:
    """Return the actions that compare an exemplar with a component."""
    p = counter.prototypes
    agreeing, total = field_bits(p.features), _total_bits(params)
    beat = xnor.tally(XnorParams(inputs=p.lanes)).within("xnor") + Tally({
        Action("majorities", "read", p.lanes): 1,
        Action("exemplar", "read", p.lanes): 1,
        Action("agreeing", "accumulate", agreeing): 1,
        Action("address", "accumulate", _address_bits(params, counter)): 1,
    })  # fmt: skip
    lead = total + 1
    score = max(lead, agreeing) + 1
    return p.beats * beat + Tally(
        {
            Action("seen", "read", _COUNT_BITS): 1,
            # K times the number is a sum of so many shifted ones; then the total is subtracted.
            Action("lead", "full_add"): params.components.bit_count() * lead,
            Action("lead", "register", lead): 1,
            Action("score", "full_add"): score,
            Action("score", "compare", score): 1,
        }
    )


def _count(params: OnlineMixtureParams, counter: ClassCounterParams) -> Tally:
    """Return the actions that count an exemplar where it belongs."""
    p = counter.prototypes
    row = p.lanes * _COUNT_BITS
    beat = Tally({
        Action("exemplar", "read", p.lanes): 1,
        Action("counters", "read", row): 1,
        Action("counters", "write", row): 1,
        Action("majorities", "write", p.lanes): 1,
        Action("count", "accumulate", p.lanes * _COUNT_BITS): 1,
        Action("majority", "compare", _COUNT_BITS): p.lanes,
        Action("address", "accumulate", _address_bits(params, counter)): 1,
    })  # fmt: skip
    return p.beats * beat + Tally(
        {
            Action("seen", "accumulate", _COUNT_BITS): 1,
            Action("seen", "write", _COUNT_BITS): 1,
            Action("kept", "accumulate", _total_bits(params)): 1,
            Action("kept", "write", _kept_bits(params, counter)): 1,
        }
    )


def _threshold(params: OnlineMixtureParams) -> Tally:
    """Return the actions of a threshold: a sum, a subtraction for each digit, and two to round."""
    total = _total_bits(params)
    return Tally({
        Action("seen", "read", _COUNT_BITS): 1,
        Action("ends", "accumulate", total): 1,
        Action("quotient.rest", "full_add"): _THRESHOLD_BITS * (total + 1),
        Action("quotient.rest", "register", total): 1 + _THRESHOLD_BITS,
        Action("quotient.divisor", "register", total): 1,
        Action("quotient.number", "register", _THRESHOLD_BITS): 1 + _THRESHOLD_BITS,
        Action("quotient.half", "compare", total + 1): 1,
        Action("threshold", "full_add"): _THRESHOLD_BITS,
        Action("threshold", "register", _THRESHOLD_BITS): 1,
    })  # fmt: skip
