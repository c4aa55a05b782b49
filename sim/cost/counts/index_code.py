# SPDX-License-Identifier: MIT
"""What a generator of index codes does, and the cycles that it takes (contract, 11).

It holds no memory: codes are computed. Left out are the counters of digits and of codes to come, a
few bits beside a code.
"""

from golden.params import IndexCodeParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["memories", "request", "request_cycles"]


def memories(params: IndexCodeParams) -> tuple[Memory, ...]:
    """Return the memories: none, whatever the parameters."""
    return ()


def request(params: IndexCodeParams, count: int) -> Tally:
    """Return what a request for the codes of consecutive indices does.

    Every digit of the first index and of the task is an addition in each sub-vector of either, of
    P or of 0 to twice what is there; every further code one in those of the index alone. Registers
    are clocked as they are loaded and added to.

    Parameters
    ----------
    params : IndexCodeParams
    count : int
        Codes, at least one.
    """
    check_integer("Codes of a request", count, 1)
    index, task = params.index_bits, params.task_bits
    digits = _digits(params)
    return Tally({
        Action("index", "full_add"): (digits + count - 1) * index,
        Action("index", "register", index): digits + count,
        **({Action("task", "full_add"): digits * task} if task else {}),
        **({Action("task", "register", task): 1 + digits} if task else {}),
    })  # fmt: skip


def request_cycles(params: IndexCodeParams, count: int) -> int:
    """Return the cycles of a request whose codes are taken at once.

    From the one after that in which it is taken to that in which its last code is, both counted: a
    digit of the first index or of the task each, then a code each.
    """
    check_integer("Codes of a request", count, 1)
    return _digits(params) + count


def _digits(params: IndexCodeParams) -> int:
    return max(params.width, params.task_width if params.task_bits else 0)
