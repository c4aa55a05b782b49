# SPDX-License-Identifier: MIT
"""Latent replay with CWR* and quantised back-propagation: a classifier that learns in integers."""

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from golden.cwr import Cwr
from golden.float_trainer import FloatTrainer
from golden.kernels.trainer import train_step, trainer_sums
from golden.params import CwrParams, TrainerParams
from golden.trainer import Trainer
from sim.measure.ledger import Entry, Ledger, index_bits
from sim.replay.base import Classifier, Labels, Packed, ReplayContext, SourceParams
from sim.replay.stored import Reservoir

__all__ = ["CwrClassifier", "CwrClassifierParams"]

_COUNTER_BITS, _SEEN_BITS, _LFSR_BITS = 32, 16, 64

NonBinary = Literal[8, 16, 32, "float"]


class CwrClassifierParams(SourceParams):
    """Parameters of latent replay with CWR*, with the symbols of its paper.

    Attributes
    ----------
    exemplars : int
        E, embeddings kept a class; 0 trains on the present classes alone.
    hidden : int
        H, neurons of the binary layer between embedding and classifier; 0 means none.
    cwr : bool
        Whether CWR* consolidates the classifier's weights after every task.
    average : {"scalar", "row"}
        Mean that CWR* subtracts from trained weights: that of all rows of a task, or of each row.
    count_replay : bool
        Whether CWR* treats the replayed classes as classes of the task and counts their exemplars.
    q_f : {8, 16, 32, "float"}
        Bits of non-binary weights and activations in the forward pass.
    q_b_non_binary : {8, 16, 32, "float"}
        Bits of non-binary weights, and of all gradients, in the backward pass.
    q_b_binary : {1, 4, 8, 16, "float"}
        Bits of the latent weights of the binary layer; 1 freezes it.
    rounding : {"nearest_even", "stochastic"}
        Rounding of the values in the backward pass.
    batch : int
        B, samples a step.
    replay_ratio : float
        Ratio of present to replayed samples in a batch; the paper uses 1/4.
    epochs : int
        Passes over the samples of a task; the paper uses 5.
    rate, binary_rate : int
        k of the classifier and of the binary layer: a step is ``2^-k`` times the sum of a batch's
        gradients.
    weight_exponent : int
        r: codes of the classifier's weights span ``[-2^r, 2^r)``.
    init_scale : float
        First latent weights are uniform in ``[-init_scale, init_scale]``.
    """

    exemplars: int = Field(default=20, ge=0, le=65_534)
    hidden: int = Field(default=128, ge=0, le=65_536)
    cwr: bool = True
    average: Literal["scalar", "row"] = "scalar"
    count_replay: bool = True
    q_f: NonBinary = 8
    q_b_non_binary: NonBinary = 16
    q_b_binary: Literal[1, 4, 8, 16, "float"] = 4
    rounding: Literal["nearest_even", "stochastic"] = "stochastic"
    batch: int = Field(default=160, ge=2, le=65_536)
    replay_ratio: float = Field(default=0.25, gt=0, le=100)
    epochs: int = Field(default=5, ge=1, le=100_000)
    rate: int = Field(default=14, ge=0, le=24)
    binary_rate: int = Field(default=10, ge=0, le=24)
    weight_exponent: int = Field(default=-3, ge=-8, le=2)
    init_scale: float = Field(default=0.5, gt=0, le=1)

    @model_validator(mode="after")
    def _widths_go_together(self) -> "CwrClassifierParams":
        self.trainer(features=1, classes=1, seed=0)
        return self

    def trainer(self, *, features: int, classes: int, seed: int) -> TrainerParams:
        """Return the parameters of the golden trainer.

        Parameters
        ----------
        features : int
            D, bits of an embedding.
        classes : int
            C, classes of the whole data set.
        seed : int
            User seed of the random stream.

        Raises
        ------
        ValueError
            If these widths and rates do not fit each other.
        """
        return TrainerParams(
            features=features,
            classes=classes,
            hidden=self.hidden,
            forward_width=self.q_f,
            backward_width=self.q_b_non_binary,
            binary_width=self.q_b_binary,
            rounding=self.rounding,
            rate=self.rate,
            binary_rate=self.binary_rate,
            weight_exponent=self.weight_exponent,
            window=math.isqrt(features),
            seed=seed,
        )

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
        self._trainer = _new_trainer(params, context)
        self._cwr = Cwr(
            CwrParams(
                classes=context.classes,
                inputs=params.hidden + context.features,
                width=params.q_b_non_binary,
                average=params.average,
            )
        )
        trainer = self._trainer
        if isinstance(trainer, Trainer):
            self._step, self._sums = partial(train_step, trainer), partial(trainer_sums, trainer)
        else:
            self._step, self._sums = trainer.step, trainer.sums
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
        params, shape = self.params, self._trainer.params
        weights = shape.classes * shape.concat * _bits(params.q_b_non_binary)
        latent = shape.hidden * shape.features * _bits(params.q_b_binary)
        entries = [
            Entry.extra("classifier weights", weights, "n_c * (H + D) * q_b, consolidated by CWR*"),
            Entry.extra(
                "binary weights", latent, "H * D * q_b of binary layers, the sign in front"
            ),
        ]
        if params.cwr:
            # After a task the temporary weights are gone or equal these, so they take no bits.
            entries.append(
                Entry.extra("past counters", shape.classes * _COUNTER_BITS, "32 bits a class")
            )
        if params.rounding == "stochastic" and not shape.real:
            entries.append(Entry.extra("rounding stream", _LFSR_BITS, "64 bits"))
        return Ledger(tuple(entry for entry in entries if entry.bits))

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


def _new_trainer(params: CwrClassifierParams, context: ReplayContext) -> Trainer | FloatTrainer:
    """Return an untrained classifier; only the seed decides the signs of its binary layer."""
    about = params.trainer(features=context.features, classes=context.classes, seed=context.seed)
    rng, shape = np.random.default_rng([context.seed]), (about.hidden, about.features)
    latent = rng.uniform(-params.init_scale, params.init_scale, shape)
    if about.real:
        return FloatTrainer(about, latent)
    codes = np.floor(latent * 2 ** (int(about.binary_width) - 1))
    return Trainer(about, codes.astype(np.int32))


def _bits(width: int | str) -> int:
    return 32 if width == "float" else int(width)
