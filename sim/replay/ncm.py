# SPDX-License-Identifier: MIT
"""Nearest class mean: chooses the class with the mean nearest to a sample, without training."""

import numpy as np
from numpy.typing import NDArray

from golden.bernoulli import encode
from sim.measure.ledger import Ledger, classifier_ledger
from sim.replay.likelihood import LikelihoodParams, PrototypeClassifier

__all__ = ["NearestMeanClassifier"]


class NearestMeanClassifier(PrototypeClassifier):
    """Chooses the class with the nearest mean in Euclidean distance, from the codes of the means.

    A code m stands for the mean ``u / 2^q`` with ``u = m + msb(m)``, as the chip's comparator draws
    it. The square distance of a sample x of bits, times ``4^q``, is

        4^q sum_j x_j - 2^(q+1) sum_j x_j u_j + sum_j u_j^2

    The first term is the same for all classes. A score is the negated rest, a sum of integers. Bits
    as -1 and +1 would double every distance and change no result. At q = 1 this is the Hamming
    distance. With several prototypes a class, the nearest of all prototypes decides.
    """

    name = "ncm"
    called = "the nearest mean"
    Params = LikelihoodParams

    @classmethod
    def title(cls, params: LikelihoodParams) -> str:
        return f"nearest mean K = {params.components}, q = {params.code_width}"

    def ledger(self) -> Ledger:
        return (
            classifier_ledger(
                features=self.context.features,
                components=self.params.components,
                code_width=self.params.code_width,
                classes=self.context.classes,
            )
            + self._check_ledger()
        )

    def _encode(self, means: NDArray[np.float64]) -> NDArray[np.uint16]:
        return encode(means, self.params.code_width)

    def _linear(self, codes: NDArray[np.uint16]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        m, q = codes.astype(np.int64), self.params.code_width
        u = m + (m >> (q - 1))
        return 2 ** (q + 1) * u, -(u * u).sum(axis=1)
