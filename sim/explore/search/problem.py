# SPDX-License-Identifier: MIT
"""What an exploration needs of what it explores."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

from optuna.trial import Trial

from sim.explore.search.samplers import Plan, SamplerSettings
from sim.explore.space.rung import Rung

__all__ = ["Direction", "Problem"]

Parameters = Mapping[str, Any]
Values = Mapping[str, float]
Direction = Literal["maximize", "minimize"]


class Problem(Protocol):
    """A space and what its designs are worth; every worker has a copy of its own.

    Equal parameters must have equal values on every machine: a trial may be run twice.
    """

    @property
    def name(self) -> str:
        """Name of the study in its storage."""
        ...

    @property
    def identity(self) -> Mapping[str, str]:
        """All that decides the values of a trial, in a few named digests."""
        ...

    @property
    def objectives(self) -> Mapping[str, Direction]:
        """Which way each objective is better, by its name."""
        ...

    @property
    def sampler(self) -> SamplerSettings:
        """What proposes points."""
        ...

    @property
    def last_rung(self) -> int:
        """Number of the rung whose accuracy is that of the design."""
        ...

    @property
    def cache_hits(self) -> int:
        """Results found in a cache so far, by this process."""
        ...

    def plan(self) -> Plan:
        """Return the trials whose parameters are settled from the beginning."""
        ...

    def suggest(self, trial: Trial) -> None:
        """Have a trial choose all of its parameters."""
        ...

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        """Return what is known of a design before anything is learnt.

        Fields of `sim.explore.search.trials.TrialRecord`: ``label``, ``yaml``, ``static``,
        ``cost``.
        """
        ...

    def violations(self, values: Values) -> dict[str, float]:
        """Return by how much values break each constraint on them; at most 0 if they do not."""
        ...

    def rungs(self, parameters: Parameters) -> Iterable[Rung]:
        """Learn, rung by rung, for as long as the caller asks for more."""
        ...

    def promising(self, values: Values, rivals: Sequence[Values]) -> bool:
        """Return whether a design climbs on from a rung, beside all others that reached it."""
        ...
