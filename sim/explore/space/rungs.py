# SPDX-License-Identifier: MIT
"""Fidelity: the rungs, from a part of a study to all of it, and the rule that prunes designs."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import pydantic
from pydantic import Field

from sim.documents.section import Section
from sim.explore.space.objectives import Objective

__all__ = ["FidelityConfig", "RungConfig", "promising"]


class RungConfig(Section):
    """A rung: the part of the study that is run.

    Attributes
    ----------
    tasks : int or null
        Number of first tasks to learn; all tasks if null.
    seeds : int
        Number of seeds to average, counted from seed 0.
    """

    tasks: Annotated[int, Field(ge=1, le=65_536)] | None = None
    seeds: int = Field(default=1, ge=1, le=1000)


class FidelityConfig(Section):
    """The rungs and the rule that prunes designs. Each rung extends the one before it.

    Attributes
    ----------
    rungs : list of RungConfig
        The last rung runs all tasks.
    margin : float
        Points of accuracy by which a design may lag at a rung without being pruned; see
        `promising`.
    patience : int
        Number of other designs that must reach a rung before any design is pruned there.
    """

    rungs: Annotated[list[RungConfig], Field(min_length=1)] = [
        RungConfig(tasks=3),
        RungConfig(),
        RungConfig(seeds=3),
    ]
    margin: float = Field(default=1.0, ge=0, le=100)
    patience: int = Field(default=8, ge=1, le=10**9)

    @pydantic.model_validator(mode="after")
    def _rungs_grow(self) -> "FidelityConfig":
        if self.rungs[-1].tasks is not None:
            raise ValueError("the last of rungs must run all tasks: leave its tasks out")
        for number, (below, above) in enumerate(zip(self.rungs, self.rungs[1:], strict=False)):
            if below == above or above.seeds < below.seeds or _fewer_tasks(above, below):
                raise ValueError(
                    f"rungs.{number + 1} must have all tasks and seeds of rungs.{number}, and more"
                )
        return self


def promising(
    values: Mapping[str, float],
    rivals: Sequence[Mapping[str, float]],
    objectives: Sequence[Objective],
    fidelity: FidelityConfig,
) -> bool:
    """Return whether a design goes on to the next rung.

    A design is pruned only if enough rivals have reached the rung and one rival beats it. Such a
    rival is at least as good in every objective that is known exactly, and its accuracy is higher
    by more than the margin. If two designs that differ so much keep their order up to the last
    rung, then the pruned design is not on the front. No design is pruned because it is small, or
    because larger designs are more accurate.

    Parameters
    ----------
    values : mapping of str to float
        Values by the names of the objectives. The accuracy is that at this rung.
    rivals : sequence of mapping
        Values of every other design that reached this rung.
    objectives : sequence of Objective
    fidelity : FidelityConfig
    """
    exact = [objective for objective in objectives if objective.static]
    return len(rivals) < fidelity.patience or not any(
        rival["accuracy"] > values["accuracy"] + fidelity.margin
        and all(o.no_worse(rival[o.name], values[o.name]) for o in exact)
        for rival in rivals
    )


def _fewer_tasks(above: RungConfig, below: RungConfig) -> bool:
    if above.tasks is None:
        return False
    return below.tasks is None or above.tasks < below.tasks
