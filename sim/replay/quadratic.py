# SPDX-License-Identifier: MIT
"""A quadratic discriminant in integers: a mean and a few directions of codes for every class."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from golden.bernoulli import encode
from golden.bits import round_half_up, unpack
from sim.learn.low_rank import class_correlations, direction_codes, leading_directions
from sim.measure.ledger import Entry, Ledger, count_bits
from sim.replay.base import Classifier, Labels, Packed, ReplayContext, SourceParams

__all__ = ["QuadraticClassifier", "QuadraticParams"]

CHUNK = 256  # samples at a time, to bound their coordinates in all classes


class QuadraticParams(SourceParams):
    """Parameters of the quadratic discriminant.

    Attributes
    ----------
    rank : int
        R, directions of a class in which the variance is not that of the rest; 0 is the nearest
        mean.
    code_width : int
        q, bits of a feature of a class mean.
    basis_width : int
        Bits of a feature of a direction; 1 keeps signs.
    factor_width : int
        Bits of the factor of a direction.
    shrinkage : float
        gamma_1, what every variance of a class grows by, in mean variances of the class.
    """

    rank: int = Field(default=8, ge=0, le=4096)
    code_width: int = Field(default=8, ge=1, le=12)
    basis_width: int = Field(default=4, ge=1, le=8)
    factor_width: int = Field(default=12, ge=1, le=16)
    shrinkage: float = Field(default=10.0, gt=0, le=1e6)


class QuadraticClassifier(Classifier):
    """Chooses the class with the smallest distance in a metric of its own, in integers.

    The metric of a class is that of `FecamClassifier` without the factor 1/s2. Its R eigenvectors
    become codes c_i. Their lengths go into the factors f_i, multiples of 2^-s with one s for all
    classes. With a class mean ``u/2^q``, as `NearestMeanClassifier` stores it, and with the bits x,
    the distance is

        2^s |e|^2 - sum_i f_i (c_i . e)^2,  e = 2^q x - u

    The products of a mean with itself and with its directions can be made again from the codes, so
    they take no bits.
    """

    name = "quadratic"
    called = "the quadratic discriminant"
    Params = QuadraticParams
    titled = ("rank", "code_width", "basis_width")

    def __init__(self, params: QuadraticParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        features, rank = context.features, params.rank
        if rank > features:
            raise ValueError(
                f"rank must be at most the {features} bits of an embedding, not {rank}"
            )
        # With this s no factor is too wide: its direction has an entry of the largest code.
        largest = max(2 ** (params.basis_width - 1) - 1, 1)
        shortest = features if params.basis_width == 1 else largest**2
        self._exponent = ((2**params.factor_width - 1) * shortest).bit_length() - 1
        # |e|^2 is at most 4^q D, and f_i |c_i|^2 at most 2^s + |c_i|^2 / 2, because f_i is rounded.
        term = 2**self._exponent + features * largest**2
        bits = (max(rank, 1) * 4**params.code_width * features * term).bit_length()
        if bits > 63:
            raise ValueError(
                "rank, code_width, basis_width and factor_width must keep sums over "
                f"{features} bits of an embedding below 2^63, not 2^{bits}"
            )
        self._codes = np.zeros((0, features), np.uint16)
        self._bases = np.zeros((0, rank, features), np.int8)
        self._factors = np.zeros((0, rank), np.uint16)

    @property
    def n_classes(self) -> int:
        return len(self._codes)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        params = self.params
        for label in np.unique(labels):
            bits = unpack(exemplars[labels == label], self.context.features)
            correlations = class_correlations(bits, params.shrinkage)
            vectors, weights, _ = leading_directions(correlations, params.rank)
            basis = direction_codes(vectors, params.basis_width)
            ratios = weights / (basis * basis).sum(axis=1)
            factors = round_half_up(np.ldexp(ratios, self._exponent)).astype(np.uint16)
            codes = encode(bits.mean(axis=0), params.code_width)
            self._codes = np.concatenate([self._codes, codes[np.newaxis]])
            self._bases = np.concatenate([self._bases, basis[np.newaxis].astype(np.int8)])
            self._factors = np.concatenate([self._factors, factors[np.newaxis]])

    def classify(self, exemplars: Packed) -> Labels:
        m, q = self._codes.astype(np.int64), self.params.code_width
        u, factors = m + (m >> (q - 1)), self._factors.astype(np.int64)
        centres = (self._bases.astype(np.int64) @ u[:, :, np.newaxis])[:, :, 0]
        # Products of bits and codes are exact in double precision, and fast there.
        means = u.T.astype(np.float64)
        directions = self._bases.reshape(-1, self.context.features).T.astype(np.float64)
        winners = np.empty(len(exemplars), np.int64)
        for start in range(0, len(exemplars), CHUNK):
            part = slice(start, start + CHUNK)
            x = unpack(exemplars[part], self.context.features).astype(np.float64)
            ones = x.sum(axis=1, keepdims=True).astype(np.int64)
            products = (x @ means).astype(np.int64)
            lengths = 4**q * ones - 2 ** (q + 1) * products + (u * u).sum(axis=1)
            along = (x @ directions).astype(np.int64).reshape(len(x), *centres.shape)
            within = ((2**q * along - centres) ** 2 * factors).sum(axis=2)
            winners[part] = (2**self._exponent * lengths - within).argmin(axis=1)
        return winners

    def ledger(self) -> Ledger:
        params, classes, features = self.params, self.context.classes, self.context.features
        directions = params.rank * classes
        entries = (
            Entry.paper("class means", features * classes * params.code_width, "D * n_c * q"),
            Entry.paper(
                "bases", directions * features * params.basis_width, "R * D * n_c * bits of a code"
            ),
            Entry.extra("factors", directions * params.factor_width, "one a direction"),
            Entry.extra("fill pointer", count_bits(classes), "classes seen"),
        )
        return Ledger(tuple(entry for entry in entries if entry.bits))

    def state(self) -> dict[str, NDArray[Any]]:
        return {"codes": self._codes, "bases": self._bases, "factors": self._factors}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._codes, self._bases = state["codes"], state["bases"]
        self._factors = state["factors"]

    @classmethod
    def title(cls, params: QuadraticParams) -> str:
        return (
            f"quadratic discriminant R = {params.rank}, q = {params.code_width}, "
            f"bases of {params.basis_width}-bit codes"
        )
