# SPDX-License-Identifier: MIT
"""Memories, actions and cycles of the latent buffer (contract, 10).

Actions on a few bits once an exemplar are left out: multiplications by constants, flags, and
counters of classes and exemplars.
"""

from golden.params import LatentBufferParams, Stream, stream_params
from golden.params.checks import check_integer
from sim.cost.counts import lfsr
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["answer", "answer_cycles", "learn", "learn_cycles", "memories", "refuse"]

_COUNT_BITS = 16  # bits of the number of exemplars seen of a class
_WORD_BITS = 32  # bits of the random word of a draw
_DIGIT_BITS = 2  # bits of that word that are multiplied in one cycle
_DRAW_CYCLES = _WORD_BITS // _DIGIT_BITS
_LOOK_UP_CYCLES = 4  # read the count, hold it, decide, find the address


def memories(params: LatentBufferParams) -> tuple[Memory, ...]:
    """Return the memories: rows of exemplars, and the number seen of each class."""
    return (
        Memory("rows", params.rows, params.lanes),
        Memory("counts", params.classes, _COUNT_BITS),
    )


def learn(params: LatentBufferParams, *, filled: int, replaced: int, dropped: int) -> Tally:
    """Return the actions of learning exemplars.

    Every exemplar is counted. An exemplar that fills an empty slot uses no random word. An exemplar
    that is dropped writes no row.

    Parameters
    ----------
    params : LatentBufferParams
    filled, replaced, dropped : int
        Numbers of exemplars that fill an empty slot, replace another, or are dropped.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer >= 0.
    """
    for name, number in (("filled", filled), ("replaced", replaced), ("dropped", dropped)):
        check_integer(f"Exemplars {name}", number, 0)
    count = Tally({
        Action("seen", "accumulate", _COUNT_BITS): 1,
        Action("counts", "write", _COUNT_BITS): 1,
    })  # fmt: skip
    row = Tally({
        Action("rows", "write", params.lanes): 1,
        Action("input", "register", params.lanes): 1,
    }) + _next_row(params)  # fmt: skip
    return (
        (filled + replaced + dropped) * (_look_up() + count)
        + (replaced + dropped) * _draw(params, "reservoir", Stream.RESERVOIR)
        + (filled + replaced) * params.beats * row
    )


def answer(params: LatentBufferParams, requests: int) -> Tally:
    """Return the actions of answering requests: read a count, draw a slot, read B rows each."""
    check_integer("Requests", requests, 0)
    tag = field_bits(params.classes - 1) + 1  # the label, and the mark of the last beat
    row = Tally({
        Action("rows", "read", params.lanes): 1,
        Action("output", "register", tag): 1,
    }) + _next_row(params)  # fmt: skip
    return requests * (_look_up() + _draw(params, "exemplar", Stream.EXEMPLAR) + params.beats * row)


def refuse(number: int) -> Tally:
    """Return the actions of refused exemplars and requests: each still reads a count."""
    check_integer("Refusals", number, 0)
    return number * _look_up()


def learn_cycles(params: LatentBufferParams, *, filled: int, replaced: int, dropped: int) -> int:
    """Return the cycles of learning exemplars that arrive without gaps.

    The first cycle counted offers the first exemplar. The last one takes the last beat. A dropped
    exemplar takes as long as one that is kept.

    Parameters
    ----------
    params : LatentBufferParams
    filled, replaced, dropped : int
        Numbers of exemplars that fill an empty slot, replace another, or are dropped.
    """
    drawn = replaced + dropped
    return (filled + drawn) * (_LOOK_UP_CYCLES + params.beats) + drawn * _DRAW_CYCLES


def answer_cycles(params: LatentBufferParams, requests: int) -> int:
    """Return the cycles of requests that arrive without gaps, with beats taken without waiting.

    The first cycle counted takes the first request. The last one takes the last beat. The last beat
    of an answer and the next request are taken in the same cycle.
    """
    check_integer("Requests", requests, 0)
    return requests * (_LOOK_UP_CYCLES + _DRAW_CYCLES + params.beats) + (requests > 0)


def _look_up() -> Tally:
    """Return the actions that look up how many exemplars of a class were seen."""
    return Tally({
        Action("counts", "read", _COUNT_BITS): 1,
        Action("seen", "register", _COUNT_BITS): 1,
        Action("seen", "compare", _COUNT_BITS): 1,
    })  # fmt: skip


def _draw(params: LatentBufferParams, component: str, stream: Stream) -> Tally:
    """Return the actions of drawing a slot: a word times a 16-bit number, one addition a bit."""
    word = stream_params(params.seed, stream, _WORD_BITS)
    return lfsr.word(component, word) + Tally({
        Action("slot", "full_add"): (_COUNT_BITS + _DIGIT_BITS) * _WORD_BITS,
        # The sum, and the random word, which is shifted.
        Action("slot", "register", _COUNT_BITS + _WORD_BITS): _DRAW_CYCLES,
        Action("slot", "compare", _COUNT_BITS): 1,
    })  # fmt: skip


def _next_row(params: LatentBufferParams) -> Tally:
    """Return the actions that advance to the next row."""
    return Tally({Action("address", "accumulate", field_bits(params.rows - 1)): 1})
