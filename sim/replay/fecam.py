# SPDX-License-Identifier: MIT
"""A covariance of low rank for every class, and Mahalanobis distances of equal scale (FeCAM)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from golden.bits import unpack
from sim.learn.low_rank import class_correlations, leading_directions
from sim.measure.ledger import Entry, Ledger, count_bits
from sim.replay.base import Classifier, Labels, Packed, ReplayContext, SourceParams

__all__ = ["FecamClassifier", "FecamParams"]

Floats = NDArray[np.float32]

CHUNK = 256  # samples at a time, to bound their coordinates in all classes
_FLOAT_BITS = 32


class FecamParams(SourceParams):
    """Parameters of distances with a covariance for every class.

    Attributes
    ----------
    rank : int
        R, directions of a class in which the variance is not that of the rest.
    shrinkage : float
        gamma_1, what every variance of a class grows by, in mean variances of the class; the paper
        uses 1 where a class has many samples.
    """

    rank: int = Field(default=32, ge=0, le=4096)
    shrinkage: float = Field(default=10.0, gt=0, le=1e6)


class FecamClassifier(Classifier):
    """Chooses the class with the smallest Mahalanobis distance under a covariance of its own.

    FeCAM (Goswami et al., NeurIPS 2023) adds gamma_1 mean variances to the variances of a class and
    scales the covariance to correlations, so that the distances of different classes compare. Here
    only the R leading eigenvectors v_i of the correlations stay, with the eigenvalues l_i. All
    other directions have the mean s2 of the other eigenvalues. The square distance of a deviation
    d is

        (|d|^2 - sum_i (1 - s2 / l_i) (v_i . d)^2) / s2

    With R = D nothing is left out. The paper's gamma_2, a number added to all covariances, and its
    transformation of real features are missing. All numbers are float32 between tasks.
    """

    name = "fecam"
    called = "FeCAM"
    Params = FecamParams
    titled = ("rank",)

    def __init__(self, params: FecamParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        if params.rank > context.features:
            raise ValueError(
                f"rank must be at most the {context.features} bits of an embedding, "
                f"not {params.rank}"
            )
        self._means: Floats = np.zeros((0, context.features), np.float32)
        self._bases: Floats = np.zeros((0, params.rank, context.features), np.float32)
        self._scales: Floats = np.zeros(0, np.float32)

    @property
    def n_classes(self) -> int:
        return len(self._means)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        for label in np.unique(labels):
            bits = unpack(exemplars[labels == label], self.context.features)
            correlations = class_correlations(bits, self.params.shrinkage)
            vectors, weights, isotropic = leading_directions(correlations, self.params.rank)
            # The root of its weight goes into every direction.
            basis = (np.sqrt(weights)[:, np.newaxis] * vectors).astype(np.float32)
            mean = bits.mean(axis=0).astype(np.float32)
            self._means = np.concatenate([self._means, mean[np.newaxis]])
            self._bases = np.concatenate([self._bases, basis[np.newaxis]])
            self._scales = np.append(self._scales, np.float32(1 / isotropic))

    def classify(self, exemplars: Packed) -> Labels:
        means, bases = self._means.astype(np.float64), self._bases.astype(np.float64)
        centres = np.einsum("crd,cd->cr", bases, means)
        columns = bases.reshape(-1, self.context.features).T
        winners = np.empty(len(exemplars), np.int64)
        for start in range(0, len(exemplars), CHUNK):
            part = slice(start, start + CHUNK)
            x = unpack(exemplars[part], self.context.features).astype(np.float64)
            lengths = x.sum(axis=1, keepdims=True) - 2 * x @ means.T + (means * means).sum(axis=1)
            within = (x @ columns).reshape(len(x), *centres.shape) - centres
            distances = (lengths - (within * within).sum(axis=2)) * self._scales
            winners[part] = distances.argmin(axis=1)
        return winners

    def ledger(self) -> Ledger:
        classes, features = self.context.classes, self.context.features
        bases = self.params.rank * features * classes * _FLOAT_BITS
        entries = (
            Entry.paper("class means", features * classes * _FLOAT_BITS, "D * n_c * 32"),
            Entry.paper("bases", bases, "R * D * n_c * 32"),
            Entry.extra("scales", classes * _FLOAT_BITS, "32 bits a class"),
            Entry.extra("fill pointer", count_bits(classes), "classes seen"),
        )
        return Ledger(tuple(entry for entry in entries if entry.bits))

    def state(self) -> dict[str, NDArray[Any]]:
        return {"means": self._means, "bases": self._bases, "scales": self._scales}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._means, self._bases = state["means"], state["bases"]
        self._scales = state["scales"]

    @classmethod
    def title(cls, params: FecamParams) -> str:
        return f"FeCAM R = {params.rank}"
