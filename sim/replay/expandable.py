# SPDX-License-Identifier: MIT
"""Common base of MEMO and DER: classifiers that spend memory on blocks and on exemplars."""

from abc import abstractmethod
from collections.abc import Mapping
from statistics import fmean
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.learn.batches import split_batch
from sim.learn.expansion import ExpandableHead, block_bits
from sim.learn.expansion_training import ExpansionTraining, train
from sim.learn.similarity import linear_cka
from sim.learn.weight_alignment import align_logits, alignment_factor
from sim.measure.ledger import Entry, Ledger, count_bits, index_bits
from sim.replay.base import Classifier, Labels, Packed, ReplayContext, ReplaySource, SourceParams
from sim.replay.herded import HerdedReplay
from sim.replay.stored import LatentReplay

__all__ = ["ExpandableClassifier", "ExpandableParams"]

_REAL_BITS = 31  # float32, less the sign, which is the weight itself
_EXEMPLARS: dict[str, type[ReplaySource]] = {"reservoir": LatentReplay, "herding": HerdedReplay}


class ExpandableParams(SourceParams):
    """Parameters of a classifier that grows.

    Attributes
    ----------
    exemplars : int
        E, embeddings kept a class.
    exemplars_by : {"reservoir", "herding"}
        Whether exemplars are a uniform sample or are chosen to keep the mean of their class.
    hidden : int
        H, bits that a block adds.
    blocks : int
        Number of places for blocks. A task without a free place trains only the output layer. With
        1, the first task trains the only block; with 0, there is none.
    auxiliary : float
        alpha_aux, weight of the auxiliary loss. Its classifier tells the new classes from all old
        ones by the new block alone. 0 leaves it out.
    weight_alignment : {"none", "l1", "l2"}
        Whether the logits of the newest classes are scaled; see `sim.learn.weight_alignment`.
    batches : {"classes", "samples"}
        Split of a batch into past and present samples: in proportion to the classes, as in every
        other method (contract, 8), or to the available samples, as in the published code.
    training : ExpansionTraining
        Training of a task.
    """

    exemplars: int = Field(default=20, ge=1, le=1_000_000)
    exemplars_by: Literal["reservoir", "herding"] = "reservoir"
    hidden: int = Field(default=64, ge=1, le=65_536)
    blocks: int = Field(default=11, ge=0, le=10_000)
    auxiliary: float = Field(default=1.0, ge=0, le=100)
    weight_alignment: Literal["none", "l1", "l2"] = "none"
    batches: Literal["classes", "samples"] = "classes"
    training: ExpansionTraining = ExpansionTraining()


