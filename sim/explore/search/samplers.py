# SPDX-License-Identifier: MIT
"""What proposes the next point: Optuna's samplers, each call seeded by the number of its trial."""

import warnings
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler

__all__ = ["Plan", "SamplerSettings", "sampler_of"]

Parameters = dict[str, Any]


class SamplerSettings(Protocol):
    """Settings of a sampler, such as `sim.explore.space.settings.SamplerConfig`."""

    @property
    def name(self) -> str:
        """Which: ``grid``, ``random``, ``tpe`` or ``nsga2``."""
        ...

    @property
    def seed(self) -> int:
        """Seed of all that is drawn."""
        ...

    @property
    def population(self) -> int:
        """Complete trials that make a generation of NSGA-II."""
        ...


class Plan:
    """Parameters that trials of certain numbers have, whatever a sampler would propose.

    Parameters
    ----------
    reference : dict or None
        Parameters of trial 0.
    grid : sequence of dict or None
        All points of the space, which are then all that is tried; None if a sampler proposes.
    seed : int
        Of the order of a grid: its first points are then of everywhere.
    """

    def __init__(
        self, reference: Parameters | None, grid: Sequence[Parameters] | None, seed: int
    ) -> None:
        self._reference = reference
        self._grid = grid
        points = grid or []
        order = np.random.default_rng(seed).permutation(len(points))
        others = [points[i] for i in order if points[i] != reference]
        self._rows = others if reference is None else [reference, *others]

    def limit(self, trials: int) -> int:
        """Return how many of the trials that are wanted there are to be: at most all points."""
        return trials if self._grid is None else min(trials, len(self._rows))

    def row(self, number: int) -> Parameters | None:
        """Return the parameters of a trial; None where they are the sampler's to propose."""
        return self._rows[number] if number < len(self._rows) else None

    def is_reference(self, number: int) -> bool:
        """Return whether a trial is the reference."""
        return number == 0 and self._reference is not None


def sampler_of(settings: SamplerSettings, number: int) -> BaseSampler:
    """Return what proposes the parameters of a trial.

    It is made anew for each, so that proposals depend on the seed, the number of the trial and the
    trials before it alone: not on which process asks, nor on how often one was killed.

    Parameters
    ----------
    settings : SamplerSettings
        Of a grid, which is planned (`Plan`), nothing is proposed.
    number : int
        Of the trial.
    """
    own = int(np.random.SeedSequence([settings.seed, number]).generate_state(1)[0])
    if settings.name == "nsga2":
        return NSGAIISampler(population_size=settings.population, seed=own)
    if settings.name != "tpe":
        return RandomSampler(seed=own)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        # Parameters of a method are proposed together, and apart from those of the others; trials
        # under way count as bad ones, lest several workers all try the same.
        return TPESampler(multivariate=True, group=True, constant_liar=True, seed=own)
