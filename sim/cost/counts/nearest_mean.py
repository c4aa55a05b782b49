# SPDX-License-Identifier: MIT
"""What classifying by the nearest mean takes, a classifier that needs no training.

For one embedding the codes of every prototype are read once. Of each feature that is 1 the code is
added up, and the sum held against half the square length of the prototype, which is kept beside it
(`sim.replay.ncm`). Codes of one bit are signs: what agrees is counted by a tree of L bits. No
hardware here does it yet.
"""

from golden.params import PrototypesParams, XnorParams
from sim.cost.counts import prototypes, xnor
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["classify", "memories"]


def memories(params: PrototypesParams) -> tuple[Memory, ...]:
    """Return the square lengths of all prototypes; of signs all are alike."""
    if params.code_width == 1:
        return ()
    return (Memory("lengths", params.components, _width(params)),)


def classify(params: PrototypesParams, stored: int) -> Tally:
    """Return what one embedding takes.

    Parameters
    ----------
    params : PrototypesParams
    stored : int
        Prototypes of all classes, ``K * n_c``.
    """
    width, rows = _width(params), stored * params.beats
    read = rows * prototypes.read_row(params)
    compared = Tally({Action("largest", "compare", width): stored})
    if params.code_width == 1:
        agreeing = rows * xnor.tally(XnorParams(inputs=params.lanes))
        summed = agreeing + Tally({Action("sum", "accumulate", width): rows})
    else:
        summed = Tally({
            Action("sum", "accumulate", width): rows * params.lanes + stored,
            Action("lengths", "read", width): stored,
        })  # fmt: skip
    return read.within("sampler.prototypes") + (summed + compared).within("nearest_mean")


def _width(params: PrototypesParams) -> int:
    """Return the bits of a sum of D codes."""
    return params.code_width + params.features.bit_length()
