# SPDX-License-Identifier: MIT
"""OR of the words of a window; a window of one word copies."""

from golden.params import AcceleratorParams
from sim.cost.counts.mapping import Layer
from sim.cost.counts.tally import Action, Tally

__all__ = ["tally"]


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return what pooling a layer takes: an OR a lane and step, a register a result."""
    simd = params.mvu.simd
    return Tally({
        Action("word", "logic"): layer.steps * simd,
        Action("word", "register", simd): layer.steps,
        Action("result", "register", simd): layer.words,
    })  # fmt: skip
