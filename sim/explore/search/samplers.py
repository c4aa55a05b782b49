# SPDX-License-Identifier: MIT
"""Samplers of Optuna, which propose the next point; the number of the trial seeds each call."""

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
        """Name of the sampler: ``grid``, ``random``, ``tpe`` or ``nsga2``."""
        ...

    @property
    def seed(self) -> int:
        """Seed of all random draws."""
        ...

    @property
    def population(self) -> int:
        """Number of complete trials in a generation of NSGA-II."""
        ...


class Plan:
    """Fixed parameters of certain trials. No sampler is asked for these.

    Parameters
    ----------
    reference : dict or None
        Parameters of trial 0.
    grid : sequence of dict or None
        All points of the space, if exactly these are tried; None if a sampler proposes points.
    seed : int
        Seed of the order of the grid. The order is random, so the first points cover the space.
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
        """Return the number of trials to run: those wanted, and at most all points of a grid."""
        return trials if self._grid is None else min(trials, len(self._rows))

    def row(self, number: int) -> Parameters | None:
        """Return the parameters of a trial; None if the sampler proposes them."""
        return self._rows[number] if number < len(self._rows) else None

    def is_reference(self, number: int) -> bool:
        """Return whether a trial is the reference."""
        return number == 0 and self._reference is not None


def sampler_of(settings: SamplerSettings, number: int) -> BaseSampler:
    """Return the sampler that proposes the parameters of a trial.

    Every trial gets a new sampler. Its proposals depend only on the seed, the number of the trial
    and the trials before it. They do not depend on which process asks, or on how often one was
    killed.

    Parameters
    ----------
    settings : SamplerSettings
        Settings of the sampler. A grid proposes nothing, because its points are planned (`Plan`).
    number : int
        Number of the trial.
    """
    own = int(np.random.SeedSequence([settings.seed, number]).generate_state(1)[0])
    if settings.name == "nsga2":
        return NSGAIISampler(population_size=settings.population, seed=own)
    if settings.name != "tpe":
        return RandomSampler(seed=own)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        # The sampler models the parameters of a method jointly, and apart from those of other
        # methods. Running trials count as bad ones, so that workers do not all try the same point.
        return TPESampler(multivariate=True, group=True, constant_liar=True, seed=own)
