# SPDX-License-Identifier: MIT
"""What choosing exemplars by herding takes, in integers (`sim.learn.herding`).

The embeddings of a class lie in the memory of the task. The product of each with the sum of all is
found once; then, exemplar by exemplar, each sample's product with the one that was chosen last, its
bits that agree, is added to a sum of its own, from which its score follows. No hardware here does
it yet.
"""

from golden.params import LatentBufferParams, XnorParams
from golden.params.checks import check_integer
from sim.cost.counts import xnor
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["choose", "embedding_rows", "memories"]


def memories(params: LatentBufferParams, samples: int) -> tuple[Memory, ...]:
    """Return the counts of ones, rows of L, and two sums a sample."""
    return (
        Memory("ones", params.beats, params.lanes * samples.bit_length()),
        Memory("sums", samples, 2 * _width(params, samples)),
    )


def choose(params: LatentBufferParams, samples: int) -> Tally:
    """Return what choosing the E exemplars of a class takes; its embeddings are read by another.

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
        # Ones are counted, then added up for every sample where its bits are 1.
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
    """Return the rows of L that are read of the class's embeddings."""
    return (min(params.exemplars, samples) + 2) * samples * params.beats


def _width(params: LatentBufferParams, samples: int) -> int:
    """Return the bits of a product with a sum of all samples."""
    return (2 * params.features * samples).bit_length()
