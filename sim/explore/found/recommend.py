# SPDX-License-Identifier: MIT
"""The design to build within a budget of bits, in one sentence."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Protocol

from pydantic import ConfigDict, SkipValidation

from sim.explore.space.objectives import Objective
from sim.explore.space.part import Part
from sim.measure.ledger import fits

__all__ = ["NEAR", "Choice", "Design", "Recommendation", "recommend"]

#: Points of accuracy that one gives up for a cheaper chip.
NEAR = 0.5


class Design(Protocol):
    """A trial that finished all rungs, as a recommendation needs it."""

    @property
    def number(self) -> int: ...

    @property
    def label(self) -> str: ...

    @property
    def values(self) -> Mapping[str, float]: ...


class Recommendation(Part):
    """The best design within a budget, as a report names it.

    Attributes
    ----------
    budget : str
        The budget as a constraint.
    trial : int or None
        Number of the trial of the design; None if no design fits.
    sentence : str
        The recommendation in words.
    """

    budget: str
    trial: int | None = None
    sentence: str


class Choice(Recommendation):
    """A recommendation with its designs.

    Attributes
    ----------
    size : float or None
        The budget (Mb); None if there are only the constraints.
    chosen, best : Design or None
        The recommended design and the most accurate one; None if no design fits.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    size: float | None
    chosen: SkipValidation[Design | None]
    best: SkipValidation[Design | None]


def recommend(
    designs: Sequence[Design], budget: float | None, objectives: Sequence[Objective]
) -> Choice:
    """Return the recommendation for a budget.

    The candidates are the designs within the budget whose accuracy is within `NEAR` points of the
    highest. The recommended one has the least product of energy, area and latency, as far as these
    are objectives. Among equal products, it has the fewest bits. Without a budget, the bits are a
    factor of the product, too.

    Parameters
    ----------
    designs : sequence of Design
        Designs that keep all constraints and finished all rungs.
    budget : float or None
        The budget (Mb); None for no budget.
    objectives : sequence of Objective
    """
    within = [d for d in designs if _fits(d, budget)]
    where = "Within the constraints" if budget is None else f"For {budget:g} Mb"
    best = max(within, key=lambda d: d.values["accuracy"], default=None)
    if best is None:
        chosen, sentence = None, f"{where} nothing that was tried is small enough."
    else:
        chosen = _cheapest_near(best, within, budget, objectives)
        sentence = f"{where} take {chosen.label}: {_said(chosen, objectives)}"
        if chosen is best:
            sentence += "; nothing tried is more accurate."
        else:
            sentence += f"; the most accurate, {best.label}, has {_said(best, objectives)}."
    return Choice(
        budget="the constraints" if budget is None else f"bits <= {budget:g} Mb",
        trial=None if chosen is None else chosen.number,
        sentence=sentence,
        size=budget,
        chosen=chosen,
        best=best,
    )


def _cheapest_near(
    best: Design, within: Sequence[Design], budget: float | None, objectives: Sequence[Objective]
) -> Design:
    """Return the cheapest design among those near the most accurate one."""
    near = [d for d in within if d.values["accuracy"] >= best.values["accuracy"] - NEAR]
    unpriced = ("accuracy",) if budget is None else ("accuracy", "bits")
    priced = [o.name for o in objectives if o.name not in unpriced]
    return min(
        near,
        key=lambda d: (
            prod(d.values[name] for name in priced),
            d.values.get("bits", 0.0),
            -d.values["accuracy"],
        ),
    )


def _fits(design: Design, budget: float | None) -> bool:
    return budget is None or fits(round(design.values["bits"] * 1e6), budget)


def _said(design: Design, objectives: Sequence[Objective]) -> str:
    """Return the values of a design in words."""
    return ", ".join(f"{design.values[o.name]:.3g} {o.unit}" for o in objectives)
