# SPDX-License-Identifier: MIT
"""Estimated counts of the counters of a ternary head, which no block of the chip has yet.

They follow from the contract, section 17. The logits are those of the head on the machine. Then a
sample that is learned reads, moves and writes the counters of two classes, and the new bits of both
planes go to the weights of the machine. Which samples are learned depends on the data.
"""

from golden.params import MvuParams, TernaryTrainerParams
from golden.params.checks import check_integer
from sim.cost.counts.tally import Action, Memory, Tally

__all__ = ["memories", "move", "move_rows"]


def memories(params: TernaryTrainerParams, lanes: int) -> tuple[Memory, ...]:
    """Return the memory of the counters, read and written at once.

    Parameters
    ----------
    params : TernaryTrainerParams
    lanes : int
        L, counters of a row.
    """
    rows = params.classes * _beats(params, lanes)
    return (Memory("counters", rows, lanes * params.width, ports=2),)


def move_rows(params: TernaryTrainerParams, lanes: int) -> int:
    """Return the rows of counters that a sample moves: those of two classes."""
    return 2 * _beats(params, lanes)


def move(params: TernaryTrainerParams, mvu: MvuParams, lanes: int, samples: int) -> Tally:
    """Return the actions of samples that move the counters of two classes each.

    Parameters
    ----------
    params : TernaryTrainerParams
    mvu : MvuParams
        Unit whose weights are the planes.
    lanes : int
        L, counters of a row.
    samples : int
        Samples that are learned.
    """
    check_integer("Samples", samples, 0)
    width, words = lanes * params.width, -(-params.features // mvu.simd)
    row = Tally({
        Action("counters", "read", width): 1,
        Action("counters", "write", width): 1,
        Action("move", "accumulate", params.width): lanes,
        Action("planes", "compare", params.width): 2 * lanes,
    })  # fmt: skip
    planes = Tally({Action("network.mvu.weights", "write", mvu.simd): 2 * 2 * words})
    return samples * (move_rows(params, lanes) * row.within("ternary") + planes)


def _beats(params: TernaryTrainerParams, lanes: int) -> int:
    return -(-params.features // lanes)
