# SPDX-License-Identifier: MIT
"""What moving samples of a present class to the mean of a past one takes, as FeTrIL does.

A sample is read from the memory of the task's embeddings, beat by beat, and beside it the mean of
its class, a count of ones, and the code of the past mean. Each feature flips with the chance that
is their difference over what is left of the new mean (`sim.replay.fetril`): a subtraction, a
division to q bits, bit by bit, and a comparison with a random word of q bits. No hardware here does
it yet. Left out are the choice of the sample, a few bits each, and that of the serving class, once
a task.
"""

from golden.params import PrototypesParams, Stream, stream_params
from golden.params.checks import check_integer
from sim.cost.counts import lfsr
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["append", "memories", "move", "working_memories"]


def memories(params: PrototypesParams) -> tuple[Memory, ...]:
    """Return the memory of the past: a mean a class, rows of L codes."""
    return (Memory("means", params.rows, params.row_width),)


def working_memories(params: PrototypesParams, classes: int, samples: int) -> tuple[Memory, ...]:
    """Return the counts of ones of the classes of a task, rows of L.

    Parameters
    ----------
    params : PrototypesParams
    classes, samples : int
        Classes of the task, and samples of each.
    """
    return (Memory("present", classes * params.beats, params.lanes * samples.bit_length()),)


def append(params: PrototypesParams, samples: int) -> Tally:
    """Return what keeping the mean of a class takes, once its ones are counted.

    The counts go where exemplars are moved from, before the task; the code where they are moved to,
    after it.
    """
    return Tally({
        Action("present", "write", params.lanes * samples.bit_length()): params.beats,
        Action("means", "write", params.row_width): params.beats,
    })  # fmt: skip


def move(params: PrototypesParams, samples: int, seed: int = 1) -> Tally:
    """Return what one exemplar takes.

    Parameters
    ----------
    params : PrototypesParams
    samples : int
        N, samples of a present class.
    seed : int
        Of the random streams, one a bit of a code.
    """
    check_integer("Samples of a class", samples, 1)
    q, count = params.code_width, samples.bit_length()
    numbers = params.beats * params.lanes
    width = max(q, count)
    word = lfsr.word("lfsr", stream_params(seed, Stream.PLANE, params.lanes))
    return params.beats * q * word + Tally({
        Action("means", "read", params.row_width): params.beats,
        Action("present", "read", params.lanes * count): params.beats,
        Action("difference", "accumulate", width): numbers,
        Action("divide", "accumulate", width + 1): numbers * q,
        Action("flip", "compare", q): numbers,
        Action("output", "register", params.lanes): params.beats,
    })  # fmt: skip
