# SPDX-License-Identifier: MIT
"""The interface between the search and the designs that it explores."""

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
    """A space and the values of its designs. Every worker has its own copy.

    Equal parameters must give equal values on every machine, because a trial may run twice.
    """

    @property
    def name(self) -> str:
        """Name of the study in its storage."""
        ...

    @property
    def identity(self) -> Mapping[str, str]:
        """Named digests of everything that decides the values of a trial."""
        ...

    @property
    def objectives(self) -> Mapping[str, Direction]:
        """Direction of every objective, by its name."""
        ...

    @property
    def sampler(self) -> SamplerSettings:
        """Settings of the sampler that proposes points."""
        ...

    @property
    def last_rung(self) -> int:
        """Number of the last rung. Its accuracy is that of the design."""
        ...

    @property
    def cache_hits(self) -> int:
        """Number of results that this process has found in a cache so far."""
        ...

    def plan(self) -> Plan:
        """Return the trials whose parameters are fixed from the beginning."""
        ...

    def suggest(self, trial: Trial) -> None:
        """Let a trial choose all of its parameters."""
        ...

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        """Return what is known about a design before anything is learnt.

        The keys are these fields of `sim.explore.search.trials.TrialRecord`: ``label``,
        ``yaml``, ``static`` and ``cost``.
        """
        ...

    def violations(self, values: Values) -> dict[str, float]:
        """Return the excess of values over each constraint; at most 0 if it is kept."""
        ...

    def rungs(self, parameters: Parameters) -> Iterable[Rung]:
        """Learn rung by rung, as long as the caller asks for the next one."""
        ...

    def promising(self, values: Values, rivals: Sequence[Values]) -> bool:
        """Return whether a design goes on from a rung, given all others that reached the rung."""
        ...
