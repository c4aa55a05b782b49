# SPDX-License-Identifier: MIT
"""Results of an exploration: front, recommendations, sensitivity and place of the reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sim.explore.found.front import gaps, non_dominated
from sim.explore.found.recommend import Choice, recommend
from sim.explore.found.sensitivity import Share, sensitivities
from sim.explore.search.trials import TrialRecord
from sim.explore.space.objectives import Objective
from sim.explore.space.settings import ExploreConfig
from sim.explore.space.space import Space

__all__ = ["Outcome"]

_STATES = ("complete", "pruned", "infeasible", "failed")


@dataclass(frozen=True)
class Outcome:
    """The trials of an exploration and the results derived from them.

    Parameters
    ----------
    config : ExploreConfig
    records : sequence of TrialRecord
        All trials that have ended.
    """

    config: ExploreConfig
    records: Sequence[TrialRecord]

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives, accuracy first."""
        return self.config.sought

    @cached_property
    def designs(self) -> list[TrialRecord]:
        """Trials that finished all rungs and keep all constraints, each design once."""
        found = [r for r in self.records if r.state == "complete" and not r.broken]
        first = {tuple(sorted(r.parameters.items())): r for r in reversed(found)}
        return sorted(first.values(), key=lambda r: r.number)

    @cached_property
    def front(self) -> list[TrialRecord]:
        """Designs that no other dominates in all objectives, the most accurate first."""
        return self._front(self.objectives)

    @cached_property
    def skyline(self) -> list[TrialRecord]:
        """Designs of the front that no other dominates in accuracy and bits alone."""
        plane = [o for o in self.objectives if o.name in ("accuracy", "bits")]
        front = {record.number for record in self.front}
        return [record for record in self._front(plane) if record.number in front]

    @cached_property
    def recommended(self) -> list[Choice]:
        """Recommendations for every budget, or one within the constraints if there is no budget."""
        budgets = sorted(self.config.recommend) or [None]
        return [recommend(self.designs, budget, self.objectives) for budget in budgets]

    @cached_property
    def sensitivity(self) -> list[Share]:
        """Main effects of all parameters; those on accuracy are from complete trials only."""
        trials = [
            (r.parameters, r.values if r.state == "complete" else r.static)
            for r in self.records
            if r.state != "failed"
        ]
        names = [objective.name for objective in self.objectives]
        return sensitivities(Space(self.config).parameters, trials, names)

    @cached_property
    def reference(self) -> TrialRecord | None:
        """The reference design, if it finished all rungs."""
        return next((r for r in self.records if r.reference and r.state == "complete"), None)

    @cached_property
    def reference_gaps(self) -> dict[str, float] | None:
        """Gaps of the reference to the front in each objective; None without a reference."""
        if self.reference is None:
            return None
        values = [design.values for design in self.designs]
        return gaps(self.reference.values, values, self.objectives)

    @property
    def counts(self) -> dict[str, int]:
        """Number of trials in each state."""
        return {state: sum(r.state == state for r in self.records) for state in _STATES}

    @property
    def verdict(self) -> str:
        """The recommendation in one sentence."""
        if len(self.recommended) == 1:
            return self.recommended[0].sentence
        parts = [
            f"for {r.size:g} Mb {r.chosen.label} ({r.chosen.values['accuracy']:.1f} %)"
            for r in self.recommended
            if r.chosen is not None
        ]
        if not parts:
            return "Nothing that was tried is within a budget."
        listed = "; ".join(parts)
        return f"Recommended: {listed}."

    def _front(self, objectives: Sequence[Objective]) -> list[TrialRecord]:
        places = non_dominated([design.values for design in self.designs], objectives)
        found = [self.designs[place] for place in places]
        return sorted(found, key=lambda r: (-r.values["accuracy"], r.number))
