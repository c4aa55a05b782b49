# SPDX-License-Identifier: MIT
"""The design to build within a budget of bits, in one sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Protocol

from sim.explore.space.objectives import Objective
from sim.measure.ledger import fits

__all__ = ["NEAR", "Design", "Recommendation", "recommend"]

#: Points of accuracy that count for less than the price of a chip.
NEAR = 0.5


class Design(Protocol):
    """What is asked of a trial that went through all rungs."""

    @property
    def number(self) -> int: ...

    @property
    def label(self) -> str: ...

    @property
    def values(self) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class Recommendation:
    """What stands for a budget.

    Parameters
    ----------
    budget : float or None
        Mb; None where only the constraints bound.
    chosen, best : Design or None
        What is recommended, and the most accurate one; None where nothing fits.
    sentence : str
    """

    budget: float | None
    chosen: Design | None
    best: Design | None
    sentence: str

    @property
    def bound(self) -> str:
        """The budget as a constraint."""
        return "the constraints" if self.budget is None else f"bits <= {self.budget:g} Mb"


def recommend(
    designs: Sequence[Design], budget: float | None, objectives: Sequence[Objective]
) -> Recommendation:
    """Return what is recommended for a budget.

    Of the designs within it, those count that are within `NEAR` points of the most accurate; of
    these the one whose energy, area and latency, those that are sought, have the least product; of
    equal ones that of fewest bits. Where no budget bounds them, bits are a factor, too.

    Parameters
    ----------
    designs : sequence of Design
        Designs that keep all constraints and went through all rungs.
    budget : float or None
        Mb.
    objectives : sequence of Objective
    """
    within = [d for d in designs if _fits(d, budget)]
    where = "Within the constraints" if budget is None else f"For {budget:g} Mb"
    if not within:
        return Recommendation(
            budget, None, None, f"{where} nothing that was tried is small enough."
        )
    best = max(within, key=lambda d: d.values["accuracy"])
    near = [d for d in within if d.values["accuracy"] >= best.values["accuracy"] - NEAR]
    unpriced = ("accuracy",) if budget is None else ("accuracy", "bits")
    priced = [o.name for o in objectives if o.name not in unpriced]
    chosen = min(
        near,
        key=lambda d: (
            prod(d.values[name] for name in priced),
            d.values.get("bits", 0.0),
            -d.values["accuracy"],
        ),
    )
    said = f"{where} take {chosen.label}: {_said(chosen, objectives)}"
    if chosen is best:
        return Recommendation(budget, chosen, best, f"{said}; nothing tried is more accurate.")
    more = f"; the most accurate, {best.label}, has {_said(best, objectives)}"
    return Recommendation(budget, chosen, best, f"{said}{more}.")


def _fits(design: Design, budget: float | None) -> bool:
    return budget is None or fits(round(design.values["bits"] * 1e6), budget)


def _said(design: Design, objectives: Sequence[Objective]) -> str:
    """Return the values of a design in words."""
    return ", ".join(f"{design.values[o.name]:.3g} {o.unit}" for o in objectives)
