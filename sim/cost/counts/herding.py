# SPDX-License-Identifier: MIT
"""Counts of choosing exemplars by herding, in integers (`sim.learn.herding`).

The embeddings of a class lie in the memory of the task. First, the product of each embedding with
the sum of all embeddings is computed once. Each round then chooses one exemplar. It adds, for each
sample, the number of bits that agree with the exemplar chosen last to a sum of that sample. The
score of the sample follows from this sum. No hardware here does this yet.
"""

from golden.params import LatentBufferParams, XnorParams
from golden.params.checks import check_integer
from sim.cost.counts import xnor
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["choose", "embedding_rows", "memories"]


def memories(params: LatentBufferParams, samples: int) -> tuple[Memory, ...]:
    """Return the memories: counts of ones in rows of L, and two sums for each sample."""
    return (
        Memory("ones", params.beats, params.lanes * samples.bit_length()),
        Memory("sums", samples, 2 * _width(params, samples)),
    )


def choose(params: LatentBufferParams, samples: int) -> Tally:
    """Return the actions that choose the E exemplars of a class.

    The reads of its embeddings are not included; `embedding_rows` counts them.

    Parameters
    ----------
    params : LatentBufferParams
    samples : int
        N, samples of the class.
    """
    check_integer("Samples of a class", samples, 1)
    width, ones = _width(params, samples), params.lanes * samples.bit_length()
    rounds = min(params.exemplars, samples) * samples
    agreeing = rounds * params.beats * xnor.tally(XnorParams(inputs=params.lanes))
    return agreeing + Tally({
        # The ones of each feature are counted. Each sample then sums the counts of its features
        # that are 1.
        Action("ones", "read", ones): params.beats * (2 * samples + 1),
        Action("ones", "write", ones): params.beats * (samples + 1),
        Action("count", "accumulate", samples.bit_length()): params.features * samples,
        Action("toward", "accumulate", width): params.features * samples,
        Action("sums", "read", 2 * width): rounds,
        Action("sums", "write", 2 * width): rounds + samples,
        Action("past", "accumulate", width): rounds * (params.beats + 1),
        Action("largest", "compare", width): rounds,
    })  # fmt: skip


def embedding_rows(params: LatentBufferParams, samples: int) -> int:
    """Return how many rows of L of the class's embeddings are read."""
    return (min(params.exemplars, samples) + 2) * samples * params.beats


def _width(params: LatentBufferParams, samples: int) -> int:
    """Return the bits of the product of an embedding with the sum of all samples."""
    return (2 * params.features * samples).bit_length()
