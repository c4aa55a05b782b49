# SPDX-License-Identifier: MIT
"""Which values of a technology move a sum: each at its bounds, all others nominal."""

from dataclasses import dataclass

from sim.cost.pricing import Bill, EnergyLine, Total

__all__ = ["Swing", "swings"]


@dataclass(frozen=True, kw_only=True)
class Swing:
    """How far a sum moves with one value.

    Attributes
    ----------
    name : str
        A kind of action of logic, or an access to one memory.
    part : float
        J of the sum that it is the price of.
    low, high : float
        J, <= 0 and >= 0, by which the sum changes if the value is at its bounds.
    """

    name: str
    part: float
    low: float
    high: float


def swings(bill: Bill) -> tuple[Swing, ...]:
    """Return the swings of a bill, the widest first; those that are as wide by their part."""
    sums: dict[str, Total] = {}
    for line in bill.lines:
        sums[_name(line)] = sums.get(_name(line), Total()) + line.total
    found = [
        Swing(name=name, part=t.nominal, low=t.low - t.nominal, high=t.high - t.nominal)
        for name, t in sums.items()
        if not t.missing
    ]
    return tuple(sorted(found, key=lambda swing: (swing.low - swing.high, -swing.part)))


def _name(line: EnergyLine) -> str:
    kind = line.action.kind
    return f"{line.action.component} {kind}" if line.is_memory else kind
