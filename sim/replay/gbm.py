# SPDX-License-Identifier: MIT
"""Generative Binary Memory: Bernoulli prototypes in the chip's memory, drawn by its sampler."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from golden.bits import pack, unpack
from golden.kernels import draw
from golden.params import PrototypesParams, SamplerParams
from golden.sampler import Sampler
from golden.selector import Selector, cumulative_thresholds
from sim.ledger import Ledger, gbm_ledger
from sim.mixture import BernoulliMixture
from sim.quantize import quantize
from sim.replay.base import Labels, Packed, ReplayContext, ReplaySource, SourceParams

__all__ = ["GbmSource", "MixtureSettings"]


class MixtureSettings(BaseModel):
    """How the prototypes of a class are fitted; the words are those of `BernoulliMixture`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    init: Literal["centroid", "random"] = "centroid"
    init_scale: float = Field(default=1.0, gt=0)
    pi: Literal["fixed", "trainable"] = "fixed"
    criterion: Literal["marginal", "expected"] = "marginal"
    tol: float = Field(default=1e-3, gt=0)
    max_iter: int = Field(default=10, ge=1)
    n_init: int = Field(default=5, ge=1)
    warmup_iter: int = Field(default=3, ge=1)


class GbmParams(SourceParams):
    """Parameters of Generative Binary Memory.

    Attributes
    ----------
    components : int
        K, prototypes a class.
    code_width : int or "float"
        q, bits of a code, 1..16; ``float`` keeps 32-bit means and draws with PCG64, for reference.
    mode, lanes, draws_per_read
        Micro-architecture of the sampler (contract, 7).
    mixture : MixtureSettings
    """

    components: int = Field(default=1, ge=1)
    code_width: int | Literal["float"] = 8
    mode: Literal["parallel", "serial"] = "parallel"
    lanes: int = Field(default=64, ge=1, le=64)
    draws_per_read: int = Field(default=1, ge=1)
    mixture: MixtureSettings = MixtureSettings()
