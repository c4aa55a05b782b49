# SPDX-License-Identifier: MIT
"""Counts of the collector, which assembles tiles of output bits in a register for one pixel."""

from golden.params import AcceleratorParams
from sim.cost.counts.layer import Layer
from sim.cost.counts.tally import Action, Tally

__all__ = ["store_cycles", "tally"]


def store_cycles(layer: Layer, strip: int, params: AcceleratorParams) -> list[int]:
    """Return, for each tile of a pixel, the cycles until the next tile may come.

    The tiles of a strip are stored at once. They take one cycle if their outputs stay side by side,
    and otherwise one for each output of the unit that has most. The last ones take one more cycle
    for each word that leaves. Logits, which go to the head instead, always leave one by one.

    Parameters
    ----------
    layer : Layer
    strip : int
        Pixels of the strip.
    params : AcceleratorParams
    """
    at_most = params.neurons if layer.operation == "logits" else params.mvu.pe
    cycles = [1 if layer.whole else min(at_most, tile.outputs) for tile in layer.tiles]
    cycles[-1] += strip * layer.words // layer.pixels
    return cycles


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return the actions that collect the outputs of a layer.

    The whole pixel register is clocked when a tile or a bit of a tile is set in it, and when a word
    leaves. The tile register is clocked when a tile comes and when a bit leaves it. With weight
    reuse P, each of P pixels has its registers, and a word that leaves is chosen among P. The bits
    of each unit are set by a gate of their own.
    """
    pe, simd = params.mvu.pe, params.mvu.simd
    pixel = max(-(-params.channels // n) * n for n in (simd, pe))
    tiles = layer.pixels * len(layer.tiles)
    stores = layer.pixels * sum(store_cycles(layer, 1, params)) - layer.words
    return Tally({
        Action("tile", "register", params.neurons): tiles + stores,
        Action("pixel", "logic"): params.units * pixel * stores,
        Action("pixel", "register", pixel): stores + layer.words,
        Action("word", "logic"): simd * (params.mvu.weight_reuse - 1) * layer.words,
    })  # fmt: skip
