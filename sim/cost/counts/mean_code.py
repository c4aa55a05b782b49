# SPDX-License-Identifier: MIT
"""Actions and cycles of the divider that makes codes of means (contract, 14).

It has no memory. Its counter of digits is left out; it has few bits compared with a remainder.
"""

from sim.cost.counts.tally import Action, Tally

__all__ = ["divide", "divide_cycles"]


def divide(code_width: int, count_width: int) -> Tally:
    """Return the actions of one code: a subtraction for each of its q + 1 digits, and two to round.

    The first subtraction for rounding is that of one more digit. The second lowers or raises the
    quotient by one.
    """
    digits, left = code_width + 1, count_width + 1
    return Tally({
        Action("left", "full_add"): (digits + 1) * left,
        Action("left", "register", left): 1 + digits,
        Action("number", "register", count_width): 1,
        Action("quotient", "register", digits): digits,
        Action("code", "full_add"): digits,
    })  # fmt: skip


def divide_cycles(code_width: int) -> int:
    """Return the cycles from one code to the next.

    The mean is taken, divided by q + 1 digits, and the code is offered.
    """
    return 1 + (code_width + 1) + 1
