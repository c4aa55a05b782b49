# SPDX-License-Identifier: MIT
"""Generative Binary Memory: Bernoulli prototypes in the chip's memory, drawn by its sampler."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pydantic
from numpy.typing import NDArray
from pydantic import Field

from golden.faults import Faults, ReadErrors
from golden.kernels import draw
from golden.params import FaultyMemory, PrototypesParams, SamplerParams
from golden.sampler import Sampler
from sim.learn.faults import FailingParams
from sim.learn.quantize import quantize
from sim.measure.ledger import Ledger, gbm_ledger
from sim.replay.base import Labels, Packed, ReplayContext, ReplayParams, ReplaySource
from sim.replay.memories import ChipMemory, FloatMemory, Memory
from sim.replay.prototypes import MixtureSettings, fit_prototypes

__all__ = ["GbmParams", "GbmSource", "prototype_faults", "prototype_memory"]


class GbmParams(ReplayParams, FailingParams):
    """Parameters of Generative Binary Memory.

    Attributes
    ----------
    components : int
        K, prototypes a class.
    code_width : int or "float"
        q, bits of a code, 1..16; ``float`` keeps 32-bit means and draws with PCG64, for reference.
    level_map : {"contract", "end_point", "mid_rise", "saturated"}
        Mean that each code stands for. The chip draws the levels of ``contract``; PCG64 draws the
        others, for comparison.
    generator : {"lfsr", "pcg64"}
        Random source: the chip's LFSRs, or PCG64 as an ideal source for the same codes.
    mode, lanes, draws_per_read
        Micro-architecture of the sampler (contract, 7).
    mixture : MixtureSettings
        Settings of the fit.
    """

    drawn_from: ClassVar[bool] = True

    components: int = Field(default=1, ge=1, le=4096)
    code_width: Annotated[int, Field(ge=1, le=16)] | Literal["float"] = 8
    level_map: Literal["contract", "end_point", "mid_rise", "saturated"] = "contract"
    generator: Literal["lfsr", "pcg64"] = "lfsr"
    mode: Literal["parallel", "serial"] = "parallel"
    lanes: int = Field(default=64, ge=1, le=64)
    draws_per_read: int = Field(default=1, ge=1, le=4096)
    mixture: MixtureSettings = MixtureSettings()

    @pydantic.model_validator(mode="after")
    def _micro_architecture_is_of_the_chip(self) -> "GbmParams":
        if self.generator == "pcg64" and (self.mode, self.lanes) != ("parallel", 64):
            raise ValueError("mode and lanes must be left out for pcg64: they are of the LFSRs")
        if self.faults is not None and not self.on_chip:
            raise ValueError("faults must be left out where no memory of a chip holds the codes")
        return self

    @property
    def on_chip(self) -> bool:
        """Whether the chip's memory and sampler draw, rather than the reference in software."""
        coded = self.code_width != "float" and self.level_map == "contract"
        return coded and self.generator == "lfsr"


class GbmSource(ReplaySource):
    """Keeps K prototypes of every class and draws fresh pseudo-exemplars from them."""

    name = "gbm"
    called = "Generative Binary Memory"
    Params = GbmParams
    generative = True
    titled = ("components", "code_width")
    bounded_by_samples = ("components",)

    def __init__(self, params: GbmParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        self._memory = self._new_memory()
        self._counts: list[int] = []  # training samples of each class
        self._errors: list[float] = []  # root-mean-square quantisation error of each class
        self._empty = 0  # components that lost all their samples and are not stored

    @property
    def n_classes(self) -> int:
        return len(self._counts)

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
        for label, means, weights in fits:
            self._empty += params.components - len(means)
            stored = quantize(means, params.code_width, params.level_map)
            self._memory.append(stored, weights)
            self._counts.append(int((labels == label).sum()))
            self._errors.append(stored.rms_error)
        # Mode `weighted` requests each class as often as it had training samples.
        self._memory.selector.set_class_weights(np.array(self._counts) / sum(self._counts))

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Packed, Labels]:
        # The last request may give more exemplars than needed; the result leaves them out.
        requests = math.ceil(count / self.params.draws_per_read)
        packed, labels = self._memory.draw(requests, self.n_classes, rng)
        return packed[:count], labels[:count]

    def ledger(self) -> Ledger:
        q = self.params.code_width
        return gbm_ledger(
            features=self.context.features,
            components=self.params.components,
            code_width=32 if q == "float" else q,
            classes=self.context.classes,
            lanes=self.params.lanes,
            mode=self.params.mode,
            selection=self.params.requests,
            on_chip=self.params.on_chip,
        ) + self.params.check_ledger(
            self.params.components * self.context.classes,
            self.context.features,
            self.params.lanes,
        )

    def facts(self) -> dict[str, float]:
        rms = float(np.sqrt(np.mean(np.square(self._errors))))
        return {"quantization_rms_error": rms, "empty_components": self._empty}

    def state(self) -> dict[str, NDArray[Any]]:
        return {
            "counts": np.array(self._counts, np.int64),
            "errors": np.array(self._errors),
            "empty": np.array(self._empty),
            **self._memory.state(),
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._counts = state["counts"].tolist()
        self._errors = state["errors"].tolist()
        self._empty = int(state["empty"])
        self._memory.load_state(state)

    @classmethod
    def title(cls, params: GbmParams) -> str:
        return f"GBM K = {params.components}, q = {params.code_width}"

    def _new_memory(self) -> Memory:
        """Return the empty memory of the prototypes."""
        params, context = self.params, self.context
        if not params.on_chip:
            return FloatMemory(params.draws_per_read, context.selector(params.requests))
        sampler = Sampler(
            SamplerParams(
                prototypes=prototype_memory(params, context),
                mode=params.mode,
                draws_per_read=params.draws_per_read,
                selection=params.requests,
                seed=context.seed,
            ),
            *prototype_faults(params, context),
        )
        return ChipMemory(sampler, draw)


def prototype_memory(params: GbmParams, context: ReplayContext) -> PrototypesParams:
    """Return the parameters of the chip's memory for the prototypes of all classes of a run.

    Parameters
    ----------
    params : GbmParams
        Parameters with an integer `code_width`.
    context : ReplayContext
    """
    assert isinstance(params.code_width, int)
    return PrototypesParams(
        features=context.features,
        code_width=params.code_width,
        lanes=params.lanes,
        components=params.components * context.classes,
        classes=context.classes,
        class_components=params.components,
    )


def prototype_faults(
    params: GbmParams, context: ReplayContext
) -> tuple[Faults | None, ReadErrors | None]:
    """Return the static faults of that memory and the errors of its reads; None if there are none.

    Parameters
    ----------
    params, context
        As in `prototype_memory`.
    """
    assert isinstance(params.code_width, int)
    memory, seed, rows = FaultyMemory.PROTOTYPES, context.seed, (params.lanes, params.code_width)
    return (
        params.faults_of(memory, seed, lanes=rows[0], width=rows[1]),
        params.read_errors_of(memory, seed, lanes=rows[0], width=rows[1]),
    )
