# SPDX-License-Identifier: MIT
"""How much of a study a design must go through before it counts: rungs, and who climbs on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import pydantic
from pydantic import Field

from sim.explore.objectives import Objective
from sim.section import Section

__all__ = ["FidelityConfig", "RungConfig", "promising"]


class RungConfig(Section):
    """A part of the study.

    Attributes
    ----------
    tasks : int or null
        First tasks that are learnt; all if null.
    seeds : int
        Seeds that are averaged, from 0.
    """

    tasks: Annotated[int, Field(ge=1)] | None = None
    seeds: int = Field(default=1, ge=1, le=1000)


class FidelityConfig(Section):
    """Rungs, each with all that the one before has and more, and what it takes to climb.

    Attributes
    ----------
    rungs : list of RungConfig
        The last one is of all tasks.
    margin : float
        Points of accuracy by which a design may be behind at a rung and go on; see `promising`.
    """

    rungs: Annotated[list[RungConfig], Field(min_length=1)] = [
        RungConfig(tasks=3),
        RungConfig(),
        RungConfig(seeds=3),
    ]
    margin: float = Field(default=1.0, ge=0, le=100)

    @pydantic.model_validator(mode="after")
    def _rungs_grow(self) -> "FidelityConfig":
        if self.rungs[-1].tasks is not None:
            raise ValueError("the last of rungs must be of all tasks: leave its tasks out")
        for number, (below, above) in enumerate(zip(self.rungs, self.rungs[1:], strict=False)):
            if below == above or above.seeds < below.seeds or _fewer_tasks(above, below):
                raise ValueError(
                    f"rungs.{number + 1} must have all tasks and seeds of rungs.{number}, and more"
                )
        return self


def promising(
    own: Mapping[str, float],
    others: Iterable[Mapping[str, float]],
    objectives: Sequence[Objective],
    margin: float,
) -> bool:
    """Return whether a design climbs on from a rung.

    It does unless another one that reached this rung is as good in everything that is known
    exactly, and ahead in accuracy by more than the margin: such a design is not of the front, if
    the order at this rung is that of the last to within the margin.

    Parameters
    ----------
    own : mapping of str to float
        Its values by the names of objectives, the accuracy being that at this rung.
    others : iterable of mapping
        Those of the others, at the same rung.
    objectives : sequence of Objective
    margin : float
        Points.
    """
    exact = [objective for objective in objectives if objective.static]
    return not any(
        other["accuracy"] > own["accuracy"] + margin
        and all(o.no_worse(other[o.name], own[o.name]) for o in exact)
        for other in others
    )


def _fewer_tasks(above: RungConfig, below: RungConfig) -> bool:
    if above.tasks is None:
        return False
    return below.tasks is None or above.tasks < below.tasks
