# SPDX-License-Identifier: MIT
"""Generative Binary Memory: Bernoulli prototypes in the chip's memory, drawn by its sampler."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
from numpy.typing import NDArray
from pydantic import Field

from golden.bits import pack
from golden.kernels import draw
from golden.params import PrototypesParams, SamplerParams
from golden.sampler import Sampler
from golden.selector import Selector, cumulative_thresholds
from sim.learn.quantize import Quantized, quantize
from sim.measure.ledger import Ledger, gbm_ledger
from sim.replay.base import Labels, Packed, ReplayContext, ReplayParams, ReplaySource
from sim.replay.prototypes import MixtureSettings, fit_prototypes

__all__ = ["ChipMemory", "GbmParams", "GbmSource", "Memory", "prototype_memory"]


class GbmParams(ReplayParams):
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

    def _new_memory(self) -> "Memory":
        """Return the empty memory of the prototypes."""
        params, context = self.params, self.context
        if not params.on_chip:
            return _FloatMemory(params, context)
        sampler = Sampler(
            SamplerParams(
                prototypes=prototype_memory(params, context),
                mode=params.mode,
                draws_per_read=params.draws_per_read,
                selection=params.requests,
                seed=context.seed,
            )
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


class Memory(ABC):
    """Memory of the prototypes of all classes, from which `draw` samples."""

    selector: Selector

    @abstractmethod
    def append(self, stored: Quantized, weights: NDArray[np.float64]) -> None:
        """Append a class: quantised means (K, D) and mixing weights (K,)."""

    @abstractmethod
    def draw(
        self, requests: int, n_classes: int, rng: np.random.Generator
    ) -> tuple[Packed, Labels]:
        """Serve the next requests, M exemplars each.

        Parameters
        ----------
        requests : int
            Number of requests.
        n_classes : int
            Classes to request from.
        rng : numpy.random.Generator
            Source of the draws, where the chip's LFSRs do not draw.

        Returns
        -------
        packed : ndarray of shape (requests * M, ceil(D/64)), uint64
            Exemplars.
        labels : ndarray of shape (requests * M,), int64
            Their classes.
        """

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]: ...

    @abstractmethod
    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None: ...


class ChipMemory(Memory):
    """The golden prototype memory and sampler; the LFSRs keep their state from task to task.

    Parameters
    ----------
    sampler : Sampler
        Sampler with an empty memory.
    serve : callable
        The compiled twin of ``sampler.draw``.
    """

    def __init__(self, sampler: Sampler, serve: Callable[..., tuple[Packed, Labels]]) -> None:
        self.sampler = sampler
        self.selector = sampler.selector
        self._serve = serve

    def append(self, stored: Quantized, weights: NDArray[np.float64]) -> None:
        assert stored.codes is not None
        self.sampler.prototypes.append(stored.codes, cumulative_thresholds(weights))

    def draw(
        self, requests: int, n_classes: int, rng: np.random.Generator
    ) -> tuple[Packed, Labels]:
        labels = self.selector.request(n_classes, requests)
        return self._serve(self.sampler, labels, threads=1)

    def state(self) -> dict[str, NDArray[Any]]:
        return self.sampler.state_dict()

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.sampler.load_state(state)


class _FloatMemory(Memory):
    """Real means and an ideal random source, as the reference for codes and LFSRs."""

    def __init__(self, params: GbmParams, context: ReplayContext) -> None:
        self._repeats = params.draws_per_read
        self._features = context.features
        self.selector = Selector(context.selector(params.requests))
        self._means: list[NDArray[np.float32]] = []
        self._weights: list[NDArray[np.float64]] = []

    def append(self, stored: Quantized, weights: NDArray[np.float64]) -> None:
        self._means.append(stored.means.astype(np.float32))
        self._weights.append(weights)

    def draw(
        self, requests: int, n_classes: int, rng: np.random.Generator
    ) -> tuple[Packed, Labels]:
        labels = self.selector.request(n_classes, requests)
        components = [rng.choice(len(self._weights[c]), p=self._weights[c]) for c in labels]
        means = np.array([self._means[c][k] for c, k in zip(labels, components, strict=True)])
        means = np.repeat(means, self._repeats, axis=0)
        bits = rng.random(means.shape, dtype=np.float32) < means
        return pack(bits), np.repeat(labels, self._repeats)

    def state(self) -> dict[str, NDArray[Any]]:
        return {
            "means": np.concatenate(self._means),
            "weights": np.concatenate(self._weights),
            "components": np.array([len(w) for w in self._weights], np.int64),
            **self.selector.state_dict(),
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        ends = np.cumsum(state["components"])[:-1]
        self._means = np.split(state["means"], ends)
        self._weights = np.split(state["weights"], ends)
        self.selector.load_state(state)
