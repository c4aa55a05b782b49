# SPDX-License-Identifier: MIT
"""Counts of the address generator of a layer: counters and adders, one turn of the loops a step."""

from golden.params import AcceleratorParams
from sim.cost.counts.layer import Layer
from sim.cost.counts.tally import Action, Tally

__all__ = ["tag_width", "tally"]


def tag_width(params: AcceleratorParams) -> int:
    """Return the bits of a tile's tag: the place and the number of its outputs, and its marks.

    Two marks end a pixel and a layer; with weight reuse a third one ends a strip.
    """
    place = max(params.channels, params.classes).bit_length()
    return place + params.neurons.bit_length() + 2 + (params.mvu.weight_reuse > 1)


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return the actions that find the steps of a layer.

    Each step of the first pixel of a strip computes the next address, the next row of weights and
    the remaining lanes of the group. Each step compares the row and the column with those of the
    map. With weight reuse, it adds the distance of its pixel from the first one to the address and
    to the column, and computes the distances of the next pixel.
    """
    word = params.map_depth.bit_length()
    lanes = (params.map_depth * params.mvu.simd + params.mvu.simd - 1).bit_length()
    rows = (max(2, params.mvu.weight_depth) - 1).bit_length()
    row = Tally({
        Action("address", "accumulate", word): 1,
        Action("lanes", "accumulate", lanes): 1,
        Action("weight", "accumulate", rows): 1,
        Action("position", "register", word + 1): 2,
    })  # fmt: skip
    step = Tally({Action("position", "compare", word + 1): 2})
    if params.mvu.weight_reuse > 1:
        step += Tally({
            Action("strip.address", "full_add"): word,
            Action("strip.column", "full_add"): word + 1,
            Action("strip.words", "accumulate", word): 1,
            Action("strip.columns", "accumulate", word + 1): 1,
        })  # fmt: skip
    turns = layer.fetched if layer.taps else layer.turns
    return turns * row + layer.fetched * step
