# SPDX-License-Identifier: MIT
"""Tiles of output bits put together to pixels: a register as wide as a pixel, set and shifted."""

from golden.params import AcceleratorParams
from sim.cost.counts.mapping import Layer
from sim.cost.counts.tally import Action, Tally

__all__ = ["store_cycles", "tally"]


def store_cycles(layer: Layer) -> list[int]:
    """Return for each tile of a pixel the cycles until the next may come.

    One if its outputs stay side by side, else one for each output; after the last, the words of
    the pixel leave.
    """
    cycles = [1 if layer.whole else tile.outputs for tile in layer.tiles]
    cycles[-1] += layer.words // layer.pixels
    return cycles


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return what collecting the outputs of a layer takes.

    The pixel is clocked whole when a tile, or a bit of one, is set in it, and when a word leaves;
    the tile when it comes and with every bit that leaves it.
    """
    pe, simd = params.mvu.pe, params.mvu.simd
    pixel = max(-(-params.channels // n) * n for n in (simd, pe))
    tiles = layer.pixels * len(layer.tiles)
    stores = layer.pixels * sum(store_cycles(layer)) - layer.words
    return Tally({
        Action("tile", "register", pe): tiles + stores,
        Action("pixel", "logic"): pixel * stores,
        Action("pixel", "register", pixel): stores + layer.words,
    })  # fmt: skip
