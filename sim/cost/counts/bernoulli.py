# SPDX-License-Identifier: MIT
"""What the comparators do for a beat, and how many planes it takes (contract, 5 and 7)."""

from fractions import Fraction

from golden.params import BernoulliParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Tally

__all__ = ["expected_planes", "parallel_beat", "serial_plane"]


def parallel_beat(params: BernoulliParams) -> Tally:
    """Return what a beat of all planes does: each lane compares its code with a word of q bits."""
    return Tally({Action("bernoulli", "compare", params.code_width): params.lanes})


def serial_plane(params: BernoulliParams) -> Tally:
    """Return what a plane does: each lane compares a bit.

    Two registers of a bit a lane are clocked, the bits drawn and which of them are decided. A lane
    that is decided compares on, as one past D does.
    """
    return Tally({
        Action("bernoulli", "compare"): params.lanes,
        Action("bernoulli", "register", params.lanes): 2,
    })  # fmt: skip


def expected_planes(params: BernoulliParams, live: int | None = None) -> Fraction:
    """Return the planes that a serial beat takes on average, exactly.

    A plane is compared unless all live lanes are decided before it. Random bits that are uniform
    and independent equal the first t bits of a code with a chance of 2**-t, whatever the code is:
    so ``sum over t < q of 1 - (1 - 2**-t)**live`` planes, for every row of codes. The tie decides
    what a lane gives after q planes, and no plane comes after those.

    Parameters
    ----------
    params : BernoulliParams
    live : int, optional
        Lanes that must be decided, ``1..L``; all of them by default.
    """
    lanes = params.lanes if live is None else live
    check_integer("Live lanes", lanes, 1, params.lanes)
    return sum(
        (1 - (1 - Fraction(1, 2**plane)) ** lanes for plane in range(params.code_width)),
        Fraction(0),
    )
