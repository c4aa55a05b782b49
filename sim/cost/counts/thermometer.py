# SPDX-License-Identifier: MIT
"""Counts of the thermometer code of pixels: one product a colour, one range of lanes a word."""

from golden.params import AcceleratorParams
from sim.cost.counts.layer import Layer
from sim.cost.counts.tally import Action, Tally

__all__ = ["tally"]


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return the actions that turn the pixels of a picture into a map.

    A colour is multiplied by T. This takes b rows of full adders as wide as T, and one more row to
    round. For each word that holds channels of the colour, every lane is compared with both ends of
    the range of set lanes, and is merged with the lanes of the previous colours.
    """
    simd, width = params.mvu.simd, params.levels.bit_length()
    colours = layer.pixels * len(layer.tiles)
    return Tally({
        Action("product", "logic"): colours * params.pixel_bits * width,
        Action("product", "full_add"): colours * (params.pixel_bits + 1) * width,
        Action("lanes", "compare", (simd + params.levels - 1).bit_length()): layer.steps * 2 * simd,
        Action("word", "logic"): layer.steps * simd,
        Action("word", "register", simd): layer.steps,
    })  # fmt: skip
