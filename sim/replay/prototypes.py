# SPDX-License-Identifier: MIT
"""Fit of the prototypes of the classes of a task, for all sources that store prototypes."""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pydantic
from numpy.typing import NDArray
from pydantic import Field

from golden.bits import unpack
from golden.kernels.online_mixture import learn
from golden.online_mixture import OnlineMixture
from golden.params import OnlineMixtureParams
from sim.documents.section import Section
from sim.learn.mixture_classes import fit_classes
from sim.replay.base import Labels, Packed
from sim.work.cache import NO_CACHE, Cache, digest_of

__all__ = ["MixtureSettings", "fit_prototypes"]


class MixtureSettings(Section):
    """Settings of the fit of prototypes, with the names that `BernoulliMixture` uses.

    Attributes
    ----------
    fit : {"em", "online"}
        Expectation maximisation on all samples of a class, or components that compete for them in
        one pass of integers, as a chip can learn them (contract, 16).
    handicap_shift : int
        s of the competition.
    init : {"centroid", "random", "uniform"}
        Law of the first means: around the mean of the data, uniform in 0.25..0.75 or in 0..1.
    init_scale : float
        Noise around the mean of the data, in standard deviations of each feature.
    pi : {"fixed", "trainable"}
        Whether the mixing weights stay equal or are learnt.
    criterion : {"marginal", "expected"}
        Objective: the marginal log-likelihood, or the expected complete one.
    tol : float
        Relative change of the objective that ends a fit.
    max_iter : int
        Largest number of iterations after the warm-up.
    n_init : int
        Number of starts.
    warmup_iter : int
        Iterations of each start before the best is chosen.
    count_warmup : bool
        Whether the warm-up of the chosen start counts among `max_iter`.
    """

    fit: Literal["em", "online"] = "em"
    handicap_shift: int = Field(default=4, ge=0, le=31)
    init: Literal["centroid", "random", "uniform"] = "centroid"
    init_scale: float = Field(default=1.0, gt=0, le=1e6)
    pi: Literal["fixed", "trainable"] = "fixed"
    criterion: Literal["marginal", "expected"] = "marginal"
    tol: float = Field(default=1e-3, gt=0, le=1e9)
    max_iter: int = Field(default=10, ge=1, le=10_000)
    n_init: int = Field(default=5, ge=1, le=1000)
    warmup_iter: int = Field(default=3, ge=0, le=1000)
    count_warmup: bool = False

    @pydantic.model_validator(mode="after")
    def _keys_are_of_the_fit(self) -> "MixtureSettings":
        ours = ("handicap_shift",)
        for key in self.model_dump(exclude_defaults=True, exclude={"fit"}):
            if (key in ours) != (self.fit == "online"):
                raise ValueError(f"{key} must be left out where fit is {self.fit}")
        return self


def fit_prototypes(
    exemplars: Packed,
    labels: Labels,
    features: int,
    components: int,
    settings: MixtureSettings,
    rng: np.random.Generator,
    cache: Cache = NO_CACHE,
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    """Yield class, means and mixing weights of the prototypes of every class, in order.

    Parameters
    ----------
    exemplars : ndarray of shape (n_samples, ceil(D/64)), uint64
        Packed training samples.
    labels : ndarray of shape (n_samples,), int64
        Class of each sample.
    features, components : int
        D and K.
    settings : MixtureSettings
        Settings of the fit.
    rng : numpy.random.Generator
        Gives the seed of the fits.
    cache : Cache
        Cache of the fits, which do not depend on how prototypes are stored and drawn.

    Yields
    ------
    label : int
        Class.
    means : ndarray of shape (n_used, D), float64
        Means of the components that have samples.
    weights : ndarray of shape (n_used,), float64
        Mixing weights; their sum is 1.
    """
    seed = int(rng.integers(2**31))
    fits = cache.get_or_make(
        "fit",
        {
            "samples": digest_of(exemplars, labels),
            "features": features,
            "components": components,
            "settings": settings.model_dump(),
            "seed": seed,
        },
        lambda: (
            _compete(exemplars, labels, features, components, settings.handicap_shift)
            if settings.fit == "online"
            else _fit(unpack(exemplars, features), labels, components, settings, seed)
        ),
    )
    ends = np.cumsum(fits["used"])[:-1]
    means, weights = np.split(fits["means"], ends), np.split(fits["weights"], ends)
    yield from zip(fits["labels"].tolist(), means, weights, strict=True)


def _fit(
    bits: NDArray[np.uint8], labels: Labels, components: int, settings: MixtureSettings, seed: int
) -> dict[str, NDArray[Any]]:
    """Return the prototypes of all classes in one array, and the number of each class."""
    given = settings.model_dump(exclude={"fit", "handicap_shift"})
    mixtures = fit_classes(bits, labels, n_components=components, random_state=seed, **given)
    means, weights = [], []
    for mixture in mixtures.values():
        used = np.setdiff1d(np.arange(len(mixture.means_)), mixture.empty_components_)
        means.append(mixture.means_[used])
        weights.append(mixture.weights_[used] / mixture.weights_[used].sum())
    return {
        "labels": np.array(list(mixtures), np.int64),
        "used": np.array([len(of_class) for of_class in means], np.int64),
        "means": np.concatenate(means),
        "weights": np.concatenate(weights),
    }


def _compete(
    exemplars: Packed, labels: Labels, features: int, components: int, handicap_shift: int
) -> dict[str, NDArray[Any]]:
    """Return the same as `_fit`, learned by competing components in the order of the samples.

    A mean ``c / N`` of float64 has the code of the exact one: it is far nearer to it than to the
    bound between two codes.
    """
    params = OnlineMixtureParams(
        features=features, components=components, code_width=1, handicap_shift=handicap_shift
    )
    classes, used, means, weights = np.unique(labels), [], [], []
    for label in classes:
        mixture = OnlineMixture(params)
        learn(mixture, exemplars[labels == label])
        kept = mixture.seen > 0
        used.append(np.count_nonzero(kept))
        means.append(mixture.counts[kept] / mixture.seen[kept, np.newaxis])
        weights.append(mixture.seen[kept] / mixture.seen.sum())
    return {
        "labels": classes.astype(np.int64),
        "used": np.array(used, np.int64),
        "means": np.concatenate(means),
        "weights": np.concatenate(weights),
    }
