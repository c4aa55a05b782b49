# SPDX-License-Identifier: MIT
"""Generative Binary Memory whose bits depend on one another through factors of all classes."""

from typing import Any

import numpy as np
import pydantic
from numpy.typing import NDArray
from pydantic import Field

from golden.bernoulli import probability
from golden.bits import unpack
from golden.correlated import CorrelatedSampler
from golden.kernels.correlated import draw
from golden.params import CorrelatedSamplerParams
from sim.learn.factors import (
    LARGEST_FEATURES,
    code_loadings,
    fit_loadings,
    within_correlation,
)
from sim.measure.ledger import Entry, Ledger
from sim.replay.base import Labels, Packed, ReplayContext
from sim.replay.gbm import GbmParams, GbmSource, prototype_faults, prototype_memory
from sim.replay.memories import ChipMemory, Memory

__all__ = ["CorrelatedParams", "CorrelatedSource"]

_LFSR_BITS, _SCALE_BITS, _EXPONENT_BITS = 64, 8, 4
_LEAST_MEAN = 2.0**-10  # a code that is never or always 1 excludes no sample


class CorrelatedParams(GbmParams):
    """Parameters of Generative Binary Memory with factors; the others are those of `gbm`.

    Only the chip's parallel sampler has factors, so codes are those that it draws.

    Attributes
    ----------
    rank : int
        R, factors that the bits of an exemplar share; 0 draws every bit by itself.
    loading_width : int
        q_a, bits of a loading.
    factor_width : int
        n_f, random bits of a factor; 1 makes it a sign.
    """

    rank: int = Field(default=32, ge=0, le=256)
    loading_width: int = Field(default=4, ge=2, le=8)
    factor_width: int = Field(default=1, ge=1, le=16)

    @pydantic.model_validator(mode="after")
    def _sampler_has_factors(self) -> "CorrelatedParams":
        if not self.on_chip:
            raise ValueError(
                "code_width must be of 1..16, level_map contract and generator lfsr, because only "
                "the chip's sampler has factors"
            )
        if self.mode != "parallel":
            raise ValueError(f"mode must be parallel for a sampler with factors, not {self.mode}")
        return self


class CorrelatedSource(GbmSource):
    """Keeps K prototypes of every class, and one basis of factors for all classes.

    The basis is fitted to the samples of the first task and then kept: to the correlations within
    the classes or, with several prototypes a class, among the samples of each prototype. The later
    classes bring their prototypes alone, and their bits depend on one another as those of the first
    classes do.
    """

    name = "correlated"
    called = "Generative Binary Memory with factors"
    Params = CorrelatedParams
    titled = ("components", "code_width", "rank")

    def __init__(self, params: CorrelatedParams, context: ReplayContext) -> None:
        if params.rank and context.features > LARGEST_FEATURES:
            raise ValueError(
                f"rank must be 0 for embeddings of more than {LARGEST_FEATURES} bits, "
                f"not {params.rank} for {context.features}"
            )
        self._sampler = CorrelatedSampler(
            CorrelatedSamplerParams(
                prototypes=prototype_memory(params, context),
                draws_per_read=params.draws_per_read,
                selection=params.requests,
                seed=context.seed,
                rank=params.rank,
                loading_width=params.loading_width,
                factor_width=params.factor_width,
            ),
            *prototype_faults(params, context),
        )
        super().__init__(params, context)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        first = not self.n_classes
        super().learn(exemplars, labels, rng)
        if first and self.params.rank:
            self._fit_basis(unpack(exemplars, self.context.features), labels)

    def ledger(self) -> Ledger:
        params, features = self.params, self.context.features
        bits = params.rank * params.loading_width  # of a feature
        if not bits:
            return super().ledger()
        padding = -features % params.lanes
        entries = [
            Entry.paper("basis", features * bits, "D * R * q_a, for all classes"),
            Entry.extra("basis padding", padding * bits, "loadings 0 past D, to full rows"),
            Entry.extra(
                "scales", (features + padding) * _SCALE_BITS, "8 bits a lane, from its loadings"
            ),
            Entry.extra("exponent", _EXPONENT_BITS, "of all loadings"),
            Entry.extra("factor stream", _LFSR_BITS, "a random stream of 64 bits"),
        ]
        return super().ledger() + Ledger(tuple(entry for entry in entries if entry.bits))

    @classmethod
    def title(cls, params: Any) -> str:
        return f"{super().title(params)}, R = {params.rank}"

    def _new_memory(self) -> Memory:
        return ChipMemory(self._sampler, draw)

    def _fit_basis(self, bits: NDArray[np.uint8], labels: Labels) -> None:
        """Fit the basis to what the prototypes leave of the correlations within the classes."""
        params, code_width = self.params, self._sampler.params.prototypes.code_width
        groups = labels * params.components
        for label in range(self.n_classes):
            own = labels == label
            groups[own] += _likeliest(
                bits[own], probability(self._sampler.prototypes.codes_of(label), code_width)
            )
        loadings = fit_loadings(within_correlation(bits, groups), params.rank)
        widths = params.loading_width, params.factor_width, code_width
        # Loadings of correlations are far too small for the bound of a sum.
        if not self._sampler.load_basis(*code_loadings(loadings, *widths)):
            raise ValueError("Loadings must stay within the bound of a sum (contract, 13)")


def _likeliest(bits: NDArray[np.uint8], means: NDArray[np.float64]) -> Labels:
    """Return the component that makes each sample likeliest, of equally likely ones the first."""
    inner = np.clip(means, _LEAST_MEAN, 1 - _LEAST_MEAN)
    odds, constants = np.log(inner / (1 - inner)), np.log(1 - inner).sum(axis=1)
    return (bits @ odds.T + constants).argmax(axis=1)
