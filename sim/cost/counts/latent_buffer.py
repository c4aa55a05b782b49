# SPDX-License-Identifier: MIT
"""What the latent buffer holds and does, and the cycles that it takes (contract, 10).

Left out is what is done once an exemplar in a few bits: constants multiplied, flags, counters of
classes and exemplars.
"""

from golden.params import LatentBufferParams, Stream, stream_params
from golden.params.checks import check_integer
from sim.cost.counts import lfsr
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["answer", "answer_cycles", "learn", "learn_cycles", "memories", "refuse"]

_COUNT_BITS = 16  # of exemplars seen, of a class
_WORD_BITS = 32  # of a draw
_DIGIT_BITS = 2  # of a draw that are multiplied in one cycle
_DRAW_CYCLES = _WORD_BITS // _DIGIT_BITS
_LOOK_UP_CYCLES = 4  # count read, count held, what to do, where


def memories(params: LatentBufferParams) -> tuple[Memory, ...]:
    """Return the memories: rows of exemplars, and how many of each class were seen."""
    return (
        Memory("rows", params.rows, params.lanes),
        Memory("counts", params.classes, _COUNT_BITS),
    )


def learn(params: LatentBufferParams, *, filled: int, replaced: int, dropped: int) -> Tally:
    """Return what learning exemplars does.

    All are counted; those that fill an empty slot use no random word, those that are dropped write
    no row.

    Parameters
    ----------
    params : LatentBufferParams
    filled, replaced, dropped : int
        Exemplars that came into an empty slot, into that of another, into none.

    Raises
    ------
    TypeError, ValueError
        If a number is none of exemplars.
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
    """Return what answering requests does: a count read, a slot drawn, B rows read."""
    check_integer("Requests", requests, 0)
    tag = field_bits(params.classes - 1) + 1  # label, and whether the beat is the last
    row = Tally({
        Action("rows", "read", params.lanes): 1,
        Action("output", "register", tag): 1,
    }) + _next_row(params)  # fmt: skip
    return requests * (_look_up() + _draw(params, "exemplar", Stream.EXEMPLAR) + params.beats * row)


def refuse(number: int) -> Tally:
    """Return what exemplars and requests that are refused do: the count is read all the same."""
    check_integer("Refusals", number, 0)
    return number * _look_up()


def learn_cycles(params: LatentBufferParams, *, filled: int, replaced: int, dropped: int) -> int:
    """Return the cycles of exemplars that are there when they are wanted.

    From the one in which the first is offered to that in which the last beat is taken, both
    counted. One that is dropped takes as long as one that is kept.

    Parameters
    ----------
    params : LatentBufferParams
    filled, replaced, dropped : int
        Exemplars that come into an empty slot, into that of another, into none.
    """
    drawn = replaced + dropped
    return (filled + drawn) * (_LOOK_UP_CYCLES + params.beats) + drawn * _DRAW_CYCLES


def answer_cycles(params: LatentBufferParams, requests: int) -> int:
    """Return the cycles of requests that are there when wanted and whose beats are taken at once.

    From the one in which the first request is taken to that in which the last beat is, both
    counted. The last beat of an answer is taken while the next request is.
    """
    check_integer("Requests", requests, 0)
    return requests * (_LOOK_UP_CYCLES + _DRAW_CYCLES + params.beats) + (requests > 0)


def _look_up() -> Tally:
    """Return what finding out how many exemplars of a class were seen does."""
    return Tally({
        Action("counts", "read", _COUNT_BITS): 1,
        Action("seen", "register", _COUNT_BITS): 1,
        Action("seen", "compare", _COUNT_BITS): 1,
    })  # fmt: skip


def _draw(params: LatentBufferParams, component: str, stream: Stream) -> Tally:
    """Return what drawing a slot does: a word times a number of 16 bits, one addition a bit."""
    word = stream_params(params.seed, stream, _WORD_BITS)
    return lfsr.word(component, word) + Tally({
        Action("slot", "full_add"): (_COUNT_BITS + _DIGIT_BITS) * _WORD_BITS,
        # The sum, and the word that moves on.
        Action("slot", "register", _COUNT_BITS + _WORD_BITS): _DRAW_CYCLES,
        Action("slot", "compare", _COUNT_BITS): 1,
    })  # fmt: skip


def _next_row(params: LatentBufferParams) -> Tally:
    """Return what going on to the next row does."""
    return Tally({Action("address", "accumulate", field_bits(params.rows - 1)): 1})
