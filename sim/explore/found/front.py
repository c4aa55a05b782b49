# SPDX-License-Identifier: MIT
"""The Pareto front: non-dominated designs, and the gaps of a design to them."""

from collections.abc import Mapping, Sequence

from sim.explore.space.objectives import Objective

__all__ = ["dominates", "gaps", "non_dominated"]

Values = Mapping[str, float]


def dominates(first: Values, second: Values, objectives: Sequence[Objective]) -> bool:
    """Return whether `first` is as good as `second` in every objective and better in one.

    Parameters
    ----------
    first, second : mapping of str to float
        Values by objective, in their units.
    objectives : sequence of Objective
        Objectives that are compared.
    """
    return all(o.no_worse(first[o.name], second[o.name]) for o in objectives) and any(
        not o.no_worse(second[o.name], first[o.name]) for o in objectives
    )


def non_dominated(values: Sequence[Values], objectives: Sequence[Objective]) -> list[int]:
    """Return the places of the values that no others dominate, in order.

    Equal values are either all among them or all absent.
    """
    return [
        place
        for place, own in enumerate(values)
        if not any(dominates(other, own, objectives) for other in values)
    ]


def gaps(
    own: Values, others: Sequence[Values], objectives: Sequence[Objective]
) -> dict[str, float]:
    """Return how far values are from the front, for each objective.

    Parameters
    ----------
    own : mapping of str to float
        Values of the design.
    others : sequence of mapping
        Values of all designs.
    objectives : sequence of Objective

    Returns
    -------
    dict of str to float
        The gap in each objective, in its unit. Rivals are the designs that are as good in every
        other objective. The gap is the lead of the best rival, or 0 if no rival is better. All
        gaps of a design on the front are 0. They can also be 0 off the front, if every design
        that dominates it is better in two or more objectives.
    """
    found = {}
    for objective in objectives:
        rest = [o for o in objectives if o != objective]
        rivals = [
            other[objective.name]
            for other in others
            if all(o.no_worse(other[o.name], own[o.name]) for o in rest)
        ]
        leads = [_lead(objective, rival, own[objective.name]) for rival in rivals]
        found[objective.name] = max([0.0, *leads])
    return found


def _lead(objective: Objective, value: float, other: float) -> float:
    return value - other if objective.direction == "maximize" else other - value
