# SPDX-License-Identifier: MIT
"""Counts of pooling, the OR of the words of a window. A window of one word is a copy."""

from golden.params import AcceleratorParams
from sim.cost.counts.layer import Layer
from sim.cost.counts.tally import Action, Tally

__all__ = ["tally"]


def tally(layer: Layer, params: AcceleratorParams) -> Tally:
    """Return the actions of pooling: one OR for each lane and step, and registers for results."""
    simd = params.mvu.simd
    return Tally({
        Action("word", "logic"): layer.steps * simd,
        Action("word", "register", simd): layer.steps,
        Action("result", "register", simd): layer.words,
    })  # fmt: skip
