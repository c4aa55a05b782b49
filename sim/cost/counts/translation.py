# SPDX-License-Identifier: MIT
"""Counts of moving samples of a present class to the mean of a past one, as FeTrIL does.

A sample is read beat by beat from the memory of the task's embeddings. With it are read the mean of
its class, as counts of ones, and the codes of the past mean. Each feature flips with a probability
of the difference of the two means, divided by the share of the new class's bits that can flip:
those equal to 0 if the mean must grow, those equal to 1 if it must fall
(`sim.replay.fetril.flip_probability`). This takes a subtraction, a bit-serial division to q bits,
and a comparison with a random word of q bits. No hardware here does this yet. Two choices are left
out: that of the sample, which takes a few bits, and that of the present class, which happens once a
task.
"""

from golden.params import PrototypesParams, Stream, stream_params
from golden.params.checks import check_integer
from sim.cost.counts import lfsr
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["append", "memories", "move", "working_memories"]


def memories(params: PrototypesParams) -> tuple[Memory, ...]:
    """Return the memory of the past: one mean for each class, in rows of L codes."""
    return (Memory("means", params.rows, params.row_width),)


def working_memories(params: PrototypesParams, classes: int, samples: int) -> tuple[Memory, ...]:
    """Return the memory for the counts of ones of a task's classes, in rows of L.

    Parameters
    ----------
    params : PrototypesParams
    classes, samples : int
        Number of classes of the task, and of samples of each.
    """
    return (Memory("present", classes * params.beats, params.lanes * samples.bit_length()),)


def append(params: PrototypesParams, samples: int) -> Tally:
    """Return the writes that store the mean of a class after its ones are counted.

    The counts are written before the task, for the means that exemplars are moved from. The codes
    are written after the task, for the means that exemplars are moved to.
    """
    return Tally({
        Action("present", "write", params.lanes * samples.bit_length()): params.beats,
        Action("means", "write", params.row_width): params.beats,
    })  # fmt: skip


def move(params: PrototypesParams, samples: int, seed: int = 1) -> Tally:
    """Return the actions that make one exemplar.

    Parameters
    ----------
    params : PrototypesParams
    samples : int
        N, samples of a present class.
    seed : int
        Seed of the random streams; there is one stream for each bit of a code.
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
