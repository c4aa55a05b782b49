# SPDX-License-Identifier: MIT
"""How much of a picture must be in before its first map is read, so that no step waits for it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from golden.params import AcceleratorParams
from rtl.descriptor import Operation
from rtl.thermometer import pixel_cycles

__all__ = ["first_lead"]


def first_lead(
    first: Mapping[str, Any], second: Mapping[str, Any], params: AcceleratorParams
) -> int:
    """Return the words of the first map that are written before the second layer begins.

    If pixels then come without pauses, all words of a strip of windows lie in the map when its
    first step comes, and the whole map when the last strip begins, though a tile, of a group, at a
    position of the kernel may have only one step. It is a whole number of pixels, at least 1.

    Parameters
    ----------
    first, second : mapping of str to Any
        Descriptors of the input and of the layer that reads its map.
    params : AcceleratorParams
        The machine.
    """
    d, simd = second, params.mvu.simd
    neurons = d["operation"] is Operation.NEURONS
    strip = params.mvu.weight_reuse if neurons else 1
    y, x = np.arange(d["out_rows"])[:, np.newaxis], np.arange(d["out_columns"])
    row = np.minimum(y * d["stride"] - d["pad"] + d["kernel_rows"], d["rows"]) - 1
    ends = np.minimum(x - x % strip + strip, d["out_columns"]) - 1  # last pixel of the strip
    column = np.minimum(ends * d["stride"] - d["pad"] + d["kernel_columns"], d["columns"])
    newest = row * d["row_pitch"] + column * d["column_pitch"]  # words up to the newest one
    newest[-1, -1] = first["length"]
    before = y * d["out_columns"] + x - x % strip  # windows
    tiles = 1 if d.get("gathered") else d["groups"] * -(-d["group_outputs"] // params.mvu.pe)
    steps = before * d["kernel_rows"] * d["kernel_columns"] * tiles
    words = -(-params.colours * first["levels"] // simd)
    pixels = -(-newest // words) - steps // pixel_cycles(params.colours, first["levels"], simd)
    return max(1, int(pixels.max())) * words
