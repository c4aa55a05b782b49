# SPDX-License-Identifier: MIT
"""Exemplars that herding chooses to keep the mean of their class, and their replay."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import pydantic
from numpy.typing import NDArray
from pydantic import Field

from golden.selector import Selector
from sim.learn.herding import herding_of_bits
from sim.measure.ledger import Entry, Ledger, count_bits, index_bits, selection_entries
from sim.replay.base import (
    Labels,
    Packed,
    ReplayContext,
    ReplayParams,
    ReplaySource,
    SourceParams,
)
from sim.replay.stored import pick
from sim.work.errors import UserError

__all__ = ["Herd", "HerdParams", "HerdedReplay"]

_EXEMPLARS = 20


class HerdParams(SourceParams):
    """Number of exemplars, and the way of choosing them.

    Attributes
    ----------
    exemplars : int or null
        E, embeddings kept of each class; 20 if neither it nor `budget` is given.
    budget : int or null
        M, embeddings kept in all, in place of E. Each of the n classes seen keeps ``floor(M / n)``.
    normalized : bool
        Whether the target of herding is the class mean scaled to the length of the embeddings; see
        `sim.learn.herding`.
    """

    exemplars: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    budget: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    normalized: bool = False

    @pydantic.model_validator(mode="after")
    def _one_size(self) -> "HerdParams":
        if self.budget is not None and self.exemplars is not None:
            raise ValueError("exemplars must be left out beside budget: budget decides them")
        return self

    @property
    def size(self) -> str:
        """E or M, whichever is given, in the form that titles show."""
        return f"E = {self.per_class}" if self.budget is None else f"M = {self.budget}"

    @property
    def per_class(self) -> int:
        """E, where the classes do not share a budget."""
        return _EXEMPLARS if self.exemplars is None else self.exemplars


class HerdedParams(ReplayParams, HerdParams):
    """Parameters of the replay of herded exemplars."""


class Herd:
    """Exemplars of every class in herding order; under a budget, new classes displace the last.

    Parameters
    ----------
    params : HerdParams
        Number of exemplars and way of choosing them.
    context : ReplayContext
        Facts about the run.

    Attributes
    ----------
    kept : list of ndarray of shape (n_kept, ceil(D/64)), uint64
        Exemplars of each class.

    Raises
    ------
    UserError
        If M is smaller than the number of classes.
    """

    def __init__(self, params: HerdParams, context: ReplayContext) -> None:
        if params.budget is not None and params.budget < context.classes:
            raise UserError(
                f"budget of herded exemplars must be at least {context.classes}, one for every "
                f"class, not {params.budget}"
            )
        self.params = params
        self.context = context
        self.kept: list[Packed] = []

    def add(self, exemplars: Packed, labels: Labels) -> None:
        """Choose exemplars of the classes of a task, and drop the last ones of earlier classes."""
        classes = np.unique(labels)
        quota = self._quota(len(self.kept) + len(classes))
        self.kept = [packed[:quota] for packed in self.kept]
        for label in classes:
            packed = exemplars[labels == label]
            count = min(quota, len(packed))
            features, normalized = self.context.features, self.params.normalized
            self.kept.append(packed[herding_of_bits(packed, features, count, normalized)])

    def entries(self) -> list[Entry]:
        """Return the ledger entries of the exemplars, with all places counted."""
        classes, features, budget = self.context.classes, self.context.features, self.params.budget
        places = self.params.per_class * classes if budget is None else budget
        note = "E * D * n_c" if budget is None else "M * D"
        return [
            Entry.paper("exemplars", places * features, note),
            Entry.extra("labels", places * index_bits(classes), "ceil(log2 n_c) an exemplar"),
            Entry.extra("fill pointer", count_bits(classes), "classes seen"),
        ]

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything that `load_state` needs, as arrays."""
        return {
            "kept": np.concatenate(self.kept),
            "kept_counts": np.array([len(packed) for packed in self.kept], np.int64),
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore the exemplars that `state` described."""
        self.kept = np.split(state["kept"], np.cumsum(state["kept_counts"])[:-1])

    def _quota(self, n_classes: int) -> int:
        """Return the number of exemplars of a class after `n_classes` classes have been seen."""
        budget = self.params.budget
        return self.params.per_class if budget is None else budget // n_classes


class HerdedReplay(ReplaySource):
    """Replays exemplars chosen by herding; latent replay keeps random ones instead."""

    name = "herded"
    called = "replay of herded exemplars"
    stores_exemplars = True
    Params = HerdedParams
    titled = ("exemplars", "budget")
    bounded_by_samples = ("exemplars",)

    def __init__(self, params: HerdedParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        self._selector = Selector(context.selector(params.requests))
        self._herd = Herd(params, context)
        self._seen: list[int] = []  # training samples of each class

    @property
    def n_classes(self) -> int:
        return len(self._seen)

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        self._herd.add(exemplars, labels)
        self._seen += np.unique(labels, return_counts=True)[1].tolist()
        self._selector.set_class_weights(np.array(self._seen) / sum(self._seen))

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Packed, Labels]:
        labels = self._selector.request(self.n_classes, count)
        return pick(self._herd.kept, labels, rng), labels

    def ledger(self) -> Ledger:
        stream = Entry.extra("random streams", 64, "64 bits: which exemplar to replay")
        selection = selection_entries(self.params.requests, self.context.classes)
        return Ledger((*self._herd.entries(), *selection, stream))

    def state(self) -> dict[str, NDArray[Any]]:
        seen = np.array(self._seen, np.int64)
        return {"seen": seen, **self._herd.state(), **self._selector.state_dict()}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._seen = state["seen"].tolist()
        self._herd.load_state(state)
        self._selector.load_state(state)

    @classmethod
    def title(cls, params: HerdedParams) -> str:
        return f"herded exemplars {params.size}"
