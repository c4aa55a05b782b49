# SPDX-License-Identifier: MIT
"""Latent replay with CWR* and quantised back-propagation: a classifier that learns in integers."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from golden.cwr import Cwr
from golden.params import CwrParams
from sim.learn.integer_learner import calls_of, new_trainer
from sim.learn.sections import IntegerTraining
from sim.measure.ledger import Entry, Ledger, index_bits, trainer_ledger
from sim.replay.base import Classifier, Labels, Packed, ReplayContext, SourceParams
from sim.replay.stored import Reservoir

__all__ = ["CwrClassifier", "CwrClassifierParams"]

_COUNTER_BITS, _SEEN_BITS, _LFSR_BITS = 32, 16, 64


class CwrClassifierParams(SourceParams, IntegerTraining):
    """Parameters of latent replay with CWR*, with the symbols of its paper.

    Those of `sim.learn.sections.IntegerTraining` have other defaults here, for the paper's network.

    Attributes
    ----------
    exemplars : int
        E, embeddings kept a class; 0 trains on the present classes alone.
    cwr : bool
        Whether CWR* consolidates the classifier's weights after every task.
    average : {"scalar", "row"}
        Mean that CWR* subtracts from trained weights: that of all rows of a task, or of each row.
    count_replay : bool
        Whether CWR* treats the replayed classes as classes of the task and counts their exemplars.
    batch : int
        B, samples a step.
    replay_ratio : float
        Ratio of present to replayed samples in a batch; the paper uses 1/4.
    """

    exemplars: int = Field(default=20, ge=0, le=65_534)
    hidden: int = Field(default=128, ge=0, le=65_536)
    cwr: bool = True
    average: Literal["scalar", "row"] = "scalar"
    count_replay: bool = True
    q_b_non_binary: Literal[8, 16, 32, "float"] = 16
    batch: int = Field(default=160, ge=2, le=65_536)
    replay_ratio: float = Field(default=0.25, gt=0, le=100)
    epochs: int = Field(default=5, ge=1, le=100_000)
    rate: int = Field(default=14, ge=0, le=24)

    def split(self, replayed: bool) -> tuple[int, int]:
        """Return the numbers of replayed and of present samples in a batch."""
        if not replayed:
            return 0, self.batch
        present = round(self.batch * self.replay_ratio / (1 + self.replay_ratio))
        present = min(max(present, 1), self.batch - 1)
        return self.batch - present, present


class CwrClassifier(Classifier):
    """Trains a classifier on present and on stored embeddings, in the golden integers.

    A class-balanced reservoir keeps E embeddings a class. Every batch mixes them with embeddings of
    the task. Classes may come again in later tasks.
    """

    name = "cwr"
    called = "latent replay with the integer trainer"
    Params = CwrClassifierParams
    titled = ("exemplars", "cwr", "q_f", "q_b_non_binary", "q_b_binary")
    bounded_by_samples = ("exemplars",)
    learns_again = True

    def __init__(self, params: CwrClassifierParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        about = params.trainer(
            features=context.features, classes=context.classes, seed=context.seed
        )
        # Only the seed decides the signs of the binary layer.
        rng = np.random.default_rng([context.seed])
        self._trainer = new_trainer(about, rng, params.init_scale)
        self._step, self._sums = calls_of(self._trainer)
        self._cwr = Cwr(
            CwrParams(
                classes=context.classes,
                inputs=params.hidden + context.features,
                width=params.q_b_non_binary,
                average=params.average,
            )
        )
        self._reservoirs: dict[int, Reservoir] = {}
        self._first = self._trainer.latent >= 0

    @property
    def n_classes(self) -> int:
        return len(self._reservoirs)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        past, past_labels = self._stored()
        present = np.bincount(labels, minlength=self.context.classes)
        replayed = np.bincount(past_labels, minlength=self.context.classes)
        classes = np.flatnonzero(present + replayed)
        if self.params.cwr:
            self._trainer.weights = self._cwr.begin(classes)
        for batch, targets in self._batches(exemplars, labels, past, past_labels, rng):
            self._step(batch, targets, classes)
        if self.params.cwr:
            counts = present + replayed if self.params.count_replay else present
            self._cwr.consolidate(self._trainer.weights, counts)
            self._trainer.weights = self._cwr.weights.copy()
        for label in np.unique(labels).tolist():
            reservoir = self._reservoirs.setdefault(label, Reservoir(self.params.exemplars))
            for exemplar in exemplars[labels == label]:
                reservoir.offer(exemplar, rng)

    def classify(self, exemplars: Packed) -> Labels:
        seen = np.array(sorted(self._reservoirs))
        return seen[self._sums(exemplars)[:, seen].argmax(axis=1)]

    def facts(self) -> dict[str, float]:
        flipped = (self._trainer.latent >= 0) != self._first
        return {"flipped_weights": float(flipped.mean())} if flipped.size else {}

    def ledger(self) -> Ledger:
        kept, classes = self.params.exemplars * self.context.classes, self.context.classes
        streams = "64 bits each: which exemplar to replace, to replay"
        entries = (
            Entry.paper("exemplars", kept * self.context.features, "E * D * n_c"),
            Entry.extra("labels", kept * index_bits(classes), "ceil(log2 n_c) an exemplar"),
            Entry.extra("seen counters", classes * _SEEN_BITS, "16 bits a class"),
            Entry.extra("random streams", 2 * _LFSR_BITS, streams),
        )
        return Ledger(entries if kept else ())

    def head_ledger(self) -> Ledger:
        # After a task the temporary weights are gone or equal the consolidated ones, so they take
        # no bits.
        ledger = trainer_ledger(self._trainer.params)
        if not self.params.cwr:
            return ledger
        counters = self.context.classes * _COUNTER_BITS
        return ledger + Ledger((Entry.extra("past counters", counters, "32 bits a class"),))

    def state(self) -> dict[str, NDArray[Any]]:
        labels = sorted(self._reservoirs)
        stored, stored_labels = self._stored()
        return {
            "stored": stored,
            "stored_labels": stored_labels,
            "seen_labels": np.array(labels, np.int64),
            "seen_counts": np.array([self._reservoirs[c].seen for c in labels], np.int64),
            **self._trainer.state_dict(),
            **self._cwr.state_dict(),
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._reservoirs = {}
        for label, seen in zip(state["seen_labels"], state["seen_counts"], strict=True):
            reservoir = Reservoir(self.params.exemplars)
            reservoir.kept = list(state["stored"][state["stored_labels"] == label])
            reservoir.seen = int(seen)
            self._reservoirs[int(label)] = reservoir
        self._trainer.load_state(state)
        self._cwr.load_state(state)

    @classmethod
    def title(cls, params: CwrClassifierParams) -> str:
        kept = f"latent replay E = {params.exemplars} + " if params.exemplars else ""
        rule = "CWR*" if params.cwr else "SGD"
        widths = f"q_f = {params.q_f}, q_b = {params.q_b_non_binary}, binary {params.q_b_binary}"
        return f"{kept}{rule}, {widths}"

    def _stored(self) -> tuple[Packed, Labels]:
        """Return the samples in the reservoirs and their classes, in the order of the classes."""
        labels = sorted(self._reservoirs)
        kept = [exemplar for label in labels for exemplar in self._reservoirs[label].kept]
        counts = [len(self._reservoirs[label].kept) for label in labels]
        return np.array(kept, np.uint64), np.repeat(np.array(labels, np.int64), counts)

    def _batches(
        self,
        exemplars: Packed,
        labels: Labels,
        past: Packed,
        past_labels: Labels,
        rng: np.random.Generator,
    ) -> Iterator[tuple[Packed, Labels]]:
        """Yield the batches of a task: all present samples in each epoch, random past ones.

        Parameters
        ----------
        exemplars : ndarray of shape (n_samples, ceil(D/64)), uint64
            Present samples.
        labels : ndarray of shape (n_samples,), int64
            Their classes.
        past : ndarray of shape (n_past, ceil(D/64)), uint64
            Stored samples.
        past_labels : ndarray of shape (n_past,), int64
            Their classes.
        rng : numpy.random.Generator
            Source of the order and of the draws.
        """
        n_past, n_present = self.params.split(replayed=len(past) > 0)
        steps = math.ceil(len(exemplars) / n_present)
        for _ in range(self.params.epochs):
            # Samples of the first batch fill up the last one.
            order = np.resize(rng.permutation(len(exemplars)), (steps, n_present))
            for chosen in order:
                if not n_past:
                    yield exemplars[chosen], labels[chosen]
                    continue
                drawn = rng.integers(len(past), size=n_past)
                yield (
                    np.concatenate([exemplars[chosen], past[drawn]]),
                    np.concatenate([labels[chosen], past_labels[drawn]]),
                )
