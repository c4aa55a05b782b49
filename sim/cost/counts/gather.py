# SPDX-License-Identifier: MIT
"""Counts of the block that gathers windows of few channels: each word once, for all tiles."""

from golden.params import AcceleratorParams
from sim.cost.counts import window
from sim.cost.counts.layer import Layer
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["LATENCY", "memories", "room", "tally"]

#: Cycles from the last word of a window to its first step: a register, the memory, and its output.
LATENCY = 3


def room(params: AcceleratorParams) -> int:
    """Return the most words of a gathered window; 0 if a machine gathers none."""
    return params.gather_words if params.mvu.weight_reuse == 1 else 0


def memories(params: AcceleratorParams) -> tuple[Memory, ...]:
    """Return the memory of two windows, if the machine gathers any."""
    words = room(params)
    return (Memory("window", 2 * words, params.mvu.simd, ports=2),) if words else ()


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return the actions that gather the windows of a layer and offer them to all tiles.

    A word that comes is kept in a register, rotated to its lanes, masked on both sides of them, and
    merged with the words before it. Each step reads the memory and keeps the fields beside its
    word. Each tile moves on to the next threshold, place and remaining neurons.
    """
    simd, words = params.mvu.simd, layer.fetched
    lane, tiles = (simd - 1).bit_length(), layer.pixels * len(layer.tiles)
    weight, tile = (
        (max(2, depth) - 1).bit_length()
        for depth in (params.mvu.weight_depth, params.mvu.tile_depth)
    )
    outputs = max(params.channels, params.classes).bit_length()
    valid_last = 2
    return Tally({
        Action("held", "register", simd + 3): words,
        Action("rotate", "logic"): words * simd * lane,
        Action("merge", "logic"): words * 3 * simd,
        Action("part", "register", simd): words,
        Action("lane", "accumulate", simd.bit_length()): words,
        Action("window", "write", simd): layer.pixels * layer.tiles[0].words,
        Action("window", "read", simd): layer.steps,
        Action("weight", "accumulate", weight): layer.steps,
        Action("step", "register", weight + tile + valid_last + window.tag_width(params)): (
            layer.steps
        ),
        Action("tile", "accumulate", tile): tiles,
        Action("place", "accumulate", outputs): 2 * tiles,
    })  # fmt: skip
