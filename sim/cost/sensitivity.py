# SPDX-License-Identifier: MIT
"""Sensitivity of a sum to single values: each is set to its bounds, all others stay nominal."""

from dataclasses import dataclass

from sim.cost.pricing import Bill, EnergyLine
from sim.cost.totals import Total

__all__ = ["Swing", "swings"]


@dataclass(frozen=True, kw_only=True)
class Swing:
    """The change of a sum with one value.

    Attributes
    ----------
    name : str
        The value: a kind of logic action, the access to one memory, or an overhead.
    part : float
        Part (J) of the sum that this value prices.
    low, high : float
        Change (J) of the sum if the value is at its low or high bound; <= 0 and >= 0.
    """

    name: str
    part: float
    low: float
    high: float


def swings(bill: Bill) -> tuple[Swing, ...]:
    """Return the swings of a bill, the widest first, and those of equal width by their part."""
    sums: dict[str, Total] = {}
    for line in bill.lines:
        sums[_name(line)] = sums.get(_name(line), Total()) + line.total
    sums |= {overhead.name: overhead.total for overhead in bill.overheads}
    found = [
        Swing(name=name, part=t.nominal, low=t.low - t.nominal, high=t.high - t.nominal)
        for name, t in sums.items()
        if not t.missing
    ]
    return tuple(sorted(found, key=lambda swing: (swing.low - swing.high, -swing.part)))


def _name(line: EnergyLine) -> str:
    kind = line.action.kind
    return f"{line.action.component} {kind}" if line.is_memory else kind
