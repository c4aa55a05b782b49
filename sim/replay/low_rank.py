# SPDX-License-Identifier: MIT
"""A linear discriminant in integers: class means, and one covariance of low rank for all."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from golden.bernoulli import encode
from golden.bits import unpack
from golden.params import FaultyMemory
from sim.learn.faults import FailingParams
from sim.learn.low_rank import LowRankMetric, within_class_covariance
from sim.measure.ledger import Entry, Ledger, count_bits
from sim.replay.base import Classifier, Labels, Packed, ReplayContext, SourceParams
from sim.replay.linear import best_row

__all__ = ["LowRankClassifier", "LowRankParams"]

_EXPONENT_BITS = 6  # s is below 53


class LowRankParams(SourceParams, FailingParams):
    """Parameters of the low-rank discriminant.

    Attributes
    ----------
    rank : int
        R, directions in which the variance is not that of the rest; 0 is the nearest mean.
    code_width : int
        q, bits of a feature of a class mean.
    basis_width : int
        Bits of a feature of a direction; 1 keeps signs.
    factor_width : int
        Bits of the factor of a direction.
    shrinkage : float
        Share of the mean variance in place of the variance in every direction; 1 is the nearest
        mean.
    """

    rank: int = Field(default=32, ge=0, le=4096)
    code_width: int = Field(default=8, ge=1, le=12)
    basis_width: int = Field(default=4, ge=1, le=8)
    factor_width: int = Field(default=8, ge=1, le=16)
    shrinkage: float = Field(default=0.7, ge=0, le=1)


class LowRankClassifier(Classifier):
    """Chooses the class whose mean is nearest in the metric of one covariance within classes.

    The covariance comes from the classes of the first task and then stays. Its R leading
    eigenvectors become codes; all other directions have one variance. With a class mean ``u/2^q``,
    as `NearestMeanClassifier` stores it, and the integers M of `LowRankMetric`, a class has the
    score

        2^(q+1) x^T M u - u^T M u

    for the bits x. This is an integer, and it is the discriminant of Fisher with equal priors up to
    a factor. A chip need not form M u: it adds the directions where x has ones, which takes R sums,
    and multiplies them by factors and by the R sums of the mean. Those can be made again from the
    codes, so they take no bits.
    """

    name = "low_rank"
    called = "the low-rank discriminant"
    Params = LowRankParams
    titled = ("rank", "code_width", "basis_width")

    def __init__(self, params: LowRankParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        if params.rank > context.features:
            raise ValueError(
                f"rank must be at most the {context.features} bits of an embedding, "
                f"not {params.rank}"
            )
        self._codes = np.zeros((0, context.features), np.uint16)
        self._faults = params.faults_of(
            FaultyMemory.PROTOTYPES, context.seed, width=params.code_width
        )
        self._metric = LowRankMetric(
            np.zeros((params.rank, context.features), np.int64), np.zeros(params.rank, np.int64), 0
        )

    @property
    def n_classes(self) -> int:
        return len(self._codes)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        bits, params = unpack(exemplars, self.context.features), self.params
        if not self.n_classes:
            covariance = within_class_covariance(bits, labels)
            self._metric = LowRankMetric.of(covariance, **params.model_dump(exclude={"faults"}))
        means = [bits[labels == label].mean(axis=0) for label in np.unique(labels)]
        codes = encode(np.array(means), params.code_width)
        if self._faults is not None:
            last = self._codes[-1] if self.n_classes else None
            codes = self._faults.read(codes, self.n_classes, last)
        self._codes = np.concatenate([self._codes, codes])

    def classify(self, exemplars: Packed) -> Labels:
        m, q = self._codes.astype(np.int64), self.params.code_width
        u = m + (m >> (q - 1))
        weights = self._metric.apply(u)
        constants = -(u * weights).sum(axis=1)
        # The metric keeps all sums below 2^53, hence exact.
        return best_row(exemplars, self.context.features, 2 ** (q + 1) * weights, constants)

    def ledger(self) -> Ledger:
        params, classes, features = self.params, self.context.classes, self.context.features
        entries = (
            Entry.paper("class means", features * classes * params.code_width, "D * n_c * q"),
            Entry.paper(
                "basis", params.rank * features * params.basis_width, "R * D * bits of a code"
            ),
            Entry.extra("factors", params.rank * params.factor_width, "one a direction"),
            Entry.extra("exponent", _EXPONENT_BITS if params.rank else 0, "of all factors"),
            Entry.extra("fill pointer", count_bits(classes), "classes seen"),
        )
        own = Ledger(tuple(entry for entry in entries if entry.bits))
        return own + params.check_ledger(classes, features)

    def state(self) -> dict[str, NDArray[Any]]:
        return {
            "codes": self._codes,
            "basis": self._metric.basis.astype(np.int8),
            "factors": self._metric.factors.astype(np.uint16),
            "exponent": np.array(self._metric.exponent),
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._codes = state["codes"]
        self._metric = LowRankMetric(
            state["basis"].astype(np.int64),
            state["factors"].astype(np.int64),
            int(state["exponent"]),
        )

    @classmethod
    def title(cls, params: LowRankParams) -> str:
        return (
            f"low-rank discriminant R = {params.rank}, q = {params.code_width}, "
            f"basis of {params.basis_width}-bit codes"
        )
