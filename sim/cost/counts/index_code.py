# SPDX-License-Identifier: MIT
"""Actions and cycles of a generator of index codes (contract, 11).

The generator has no memory, because it computes the codes. Its counters of digits and of remaining
codes are left out; they have few bits compared with a code.
"""

from golden.params import IndexCodeParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["memories", "request", "request_cycles"]


def memories(params: IndexCodeParams) -> tuple[Memory, ...]:
    """Return the memories: none, whatever the parameters."""
    return ()


def request(params: IndexCodeParams, count: int) -> Tally:
    """Return the actions of a request for the codes of consecutive indices.

    For each digit of the longer of first index and task, every sub-vector of both is doubled, and P
    or 0 is added to it. Each further code takes one addition in the sub-vectors of the index only.
    A register is clocked when it is loaded and at each addition.

    Parameters
    ----------
    params : IndexCodeParams
    count : int
        Number of codes, at least one.
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
    """Return the cycles of a request whose codes are taken without waiting.

    The first cycle counted follows the one that takes the request. The last one takes the last
    code. There is one cycle for each digit of the longer of first index and task, then one for each
    code.

    Parameters
    ----------
    params : IndexCodeParams
    count : int
        Number of codes, at least one.
    """
    check_integer("Codes of a request", count, 1)
    return _digits(params) + count


def _digits(params: IndexCodeParams) -> int:
    return max(params.width, params.task_width if params.task_bits else 0)
