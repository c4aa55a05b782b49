# SPDX-License-Identifier: MIT
"""Sensitivity: the share of an objective's variance that each parameter explains alone."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.explore.space.parameter import Parameter
from sim.explore.space.part import Part
from sim.explore.space.space import REPLAY

__all__ = ["Share", "main_effect", "sensitivities"]

_MOST_GROUPS = 5  # groups into which the numbers of a range are divided
_LEAST_TRIALS = 8  # with fewer trials, an effect is not reported


class Share(Part):
    """Share of an objective's variance that a parameter explains.

    Attributes
    ----------
    parameter, objective : str
    share : float
        Share of the variance, 0..1.
    trials : int
        Number of trials that it was computed from. It is not written to files.
    """

    parameter: str
    objective: str
    share: float
    trials: Annotated[int, Field(exclude=True)] = 0


def sensitivities(
    parameters: Sequence[Parameter],
    trials: Sequence[tuple[Mapping[str, Any], Mapping[str, float]]],
    objectives: Sequence[str],
) -> list[Share]:
    """Return the main effect of every parameter on every objective.

    The effect of a parameter that methods share is computed within methods: the mean of its method
    is subtracted from each value. The effect of a method's own parameter is computed from the
    trials of that method. The trials come from a search and are no balanced sample, so parameters
    that the search changed together share their effects.

    Parameters
    ----------
    parameters : sequence of Parameter
    trials : sequence of (mapping, mapping)
        Parameters and values of each trial. A value may be missing.
    objectives : sequence of str
        Names of the objectives.

    Returns
    -------
    list of Share
        Shares with too few trials are left out.
    """
    found = []
    for parameter in parameters:
        for objective in objectives:
            chosen = [
                (p, v[objective]) for p, v in trials if parameter.name in p and objective in v
            ]
            if len(chosen) < _LEAST_TRIALS:
                continue
            values = np.array([value for _, value in chosen])
            taken = 1
            if parameter.name != REPLAY:
                methods = [p[REPLAY] for p, _ in chosen]
                values, taken = _within(methods, values), len(set(methods))
            groups = _groups(parameter, [p[parameter.name] for p, _ in chosen])
            share = main_effect(groups, values, taken)
            found.append(
                Share(
                    parameter=parameter.name, objective=objective, share=share, trials=len(chosen)
                )
            )
    return found


def main_effect(groups: Sequence[Any], values: NDArray[np.float64], taken: int = 1) -> float:
    """Return the share of the variance of values that lies between their groups.

    It is corrected for the share that groups explain by chance (epsilon squared, the adjusted R
    squared of one-way analysis of variance) and at least 0.

    Parameters
    ----------
    groups : sequence of n
        Group of each value.
    values : ndarray of shape (n,), float64
    taken : int
        Number of means that were subtracted from the values before: one for all, or one per
        method.
    """
    total = float(np.square(values - values.mean()).sum())
    names = list(dict.fromkeys(groups))
    free = len(values) - len(names) - taken + 1
    if total <= 1e-12 * float(np.square(values).sum()) or len(names) < 2 or free < 1:
        return 0.0
    left = float(np.square(_within(groups, values)).sum())
    return max(0.0, 1 - (left / free) / (total / (len(values) - taken)))


def _within(groups: Sequence[Any], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values minus the mean of their group."""
    found = values.copy()
    for name in dict.fromkeys(groups):
        members = np.array([group == name for group in groups])
        found[members] -= values[members].mean()
    return found


def _groups(parameter: Parameter, values: Sequence[Any]) -> Sequence[Any]:
    """Return the group of each value: itself, or its part of a range by rank."""
    if parameter.kind == "categorical" or len(set(values)) <= _MOST_GROUPS:
        return values
    edges = np.quantile(values, np.linspace(0, 1, _MOST_GROUPS + 1)[1:-1])
    return np.searchsorted(edges, values, side="right").tolist()
