# SPDX-License-Identifier: MIT
"""Addresses of the words that a layer reads: counters and adders, a turn of the nest a step."""

from golden.params import AcceleratorParams
from sim.cost.counts.mapping import Layer
from sim.cost.counts.tally import Action, Tally

__all__ = ["tag_width", "tally"]


def tag_width(params: AcceleratorParams) -> int:
    """Return the bits that go with a tile: the place of its outputs, how many, two marks."""
    place = max(params.channels, params.classes).bit_length()
    return place + params.mvu.pe.bit_length() + 2


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return what finding the steps of a layer takes.

    In each the next address, the next row of weights and the lanes that are left of the group; the
    row and the column are compared with those of the map.
    """
    word = params.map_depth.bit_length()
    lanes = (params.map_depth * params.mvu.simd + params.mvu.simd - 1).bit_length()
    rows = (max(2, params.mvu.weight_depth) - 1).bit_length()
    step = Tally({
        Action("address", "accumulate", word): 1,
        Action("lanes", "accumulate", lanes): 1,
        Action("weight", "accumulate", rows): 1,
        Action("position", "compare", word + 1): 2,
        Action("position", "register", word + 1): 2,
    })  # fmt: skip
    return layer.steps * step
