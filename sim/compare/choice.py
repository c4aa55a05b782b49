# SPDX-License-Identifier: MIT
"""The rule that chooses the parameters of a method within a budget, before any test."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from sim.measure.ledger import fits
from sim.study.methods import Method

__all__ = ["Candidate", "Choice", "best_of", "choose"]

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Candidate:
    """A method with its bits and its accuracy in validation.

    Parameters
    ----------
    method : Method
    bits : int
        All bits that a budget is for, after all classes of the study are learnt.
    accuracies : tuple of float
        Average incremental accuracy in validation, in 0..1, one for each seed.
    """

    method: Method
    bits: int
    accuracies: tuple[float, ...]

    @property
    def family(self) -> str:
        """Name of the source; all candidates of one source are a family."""
        return self.method.replay

    @property
    def accuracy(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.accuracies))


@dataclass(frozen=True)
class Choice:
    """The candidate that represents its family at a budget (Mb)."""

    budget: float
    candidate: Candidate


def choose(candidates: Sequence[Candidate], budgets: Sequence[float]) -> list[Choice]:
    """Return the chosen candidate of every family at every budget.

    The choice is the candidate within the budget with the best mean accuracy in validation. Ties
    go to the candidate with the fewest bits, then to the first one. A family without a candidate
    within a budget has no choice at that budget.

    Parameters
    ----------
    candidates : sequence of Candidate
    budgets : sequence of float
        In Mb (10^6 bits).

    Returns
    -------
    list of Choice
        Families in the order of the candidates; within each family, the order of `budgets`.
    """
    choices = []
    for family in dict.fromkeys(c.family for c in candidates):
        for budget in budgets:
            within = [c for c in candidates if c.family == family and fits(c.bits, budget)]
            if within:
                best = max(within, key=lambda c: (c.accuracy, -c.bits))
                choices.append(Choice(budget, best))
    return choices


def best_of(
    variants: Sequence[Method],
    accuracies: Mapping[Method, Sequence[float]],
    alike: Callable[[Method], Key],
) -> dict[Key, Method]:
    """Return the best of the variants that stand for the same, by what they stand for.

    Ties go to the variant that comes first.

    Parameters
    ----------
    variants : sequence of Method
    accuracies : mapping of Method to sequence of float
        Average incremental accuracies in validation, one for each seed. A variant without a rival
        may be absent.
    alike : callable
        Returns what a variant stands for.
    """
    best: dict[Key, Method] = {}
    for variant in variants:
        rival = best.setdefault(alike(variant), variant)
        if rival is not variant and np.mean(accuracies[variant]) > np.mean(accuracies[rival]):
            best[alike(variant)] = variant
    return best
