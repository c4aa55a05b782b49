# SPDX-License-Identifier: MIT
"""Actions of the comparators for a beat, and the planes that a beat needs (contract, 5 and 7)."""

from fractions import Fraction

from golden.params import BernoulliParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Tally

__all__ = ["early_share", "expected_planes", "parallel_beat", "serial_plane"]


def parallel_beat(params: BernoulliParams) -> Tally:
    """Return the actions of a parallel beat: each lane compares its code with a word of q bits."""
    return Tally({Action("bernoulli", "compare", params.code_width): params.lanes})


def serial_plane(params: BernoulliParams) -> Tally:
    """Return the actions of a plane: each lane compares a bit.

    Two registers with one bit a lane are clocked. One holds the drawn bits, the other marks the
    decided lanes. Lanes that are decided, and lanes past D, compare as well.
    """
    return Tally({
        Action("bernoulli", "compare"): params.lanes,
        Action("bernoulli", "register", params.lanes): 2,
    })  # fmt: skip


def expected_planes(params: BernoulliParams, live: int | None = None) -> Fraction:
    """Return the exact expected number of planes of a serial beat.

    A plane is compared unless all live lanes are decided before it. Independent uniform random bits
    equal the first t bits of any code with probability 2**-t. The expected number is therefore
    ``sum over t < q of 1 - (1 - 2**-t)**live`` for every row of codes. After q planes the rule for
    ties decides the lanes that are left, so no further plane is needed.

    Parameters
    ----------
    params : BernoulliParams
    live : int, optional
        Number of lanes that must be decided, ``1..L``; L by default.
    """
    lanes = params.lanes if live is None else live
    check_integer("Live lanes", lanes, 1, params.lanes)
    return sum(
        (1 - (1 - Fraction(1, 2**plane)) ** lanes for plane in range(params.code_width)),
        Fraction(0),
    )


def early_share(params: BernoulliParams, live: int | None = None) -> Fraction:
    """Return the exact share of serial beats that are decided before their last plane.

    Random bits equal the first q - 1 bits of a code with probability 2**-(q - 1).

    Parameters
    ----------
    params, live
        As for `expected_planes`.
    """
    lanes = params.lanes if live is None else live
    check_integer("Live lanes", lanes, 1, params.lanes)
    return (1 - Fraction(1, 2 ** (params.code_width - 1))) ** lanes
