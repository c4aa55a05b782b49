# SPDX-License-Identifier: MIT
"""What an exploration found: the front, what to build, what matters, where the reference lies."""

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
    """The trials of an exploration and what follows from them.

    Parameters
    ----------
    config : ExploreConfig
    records : sequence of TrialRecord
        All that have ended.
    """

    config: ExploreConfig
    records: Sequence[TrialRecord]

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is sought, accuracy first."""
        return self.config.sought

    @cached_property
    def designs(self) -> list[TrialRecord]:
        """Trials that went through all rungs and break no constraint, each design once."""
        found = [r for r in self.records if r.state == "complete" and not r.broken]
        first = {tuple(sorted(r.parameters.items())): r for r in reversed(found)}
        return sorted(first.values(), key=lambda r: r.number)

    @cached_property
    def front(self) -> list[TrialRecord]:
        """Designs that no other beats in all objectives, the most accurate first."""
        return self._front(self.objectives)

    @cached_property
    def skyline(self) -> list[TrialRecord]:
        """Designs of the front that no other beats in accuracy and bits alone."""
        plane = [o for o in self.objectives if o.name in ("accuracy", "bits")]
        front = {record.number for record in self.front}
        return [record for record in self._front(plane) if record.number in front]

    @cached_property
    def recommended(self) -> list[Choice]:
        """What to build, for every budget; within the constraints where there is none."""
        budgets = sorted(self.config.recommend) or [None]
        return [recommend(self.designs, budget, self.objectives) for budget in budgets]

    @cached_property
    def sensitivity(self) -> list[Share]:
        """Main effects of all parameters, of the accuracy among trials that ended."""
        trials = [
            (r.parameters, r.values if r.state == "complete" else r.static)
            for r in self.records
            if r.state != "failed"
        ]
        names = [objective.name for objective in self.objectives]
        return sensitivities(Space(self.config).parameters, trials, names)

    @cached_property
    def reference(self) -> TrialRecord | None:
        """The design that others are held against, if it went through."""
        return next((r for r in self.records if r.reference and r.state == "complete"), None)

    @cached_property
    def reference_gaps(self) -> dict[str, float] | None:
        """How far the reference is from the front, objective by objective; None without it."""
        if self.reference is None:
            return None
        values = [design.values for design in self.designs]
        return gaps(self.reference.values, values, self.objectives)

    @property
    def counts(self) -> dict[str, int]:
        """Trials by state."""
        return {state: sum(r.state == state for r in self.records) for state in _STATES}

    @property
    def verdict(self) -> str:
        """What to build, in one sentence."""
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
