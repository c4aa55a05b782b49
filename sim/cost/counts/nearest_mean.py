# SPDX-License-Identifier: MIT
"""Counts of classifying by the nearest mean, which needs no training.

For one embedding, the codes of every prototype are read once. The codes of the features that are 1
are summed. Half the squared length of the prototype is stored, and the sum is compared with it
(`sim.replay.ncm`). Codes of one bit are signs: a tree of L bits counts the signs that agree. The
chip does not do this yet; the block `rtl.prototype_classifier` does it with tables in place of
lengths, as `sim.cost.counts.prototype_classifier` counts.
"""

from golden.params import PrototypesParams, XnorParams
from sim.cost.counts import prototypes, xnor
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["classify", "memories"]


def memories(params: PrototypesParams) -> tuple[Memory, ...]:
    """Return the memory of the squared lengths; codes of one bit need none, as all are equal."""
    if params.code_width == 1:
        return ()
    return (Memory("lengths", params.components, _width(params)),)


def classify(params: PrototypesParams, stored: int) -> Tally:
    """Return the actions that classify one embedding.

    Parameters
    ----------
    params : PrototypesParams
    stored : int
        Number of prototypes of all classes, ``K * n_c``.
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
