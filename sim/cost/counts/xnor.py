# SPDX-License-Identifier: MIT
"""Counts of a neuron's XNOR and popcount: a carry-save adder tree with registers at each level."""

from golden.params import XnorParams
from sim.cost.counts.tally import Action, Tally

__all__ = ["full_adders", "latency", "registers", "tally"]


def full_adders(params: XnorParams) -> int:
    """Return the number of full adders in the tree and in the final addition.

    Each full adder turns three bits into two. From n bits, the bits of the count are left.
    """
    return params.inputs - params.agree_width


def latency(params: XnorParams) -> int:
    """Return the cycles from the inputs to their count: agreements, levels, final addition."""
    return len(_levels(params.inputs)) + (params.inputs > 1)


def registers(params: XnorParams) -> int:
    """Return the bits of the registers for the agreements, all levels and the count."""
    return sum(map(sum, _levels(params.inputs))) + params.agree_width * (params.inputs > 1)


def tally(params: XnorParams) -> Tally:
    """Return the actions of one vector of n inputs. They do not depend on its mask."""
    return Tally({
        Action("agree", "xnor"): params.inputs,
        Action("tree", "full_add"): full_adders(params),
        Action("pipeline", "register", registers(params)): 1,
    })  # fmt: skip


def _levels(inputs: int) -> list[list[int]]:
    """Return the number of bits of each weight after the agreements and after each adder level.

    An adder turns three bits of a weight into one bit of it and one of the next weight. The levels
    end when at most two bits of each weight are left.
    """
    levels = [[inputs]]
    while max(levels[-1]) > 2:
        adders = [height // 3 for height in levels[-1]]
        left = [height - 2 * n for height, n in zip(levels[-1], adders, strict=True)]
        carries = [0, *adders]
        heights = [a + b for a, b in zip([*left, 0], carries, strict=True)]
        levels.append(heights if heights[-1] else heights[:-1])
    return levels
