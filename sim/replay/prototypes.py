# SPDX-License-Identifier: MIT
"""Prototypes of the classes of a task, fitted for whoever stores them."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from golden.bits import unpack
from sim.mixture_classes import fit_classes
from sim.replay.base import Labels, Packed
from sim.section import Section

__all__ = ["MixtureSettings", "fit_prototypes"]


class MixtureSettings(Section):
    """How the prototypes of a class are fitted; the words are those of `BernoulliMixture`."""

    init: Literal["centroid", "random", "uniform"] = "centroid"
    init_scale: float = Field(default=1.0, gt=0)
    pi: Literal["fixed", "trainable"] = "fixed"
    criterion: Literal["marginal", "expected"] = "marginal"
    tol: float = Field(default=1e-3, gt=0)
    max_iter: int = Field(default=10, ge=1, le=10_000)
    n_init: int = Field(default=5, ge=1, le=1000)
    warmup_iter: int = Field(default=3, ge=0, le=1000)
    count_warmup: bool = False


def fit_prototypes(
    exemplars: Packed,
    labels: Labels,
    features: int,
    components: int,
    settings: MixtureSettings,
    rng: np.random.Generator,
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    """Yield class, means and mixing weights of the prototypes of every class, in order.

    Parameters
    ----------
    exemplars : ndarray of shape (n_samples, ceil(D/64)), uint64
    labels : ndarray of shape (n_samples,), int64
    features, components : int
        D and K.
    settings : MixtureSettings
    rng : numpy.random.Generator
        Seeds the fits.

    Yields
    ------
    label : int
    means : ndarray of shape (n_used, D), float64
        Components that lost all their samples are left out.
    weights : ndarray of shape (n_used,), float64
        Of sum 1.
    """
    mixtures = fit_classes(
        unpack(exemplars, features),
        labels,
        n_components=components,
        random_state=int(rng.integers(2**31)),
        **settings.model_dump(),
    )
    for label, mixture in mixtures.items():
        used = np.setdiff1d(np.arange(len(mixture.means_)), mixture.empty_components_)
        yield label, mixture.means_[used], mixture.weights_[used] / mixture.weights_[used].sum()
