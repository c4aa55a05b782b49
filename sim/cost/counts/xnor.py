# SPDX-License-Identifier: MIT
"""XNOR and popcount of a neuron: a tree of carry-save adders, registers after every level."""

from golden.params import XnorParams
from sim.cost.counts.tally import Action, Tally

__all__ = ["full_adders", "latency", "registers", "tally"]


def full_adders(params: XnorParams) -> int:
    """Return the full adders of the tree and of the addition that ends it.

    Each turns three bits into two, and the bits of the count are left of n.
    """
    return params.inputs - params.agree_width


def latency(params: XnorParams) -> int:
    """Return the cycles from inputs to their count: agreements, levels, addition."""
    return len(_levels(params.inputs)) + (params.inputs > 1)


def registers(params: XnorParams) -> int:
    """Return the bits of the registers: agreements, every level, the count."""
    return sum(map(sum, _levels(params.inputs))) + params.agree_width * (params.inputs > 1)


def tally(params: XnorParams) -> Tally:
    """Return what one vector of n inputs takes, whatever its mask leaves out."""
    return Tally({
        Action("agree", "xnor"): params.inputs,
        Action("tree", "full_add"): full_adders(params),
        Action("pipeline", "register", registers(params)): 1,
    })  # fmt: skip


def _levels(inputs: int) -> list[list[int]]:
    """Return the bits of each weight after the agreements and after every level of adders.

    Three bits of a weight leave one of it and one of the next. Two are left at most.
    """
    levels = [[inputs]]
    while max(levels[-1]) > 2:
        adders = [height // 3 for height in levels[-1]]
        left = [height - 2 * n for height, n in zip(levels[-1], adders, strict=True)]
        carries = [0, *adders]
        heights = [a + b for a, b in zip([*left, 0], carries, strict=True)]
        levels.append(heights if heights[-1] else heights[:-1])
    return levels
