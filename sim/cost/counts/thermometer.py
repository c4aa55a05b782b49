# SPDX-License-Identifier: MIT
"""Thermometer code of pixels: a product a colour, a range of lanes a word."""

from golden.params import AcceleratorParams
from sim.cost.counts.mapping import Layer
from sim.cost.counts.tally import Action, Tally

__all__ = ["tally"]


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return what turning the pixels of a picture into a map takes.

    A colour is multiplied by T: b rows of full adders, each as wide as T, and one more to round.
    For each word that it touches, every lane is compared with the ends of its range and joins the
    lanes of the colours before.
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
