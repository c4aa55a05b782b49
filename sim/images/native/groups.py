# SPDX-License-Identifier: MIT
"""Groups of the runs of a study in image space over seeds, and one sentence on their results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.images.native.published import Published, published
from sim.images.native.settings import Plan
from sim.study.report.groups import Group

__all__ = ["PlanGroup", "groups_of", "verdict"]


@dataclass(frozen=True, kw_only=True)
class PlanGroup(Group):
    """All runs of one method with one budget.

    Parameters
    ----------
    plan : Plan
    published : Published or None
        The same run on the slides; None if they do not show it.
    """

    plan: Plan
    published: Published | None

    @property
    def by_task(self) -> NDArray[np.float64]:
        """Accuracy on all classes seen after each task, averaged over seeds."""
        return self.values("accuracy_seen").mean(axis=0)

    def megabits(self, key: str) -> str:
        """Return a number of bits, which is the same for all seeds, in Mb."""
        return f"{self.runs[0][key] / 1e6:.3g}"


def groups_of(
    plans: Sequence[Plan], runs: Sequence[dict[str, Any]], increment: int
) -> list[PlanGroup]:
    """Gather results by method and budget.

    Parameters
    ----------
    plans : sequence of Plan
    runs : sequence of dict
        Results of all runs.
    increment : int
        Classes of a task.
    """
    return [
        PlanGroup(
            plan=plan,
            runs=tuple(run for run in runs if run["label"] == plan.label),
            published=published(plan, increment),
        )
        for plan in plans
    ]


def verdict(groups: Sequence[PlanGroup]) -> str:
    """Return one sentence on the replay that is ahead at each budget, by final accuracy."""
    finals = {
        (g.plan.replay, g.plan.megabits): g.spread("final").mean for g in groups if not g.plan.ideal
    }
    budgets = [m for r, m in finals if r == "native" and ("latent", m) in finals]
    if not budgets:
        return "Nothing can be said of equal budgets: native and latent replay have none in common."
    parts = []
    for megabits in budgets:
        gain = 100 * (finals["native", megabits] - finals["latent", megabits])
        side = "ahead of" if gain > 0 else "behind"
        parts.append(f"{abs(gain):.1f} points {side} latent replay at {megabits:g} Mb")
    return f"In final accuracy, native replay is {', '.join(parts)}."
