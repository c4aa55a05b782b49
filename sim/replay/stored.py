# SPDX-License-Identifier: MIT
"""Stored embeddings of the past: a class-balanced reservoir (latent replay), or everything."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from golden.bits import pack, unpack
from golden.faults import Faults, ReadErrors
from golden.params import FaultyMemory
from golden.selector import Selector
from sim.learn.faults import FailingParams
from sim.measure.ledger import Ledger, joint_ledger, latent_replay_ledger
from sim.replay.base import Labels, Packed, ReplayContext, ReplayParams, ReplaySource

__all__ = ["JointReplay", "LatentReplay", "Reservoir", "pick"]


class Reservoir:
    """Uniform sample of fixed size from a stream of unknown length (Vitter's algorithm R).

    This is Algorithm 1 of Vorabbi et al. (binary latent replay) with one correction. As printed, it
    draws as many new samples as the memory already holds of the class, hence none of a new class.
    A counter for each class keeps the sample uniform when the class comes again.

    Parameters
    ----------
    size : int or None
        E, samples kept; None keeps all.
    """

    def __init__(self, size: int | None) -> None:
        self.size = size
        self.kept: list[NDArray[np.uint64]] = []
        self.seen = 0

    def offer(self, exemplar: NDArray[np.uint64], rng: np.random.Generator) -> None:
        """Take the next sample of the stream; keep it with the probability of algorithm R.

        In a full reservoir, a sample that is kept replaces another.
        """
        self.seen += 1
        if self.size is None or len(self.kept) < self.size:
            self.kept.append(exemplar)
            return
        place = int(rng.integers(self.seen))
        if place < self.size:
            self.kept[place] = exemplar


def pick(stored: Sequence[Packed], labels: Labels, rng: np.random.Generator) -> Packed:
    """Return one sample of each label's class, drawn uniformly.

    Parameters
    ----------
    stored : sequence of ndarray of shape (n_stored, ceil(D/64)), uint64
        Samples of each class, at least one.
    labels : ndarray of shape (n,), int64
        Class of each sample to draw.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of shape (n, ceil(D/64)), uint64
        Packed samples.
    """
    sizes = np.array([len(packed) for packed in stored])
    places = rng.integers(sizes[labels])
    return np.array([stored[label][i] for label, i in zip(labels, places, strict=True)])


class LatentParams(ReplayParams, FailingParams):
    """Parameters of latent replay.

    Attributes
    ----------
    exemplars : int
        E, embeddings kept a class.
    """

    drawn_from: ClassVar[bool] = True

    exemplars: int = Field(default=20, ge=1, le=1_000_000)


class _StoredReplay(ReplaySource):
    """Replays embeddings that were stored unchanged."""

    capacity: int | None = None
    _faults: Faults | None = None
    _read_errors: ReadErrors | None = None

    def __init__(self, params: ReplayParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        self._selector = Selector(context.selector(params.requests))
        self._reservoirs: list[Reservoir] = []
        self._packed: list[Packed] = []
        self._drawn = 0  # exemplars that were read

    @property
    def n_classes(self) -> int:
        return len(self._reservoirs)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        for label in range(self.n_classes, int(labels.max()) + 1):
            reservoir = Reservoir(self.capacity)
            for exemplar in exemplars[labels == label]:
                reservoir.offer(exemplar, rng)
            self._reservoirs.append(reservoir)
        self._refresh()

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Packed, Labels]:
        labels = self._selector.request(self.n_classes, count)
        packed, first = pick(self._packed, labels, rng), self._drawn
        self._drawn += count
        if self._read_errors is not None:
            # An exemplar is whole rows, so that exemplars that were read count as vectors do.
            bits = unpack(packed, self.context.features)
            packed = pack(self._read_errors.read(bits, first))
        return packed, labels

    def state(self) -> dict[str, NDArray[Any]]:
        kept = [packed for packed in self._packed if len(packed)]
        return {
            "stored": np.concatenate(kept) if kept else np.zeros((0, 0), np.uint64),
            "stored_counts": np.array([len(r.kept) for r in self._reservoirs], np.int64),
            "stored_seen": np.array([r.seen for r in self._reservoirs], np.int64),
            "stored_drawn": np.array(self._drawn),
            **self._selector.state_dict(),
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._selector.load_state(state)
        self._drawn = int(state["stored_drawn"])
        self._reservoirs = []
        first = 0
        for count, seen in zip(state["stored_counts"], state["stored_seen"], strict=True):
            reservoir = Reservoir(self.capacity)
            reservoir.kept = list(state["stored"][first : first + count])
            reservoir.seen = int(seen)
            self._reservoirs.append(reservoir)
            first += int(count)
        self._refresh()

    def _refresh(self) -> None:
        """Collect each reservoir in one array, and set the class weights by the samples seen."""
        self._packed = [
            self._read(np.array(reservoir.kept), label)
            for label, reservoir in enumerate(self._reservoirs)
        ]
        seen = np.array([reservoir.seen for reservoir in self._reservoirs], np.float64)
        self._selector.set_class_weights(seen / seen.sum())

    def _read(self, kept: Packed, label: int) -> Packed:
        """Return what the slots of a class read as."""
        if self._faults is None:
            return kept
        assert self.capacity is not None
        bits = unpack(kept, self.context.features)
        return pack(self._faults.read(bits, label * self.capacity))


class LatentReplay(_StoredReplay):
    """Keeps E embeddings of every class, a uniform sample of all its embeddings so far."""

    name = "latent"
    called = "latent replay"
    stores_exemplars = True
    Params = LatentParams
    titled = ("exemplars",)
    bounded_by_samples = ("exemplars",)

    def __init__(self, params: LatentParams, context: ReplayContext) -> None:
        self.capacity = params.exemplars
        super().__init__(params, context)
        self._faults = params.faults_of(FaultyMemory.EXEMPLARS, context.seed)
        self._read_errors = params.read_errors_of(FaultyMemory.EXEMPLARS, context.seed)

    def ledger(self) -> Ledger:
        return latent_replay_ledger(
            features=self.context.features,
            exemplars=self.params.exemplars,
            classes=self.context.classes,
            selection=self.params.requests,
        )

    @classmethod
    def title(cls, params: LatentParams) -> str:
        return f"latent replay E = {params.exemplars}"


class JointReplay(_StoredReplay):
    """Keeps every embedding: joint training, the upper bound."""

    name = "joint"
    called = "joint training"
    bound = True

    def ledger(self) -> Ledger:
        return joint_ledger(
            features=self.context.features,
            samples=sum(len(packed) for packed in self._packed),
            classes=self.context.classes,
            selection=self.params.requests,
        )

    @classmethod
    def title(cls, params: ReplayParams) -> str:
        return "joint training"
