# SPDX-License-Identifier: MIT
"""Memories of prototypes: the chip's, with its sampler, and a reference in floating point."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.bits import pack
from golden.params import SelectorParams
from golden.sampler import Sampler
from golden.selector import Selector, cumulative_thresholds
from sim.learn.quantize import Quantized
from sim.replay.base import Labels, Packed

__all__ = ["ChipMemory", "FloatMemory", "Memory"]


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
        self._sampler = sampler
        self.selector = sampler.selector
        self._serve = serve

    def append(self, stored: Quantized, weights: NDArray[np.float64]) -> None:
        assert stored.codes is not None
        self._sampler.prototypes.append(stored.codes, cumulative_thresholds(weights))

    def draw(
        self, requests: int, n_classes: int, rng: np.random.Generator
    ) -> tuple[Packed, Labels]:
        labels = self.selector.request(n_classes, requests)
        return self._serve(self._sampler, labels, threads=1)

    def state(self) -> dict[str, NDArray[Any]]:
        return self._sampler.state_dict()

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._sampler.load_state(state)


class FloatMemory(Memory):
    """Real means and an ideal random source, as the reference for codes and LFSRs.

    Parameters
    ----------
    draws_per_read : int
        M, exemplars a request.
    selection : SelectorParams
        Parameters of the selector of classes.
    """

    def __init__(self, draws_per_read: int, selection: SelectorParams) -> None:
        self._repeats = draws_per_read
        self.selector = Selector(selection)
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
