# SPDX-License-Identifier: MIT
"""How much of a study a design must go through before it counts: rungs, and who climbs on."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import pydantic
from pydantic import Field

from sim.documents.section import Section
from sim.explore.space.objectives import Objective

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
    patience : int
        Others that must have reached a rung before any is left behind there.
    """

    rungs: Annotated[list[RungConfig], Field(min_length=1)] = [
        RungConfig(tasks=3),
        RungConfig(),
        RungConfig(seeds=3),
    ]
    margin: float = Field(default=1.0, ge=0, le=100)
    patience: int = Field(default=8, ge=1)

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
    values: Mapping[str, float],
    rivals: Sequence[Mapping[str, float]],
    objectives: Sequence[Objective],
    fidelity: FidelityConfig,
) -> bool:
    """Return whether a design climbs on from a rung.

    It does unless enough rivals are there and one of them is as good in everything that is known
    exactly, and ahead in accuracy by more than the margin. Such a design is not of the front where
    the order of two that are so far apart at this rung is their order at the last. No design is
    left behind for being small, or for being inaccurate among larger ones.

    Parameters
    ----------
    values : mapping of str to float
        By the names of objectives; the accuracy is that at this rung.
    rivals : sequence of mapping
        Those of every other design that reached this rung.
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
