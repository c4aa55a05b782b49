# SPDX-License-Identifier: MIT
"""Which designs no other one beats, and how far a design is from those."""

from collections.abc import Mapping, Sequence

from sim.explore.space.objectives import Objective

__all__ = ["dominates", "gaps", "non_dominated"]

Values = Mapping[str, float]


def dominates(first: Values, second: Values, objectives: Sequence[Objective]) -> bool:
    """Return whether values are as good as others in every objective, and better in one.

    Parameters
    ----------
    first, second : mapping of str to float
        Values by objective, in their units.
    objectives : sequence of Objective
        Those that count.
    """
    return all(o.no_worse(first[o.name], second[o.name]) for o in objectives) and any(
        not o.no_worse(second[o.name], first[o.name]) for o in objectives
    )


def non_dominated(values: Sequence[Values], objectives: Sequence[Objective]) -> list[int]:
    """Return the places of the values that no others dominate, in their order.

    Of values that are equal throughout, all or none are among them.
    """
    return [
        place
        for place, own in enumerate(values)
        if not any(dominates(other, own, objectives) for other in values)
    ]


def gaps(
    own: Values, others: Sequence[Values], objectives: Sequence[Objective]
) -> dict[str, float]:
    """Return how far values are from the front, objective by objective.

    Parameters
    ----------
    own : mapping of str to float
    others : sequence of mapping
        All that there are.
    objectives : sequence of Objective

    Returns
    -------
    dict of str to float
        By how much the best of those that are as good in every other objective is better in this
        one, in its unit; 0 where none is. All are 0 of values on the front, and of those alone
        unless two objectives must be better at once.
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
