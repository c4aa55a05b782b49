# SPDX-License-Identifier: MIT
"""How much of a picture must be in before its first map is read, so that no step waits for it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from golden.params import AcceleratorParams
from rtl.packing import gather_cycles
from rtl.thermometer import pixel_cycles

__all__ = ["first_lead"]


def first_lead(
    first: Mapping[str, Any], second: Mapping[str, Any], params: AcceleratorParams
) -> int:
    """Return the words of the first map that are written before the second layer begins.

    They are all, unless the second layer gathers its windows, reads the memory in fewer cycles than
    its neurons take, and has cycles left in which a pixel's word is written. From its fourth window
    on, a word is written at least in the time of each window. So before it the words must be there
    that the newest pixel of a window is ahead of that pace. If pixels then come without pauses, no
    step waits.

    Parameters
    ----------
    first, second : mapping of str to Any
        Descriptors of the input and of the layer that reads its map.
    params : AcceleratorParams
        The machine.
    """
    d, words = second, first["length"]
    if not d.get("gathered"):
        return words
    simd, taps = params.mvu.simd, d["kernel_rows"] * d["kernel_columns"]
    steps = d["gathered"] * -(-d["group_outputs"] // params.neurons)
    pixel = pixel_cycles(params.colours, first["levels"], simd)
    if steps < max(pixel, gather_cycles(taps, d["group_inputs"], simd) + 2):
        return words
    y, x = np.arange(d["out_rows"])[:, np.newaxis], np.arange(d["out_columns"])
    row = np.minimum(y * d["stride"] - d["pad"] + d["kernel_rows"], d["rows"]) - 1
    column = np.minimum(x * d["stride"] - d["pad"] + d["kernel_columns"], d["columns"])
    newest = row * d["columns"] + column  # pixels up to the newest one of a window
    before = y * d["out_columns"] + x  # windows
    return min(words, int((newest - np.maximum(before - 3, 0)).max()))
