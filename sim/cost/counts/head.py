# SPDX-License-Identifier: MIT
"""Counts of the head, which turns counts into logits and finds the arg max, one class a cycle."""

from golden.params import AcceleratorParams
from sim.cost.counts.layer import Layer
from sim.cost.counts.tally import Action, Tally

__all__ = ["tally"]


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return the actions for the logits of a picture, for all classes, seen or not.

    A tile of counts is loaded and shifted out. The H + D inputs of a plane are subtracted from each
    count. The result is compared with the largest so far.
    """
    count, neurons = params.mvu.count_width, params.neurons
    tiles, logits = len(layer.tiles), layer.outputs
    index = (max(2, params.classes) - 1).bit_length()
    return Tally({
        Action("counts", "register", neurons * count): tiles + logits,
        Action("logit", "full_add"): logits * count,
        Action("largest", "compare", count): logits,
        Action("classes", "register", 2 * index): logits,  # the present one, the best
    })  # fmt: skip
