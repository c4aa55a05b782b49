# SPDX-License-Identifier: MIT
"""Generative Binary Memory: Bernoulli prototypes in the chip's memory, drawn by its sampler."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from golden.bernoulli import encode
from golden.bits import pack, unpack
from golden.kernels import draw
from golden.params import PrototypesParams, SamplerParams
from golden.sampler import Sampler
from golden.selector import Selector, cumulative_thresholds
from sim.ledger import Ledger, gbm_ledger
from sim.mixture import BernoulliMixture
from sim.replay.base import Labels, Packed, ReplayContext, ReplaySource, SourceParams

__all__ = ["GbmParams", "GbmSource", "MixtureSettings"]


class MixtureSettings(BaseModel):
    """How the prototypes of a class are fitted; the words are those of `BernoulliMixture`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

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
    code_width: Annotated[int, Field(ge=1, le=16)] | Literal["float"] = 8
    mode: Literal["parallel", "serial"] = "parallel"
    lanes: int = Field(default=64, ge=1, le=64)
    draws_per_read: int = Field(default=1, ge=1)
    mixture: MixtureSettings = MixtureSettings()


class GbmSource(ReplaySource):
    """Keeps K prototypes of every class and draws fresh pseudo-exemplars from them."""

    name = "gbm"
    Params = GbmParams
    generative = True

    def __init__(self, params: GbmParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        memory = _FloatMemory if params.code_width == "float" else _ChipMemory
        self._memory: _Memory = memory(params, context)
        self._counts: list[int] = []  # training samples of each class

    @property
    def n_classes(self) -> int:
        return len(self._counts)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        for label in range(self.n_classes, int(labels.max()) + 1):
            bits = unpack(exemplars[labels == label], self.context.features)
            mixture = BernoulliMixture(
                self.params.components,
                **self.params.mixture.model_dump(),
                random_state=int(rng.integers(2**31)),
            ).fit(bits)
            used = mixture.weights_ > 0  # a component that lost all its samples is not stored
            weights = mixture.weights_[used]
            self._memory.append(mixture.means_[used], weights / weights.sum())
            self._counts.append(len(bits))
        self._weigh_classes()

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Packed, Labels]:
        # Of the M exemplars of the last request, those past `count` go unused.
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
        )

    def state(self) -> dict[str, NDArray[Any]]:
        return {"counts": np.array(self._counts, np.int64), **self._memory.state()}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._counts = state["counts"].tolist()
        self._memory.load_state(state)

    @classmethod
    def label(cls, params: GbmParams) -> str:
        extras = [
            f"{name} = {value}"
            for name, value in params.model_dump(exclude_defaults=True).items()
            if name not in ("components", "code_width", "mixture")
        ]
        extras += [
            f"{name} = {value}"
            for name, value in params.mixture.model_dump(exclude_defaults=True).items()
        ]
        return ", ".join([f"GBM K = {params.components}, q = {params.code_width}", *extras])

    def _weigh_classes(self) -> None:
        """Let mode ``weighted`` request each class as often as it had training samples."""
        self._memory.selector.set_class_weights(np.array(self._counts) / sum(self._counts))


class _Memory(ABC):
    """Prototypes of all classes and a way to draw from them."""

    selector: Selector

    @abstractmethod
    def __init__(self, params: GbmParams, context: ReplayContext) -> None: ...

    @abstractmethod
    def append(self, means: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
        """Append a class: means (K, D) and mixing weights (K,)."""

    @abstractmethod
    def draw(
        self, requests: int, n_classes: int, rng: np.random.Generator
    ) -> tuple[Packed, Labels]:
        """Serve the next requests, M exemplars each."""

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]: ...

    @abstractmethod
    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None: ...


class _ChipMemory(_Memory):
    """The golden prototype memory and sampler; its LFSRs run on from task to task."""

    def __init__(self, params: GbmParams, context: ReplayContext) -> None:
        assert isinstance(params.code_width, int)
        self._code_width = params.code_width
        self._sampler = Sampler(
            SamplerParams(
                prototypes=PrototypesParams(
                    features=context.features,
                    code_width=params.code_width,
                    lanes=params.lanes,
                    components=params.components * context.classes,
                    classes=context.classes,
                    class_components=params.components,
                ),
                mode=params.mode,
                draws_per_read=params.draws_per_read,
                selection=params.requests,
                seed=context.seed,
            )
        )
        self.selector = self._sampler.selector

    def append(self, means: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
        codes = encode(means, self._code_width)
        self._sampler.prototypes.append(codes, cumulative_thresholds(weights))

    def draw(
        self, requests: int, n_classes: int, rng: np.random.Generator
    ) -> tuple[Packed, Labels]:
        labels = self.selector.request(n_classes, requests)
        return draw(self._sampler, labels, threads=1)

    def state(self) -> dict[str, NDArray[Any]]:
        return self._sampler.state_dict()

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._sampler.load_state(state)


class _FloatMemory(_Memory):
    """Unquantised means and an ideal random source: the reference of codes and LFSRs."""

    def __init__(self, params: GbmParams, context: ReplayContext) -> None:
        self._repeats = params.draws_per_read
        self._features = context.features
        self.selector = Selector(context.selector(params.requests))
        self._means: list[NDArray[np.float32]] = []
        self._weights: list[NDArray[np.float64]] = []

    def append(self, means: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
        self._means.append(means.astype(np.float32))
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