class ExpandableClassifier(Classifier):
    """Trains a block for each task above the embedding, freezes it, and keeps exemplars."""

    titled = ("exemplars", "hidden")
    bounded_by_samples = ("exemplars",)
    Params = ExpandableParams

    def __init__(self, params: ExpandableParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        exemplars = _EXEMPLARS[params.exemplars_by]
        self._memory = exemplars(
            exemplars.Params.model_validate({"exemplars": params.exemplars}), context
        )
        self._widths = self.widths(params)
        self._head: ExpandableHead | None = None
        self._first_new = 0
        self._flipped: list[list[float]] = []  # shares of each block, layer by layer
        self._similarity: list[float] = []  # mean similarity of each block to earlier ones

    @classmethod
    @abstractmethod
    def widths(cls, params: Any) -> tuple[int, ...]:
        """Return the outputs of the layers of a block."""

    @property
    def n_classes(self) -> int:
        return self._memory.n_classes

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        head = self._head or self._new_head(rng)
        self._head, self._first_new = head, self.n_classes
        if len(head.blocks) < self.params.blocks:
            has_auxiliary = self._first_new and self.params.auxiliary
            head.grow(rng, len(np.unique(labels)) if has_auxiliary else 0)
        flipped = train(
            head,
            exemplars,
            labels,
            past=lambda count: self._memory.draw(count, rng),
            n_past=self._past_share(labels),
            settings=self.params.training,
            auxiliary_weight=self.params.auxiliary,
            rng=rng,
        )
        grown = bool(head.layers)
        head.freeze()
        if grown:
            self._flipped.append(flipped)
            self._similarity.append(self._similarity_of_last(head, exemplars))
        self._memory.learn(exemplars, labels, rng)

    def classify(self, exemplars: Packed) -> Labels:
        assert self._head is not None, "classify follows learn"
        logits = self._head.logits(exemplars)[:, : self.n_classes]
        norm = self.params.weight_alignment
        if norm != "none" and self._first_new:
            planes = [bits[: self.n_classes] for bits in self._head.plane_bits]
            factor = alignment_factor(planes[0], planes[1], self._first_new, norm)
            logits = align_logits(logits, self._first_new, factor)
        return logits.argmax(axis=1)

    def ledger(self) -> Ledger:
        places = self.params.blocks
        inputs = (self.context.features, *self._widths)
        block = sum(a * b for a, b in zip(inputs, self._widths, strict=False))
        entries = (
            Entry.paper("specialised blocks", places * block, "1 bit a weight, all places"),
            Entry.extra("block counter", count_bits(places), "places in use"),
        )
        return self._memory.ledger() + Ledger(tuple(entry for entry in entries if entry.bits))

    def head_ledger(self) -> Ledger:
        columns = self.context.features + self.params.blocks * self._widths[-1]
        weights = 2 * self.context.classes * columns
        entries = [
            Entry.extra("head weights", weights, "two planes over embedding and all blocks"),
            Entry.extra("latent weights", _REAL_BITS * weights, "float32, less the sign"),
        ]
        if self.params.weight_alignment != "none":
            note = "where the classes that came last begin"
            entries.append(Entry.extra("first new class", index_bits(self.context.classes), note))
        return Ledger(tuple(entries))

    def facts(self) -> dict[str, float]:
        """Return how much training changed the blocks and how similar they are.

        ``flipped_layer_<i>`` is the share of the weights of a layer that the epochs after the first
        changed, as a mean over blocks. ``block_similarity`` is the linear CKA of two blocks on the
        training samples of the later block's task, as a mean over all pairs.
        """
        layers = zip(*self._flipped, strict=True)
        facts = {f"flipped_layer_{i + 1}": fmean(shares) for i, shares in enumerate(layers)}
        pairs = [share for i, share in enumerate(self._similarity) for _ in range(i)]
        return facts | ({"block_similarity": fmean(pairs)} if pairs else {})

    def state(self) -> dict[str, NDArray[Any]]:
        assert self._head is not None, "a checkpoint follows a task"
        head = self._head
        inputs = (self.context.features, *self._widths)
        layers = {
            f"layer_{i}": np.array([block[i] for block in head.blocks], np.uint8).reshape(-1, n, k)
            for i, (k, n) in enumerate(zip(inputs, self._widths, strict=False))
        }
        return {
            **layers,
            **{f"plane_{i}": plane for i, plane in enumerate(head.planes)},
            "first_new": np.array(self._first_new),
            "flipped": np.array(self._flipped, np.float64),
            "similarity": np.array(self._similarity, np.float64),
            **{f"memory_{k}": v for k, v in self._memory.state().items()},
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        head = self._new_head(np.random.default_rng(0))  # whatever it draws is replaced
        layers = [state[f"layer_{i}"] for i in range(len(self._widths))]
        head.blocks = list(zip(*layers, strict=True))
        head.planes = [np.array(state[f"plane_{i}"]) for i in range(2)]
        self._head, self._first_new = head, int(state["first_new"])
        self._flipped = state["flipped"].tolist()
        self._similarity = state["similarity"].tolist()
        prefix = "memory_"
        self._memory.load_state(
            {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        )

    def _new_head(self, rng: np.random.Generator) -> ExpandableHead:
        training = self.params.training
        return ExpandableHead(
            features=self.context.features,
            classes=self.context.classes,
            widths=self._widths,
            rng=rng,
            init_scale=training.init_scale,
            logit_gain=training.logit_gain,
        )

    def _past_share(self, labels: Labels) -> int:
        """Return the number of exemplars in a batch."""
        if not self.n_classes:
            return 0
        past, present = self.n_classes, len(np.unique(labels))
        if self.params.batches == "samples":
            past, present = past * self.params.exemplars, len(labels)
        return split_batch(self.params.training.batch, past, present)[0]

    def _similarity_of_last(self, head: ExpandableHead, exemplars: Packed) -> float:
        """Return the mean linear CKA of the last block to all earlier ones; 0 if there are none."""
        *before, last = (block_bits(block, exemplars) for block in head.blocks)
        return fmean(linear_cka(last, other) for other in before) if before else 0.0
