# SPDX-License-Identifier: MIT
"""Classification by prototypes, without training: likelihood or Hamming distance."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from golden.params import FaultyMemory
from sim.learn.faults import FailingParams
from sim.learn.quantize import quantize
from sim.measure.ledger import Ledger, classifier_ledger
from sim.replay.base import Classifier, Labels, Packed, ReplayContext, SourceParams
from sim.replay.linear import best_row
from sim.replay.prototypes import MixtureSettings, fit_prototypes

__all__ = [
    "HammingClassifier",
    "LikelihoodClassifier",
    "LikelihoodParams",
    "PrototypeClassifier",
    "log_odds_table",
]


class HammingParams(SourceParams, FailingParams):
    """Parameters of the nearest prototype.

    Attributes
    ----------
    components : int
        K, prototypes a class.
    mixture : MixtureSettings
        Settings of the fit.
    """

    components: int = Field(default=1, ge=1, le=4096)
    mixture: MixtureSettings = MixtureSettings()


class LikelihoodParams(HammingParams):
    """Parameters of the mixture likelihood.

    Attributes
    ----------
    code_width : int
        q, bits of a code.
    """

    code_width: int = Field(default=8, ge=1, le=16)


class PrototypeClassifier(Classifier):
    """Scores a sample against every prototype with sums of integers, one table entry a bit."""

    titled = ("components", "code_width")
    bounded_by_samples = ("components",)
    #: Whether codes are looked up in a table of log-odds, which takes bits.
    table: ClassVar[bool] = False

    def __init__(self, params: HammingParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        self._codes: list[NDArray[np.uint16]] = []  # codes of each class, (components, D)
        self._faults = params.faults_of(
            FaultyMemory.PROTOTYPES, context.seed, width=self._code_width
        )

    @property
    def n_classes(self) -> int:
        return len(self._codes)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        params, context = self.params, self.context
        fits = fit_prototypes(
            exemplars,
            labels,
            context.features,
            params.components,
            params.mixture,
            rng,
            context.cache,
        )
        for _, means, _ in fits:
            codes = self._encode(means)
            if self._faults is not None:
                last = self._codes[-1][-1] if self._codes else None
                codes = self._faults.read(codes, sum(len(c) for c in self._codes), last)
            self._codes.append(codes)

    def classify(self, exemplars: Packed) -> Labels:
        codes = np.concatenate(self._codes)
        owner = np.repeat(np.arange(self.n_classes), [len(c) for c in self._codes])
        weights, constants = self._linear(codes)
        # The sums are integers far below 2^53, hence exact in any order.
        return owner[best_row(exemplars, self.context.features, weights, constants)]

    def state(self) -> dict[str, NDArray[Any]]:
        return {
            "codes": np.concatenate(self._codes),
            "components": np.array([len(c) for c in self._codes], np.int64),
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._codes = np.split(state["codes"], np.cumsum(state["components"])[:-1])

    def ledger(self) -> Ledger:
        classes, components = self.context.classes, self.params.components
        own = classifier_ledger(
            features=self.context.features,
            components=components,
            code_width=self._code_width,
            classes=classes,
            table=self.table,
        )
        return own + self.params.check_ledger(components * classes, self.context.features)

    @property
    def _code_width(self) -> int:
        """Return q; codes of one bit need no parameter."""
        return getattr(self.params, "code_width", 1)

    @abstractmethod
    def _encode(self, means: NDArray[np.float64]) -> NDArray[np.uint16]:
        """Return the codes to store for means of prototypes, in the same shape (components, D)."""

    @abstractmethod
    def _linear(self, codes: NDArray[np.uint16]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return weights (components, D) and constants (components,) of the scores."""


class LikelihoodClassifier(PrototypeClassifier):
    """Chooses the class whose prototype makes the sample likeliest, from the codes of the means.

    The log-likelihood of a sample x under a Bernoulli prototype with the means mu is

        sum_j x_j log(mu_j / (1 - mu_j)) + sum_j log(1 - mu_j)

    (the logarithm of gbm, equation 1). These prototypes are not the sampler's: their codes round
    the means down, while the sampler's codes round to its levels. Both logarithms come from a
    table with one fixed-point entry for every code, so that a score is a sum of integers. All
    prototypes have the same weight.
    """

    name = "likelihood"
    called = "the mixture likelihood"
    table = True
    Params = LikelihoodParams

    @classmethod
    def title(cls, params: LikelihoodParams) -> str:
        return f"mixture likelihood K = {params.components}, q = {params.code_width}"

    def _encode(self, means: NDArray[np.float64]) -> NDArray[np.uint16]:
        codes = quantize(means, self.params.code_width, "mid_rise").codes
        assert codes is not None
        return codes

    def _linear(self, codes: NDArray[np.uint16]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        odds, complement = log_odds_table(self.params.code_width)
        return odds[codes], complement[codes].sum(axis=1)


class HammingClassifier(PrototypeClassifier):
    """Names the class of the nearest prototype by Hamming distance, each mean rounded to a bit."""

    name = "hamming"
    called = "the nearest prototype"
    Params = HammingParams
    titled = ("components",)

    @classmethod
    def title(cls, params: HammingParams) -> str:
        return f"nearest prototype (Hamming) K = {params.components}"

    def _encode(self, means: NDArray[np.float64]) -> NDArray[np.uint16]:
        return (means >= 0.5).astype(np.uint16)

    def _linear(self, codes: NDArray[np.uint16]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        # x differs from p in sum(p) + sum_j x_j (1 - 2 p_j) places.
        bits = codes.astype(np.int64)
        return 2 * bits - 1, -bits.sum(axis=1)


def log_odds_table(code_width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ``log(mu/(1-mu))`` and ``log(1-mu)`` of every code, in units of ``2**-8``.

    Code c stands for ``(c + 1/2) / 2**q``, the middle of the means that round down to it (the level
    map ``mid_rise``). This is never 0 or 1: no finite number of samples shows such a mean.

    Parameters
    ----------
    code_width : int
        q.

    Returns
    -------
    log_odds, log_complement : ndarray of shape (2**q,), int64
    """
    scale, codes = 2**8, range(2**code_width)
    means = [(c + 0.5) / 2**code_width for c in codes]
    log_odds = [round(scale * math.log(m / (1 - m))) for m in means]
    log_complement = [round(scale * math.log(1 - m)) for m in means]
    return np.array(log_odds, np.int64), np.array(log_complement, np.int64)
