# SPDX-License-Identifier: MIT
"""Memory, actions and cycles of the table that begins the rows of a class (contract, 12).

The counters of lanes and beats are left out; they have few bits compared with a row.
"""

import math

from golden.params import TrainerParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Memory, Tally, field_bits

__all__ = ["begin", "begin_cycles", "memories"]


def memories(params: TrainerParams, code_width: int) -> tuple[Memory, ...]:
    """Return the memory: half of a table of constants."""
    return (Memory("table", 2 ** (code_width - 1), _magnitude_bits(params)),)


def begin(params: TrainerParams, code_width: int, classes: int) -> Tally:
    """Return the actions of making the first rows of classes.

    Each code is looked up, also one past D, and its weight gets a sign. The codes of a row and its
    weights move on by one lane after each. The memory to which rows go counts its writes by itself.

    Parameters
    ----------
    params : TrainerParams
    code_width : int
        q.
    classes : int

    Raises
    ------
    TypeError, ValueError
        If the number is not an integer >= 0.
    """
    check_integer("Classes to begin", classes, 0)
    lanes, width = params.lanes, int(params.backward_width)
    row = Tally({
        Action("table", "read", _magnitude_bits(params)): lanes,
        Action("weight", "full_add"): lanes * width,
        Action("codes", "register", lanes * code_width): lanes + 2,
        Action("weights", "register", lanes * width): lanes + 1,
    })  # fmt: skip
    return classes * params.beats * row


def begin_cycles(params: TrainerParams, classes: int) -> int:
    """Return the cycles of classes whose codes arrive without gaps, with rows taken at once.

    The first cycle counted takes the first codes. The last one takes the last row. The codes of a
    row are taken, looked up one a cycle and one more until the last weight is there, and offered.
    """
    check_integer("Classes to begin", classes, 0)
    return classes * params.beats * (1 + params.lanes + 1 + 1)


def _magnitude_bits(params: TrainerParams) -> int:
    """Return the bits of the largest magnitude: that of the chance 49/50, or of the lowest code."""
    width = int(params.backward_width)
    largest = 2.0 ** (width - 1 - params.weight_exponent) * math.log(49) / 20
    return field_bits(min(2 ** (width - 1), round(largest)))
