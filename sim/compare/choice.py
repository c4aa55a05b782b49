# SPDX-License-Identifier: MIT
"""The rule that chooses a method's parameters within a budget, before any test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.measure.ledger import fits
from sim.replay import ReplayContext
from sim.study.methods import Method

__all__ = ["Candidate", "Choice", "choose", "memory_bits"]


@dataclass(frozen=True)
class Candidate:
    """A method with its bits and its accuracy in validation.

    Parameters
    ----------
    method : Method
    bits : int
        Of its memory of the past, all of them, when all classes of the study are learnt.
    accuracies : tuple of float
        Average incremental accuracy in validation, one a seed.
    """

    method: Method
    bits: int
    accuracies: tuple[float, ...]

    @property
    def family(self) -> str:
        """Name of the source, which all candidates of that source share."""
        return self.method.replay

    @property
    def accuracy(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.accuracies))


@dataclass(frozen=True)
class Choice:
    """The candidate of a family that stands for it at a budget (Mb)."""

    budget: float
    candidate: Candidate


def memory_bits(method: Method, features: int, classes: int) -> int:
    """Return all bits of a method's memory of the past, known before it learns.

    Parameters
    ----------
    method : Method
    features, classes : int
        D and n_c.

    Raises
    ------
    ValueError
        If no such memory can be, for those parameters.
    """
    context = ReplayContext(features=features, classes=classes, seed=0)
    return method.source(context).ledger().bits_full


def choose(candidates: Sequence[Candidate], budgets: Sequence[float]) -> list[Choice]:
    """Return what stands for every family at every budget.

    It is the candidate within the budget with the best mean accuracy in validation; of equal ones
    that of fewest bits, and of those the first. A family none of whose candidates is within a
    budget has no choice there.

    Parameters
    ----------
    candidates : sequence of Candidate
    budgets : sequence of float
        Mb, 10^6 bits.

    Returns
    -------
    list of Choice
        Families in the order of the candidates, budgets in their own order within each.
    """
    choices = []
    for family in dict.fromkeys(c.family for c in candidates):
        for budget in budgets:
            within = [c for c in candidates if c.family == family and fits(c.bits, budget)]
            if within:
                best = max(within, key=lambda c: (c.accuracy, -c.bits))
                choices.append(Choice(budget, best))
    return choices
