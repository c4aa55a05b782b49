# SPDX-License-Identifier: MIT
"""Logits from counts, and their arg max: a class a cycle."""

from golden.params import AcceleratorParams
from sim.cost.counts.mapping import Layer
from sim.cost.counts.tally import Action, Tally

__all__ = ["tally"]


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return what the logits of a picture take, of all classes, seen or not.

    A tile of counts is taken and shifted out. From each count the H + D inputs of a plane are
    subtracted; the count is compared with the largest.
    """
    count, pe = params.mvu.count_width, params.mvu.pe
    tiles, logits = len(layer.tiles), layer.outputs
    index = (max(2, params.classes) - 1).bit_length()
    return Tally({
        Action("counts", "register", pe * count): tiles + logits,
        Action("logit", "full_add"): logits * count,
        Action("largest", "compare", count): logits,
        Action("classes", "register", 2 * index): logits,  # the present one, the best
    })  # fmt: skip
