# SPDX-License-Identifier: MIT
"""Counts of the feature memories: each layer reads one and writes the other."""

from golden.params import AcceleratorParams
from sim.cost.counts import window
from sim.cost.counts.layer import Layer
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["memories", "tally"]


def memories(params: AcceleratorParams) -> tuple[Memory, ...]:
    """Return the two feature memories."""
    return (Memory("map", params.map_depth, params.mvu.simd, 2),)


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return the accesses of a layer: it reads only words inside the map, and writes its output.

    If the machine gathers windows, it may read the first map while that is written: the address of
    every step is compared with the words that are there.
    """
    simd, mvu = params.mvu.simd, params.mvu
    rows = (mvu.weight_depth - 1).bit_length() + (mvu.tile_depth - 1).bit_length()
    valid_inside_last = 3
    slot = (mvu.weight_reuse - 1).bit_length()
    # Mask, and the fields of its step.
    held = simd + rows + valid_inside_last + slot + window.tag_width(params)
    writes = layer.words if layer.operation in ("input", "neurons", "pool") else 0
    steps = layer.fetched if layer.operation != "input" else 0
    gated = steps if params.gathers else 0
    return Tally({
        Action("map", "read", simd): layer.reads,
        Action("map", "write", simd): writes,
        Action("step", "register", held): steps,
        Action("gate", "compare", params.map_depth.bit_length()): gated,
    })  # fmt: skip
