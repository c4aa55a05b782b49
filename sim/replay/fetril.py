# SPDX-License-Identifier: MIT
"""FeTrIL in binary space: samples of a present class are moved to the mean of a past class."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
import pydantic
from numpy.typing import NDArray
from pydantic import Field

from golden.bits import pack, unpack
from golden.selector import Selector
from sim.learn.quantize import quantize
from sim.measure.ledger import Entry, Ledger, count_bits, selection_entries
from sim.replay.base import Labels, Packed, ReplayContext, ReplayParams, ReplaySource
from sim.replay.stored import pick

__all__ = ["TRANSLATIONS", "FetrilSource", "flip_probability", "similarity", "step_probability"]

Bits = NDArray[np.uint8]
Means = NDArray[np.floating]

CHUNK = 1024  # samples moved at a time, to bound the unpacked bits in memory


class FetrilParams(ReplayParams):
    """Parameters of the translation of features.

    Attributes
    ----------
    code_width : int or "float"
        q, bits of a feature of a class mean, 1..16; ``float`` keeps 32 bits.
    translation : {"flip", "threshold"}
        How a sample is moved: by `flip_probability` or by `step_probability`.
    serves : {"nearest", "random"}
        Which present class provides the samples for a past class. ``nearest`` takes one class for a
        whole task, by the cosine of the means; ``random`` draws a class for every exemplar.
    rank : int
        Rank of the present class that ``nearest`` takes, 1 for the nearest; the last class if there
        are fewer.
    """

    code_width: Annotated[int, Field(ge=1, le=16)] | Literal["float"] = 8
    translation: Literal["flip", "threshold"] = "flip"
    serves: Literal["nearest", "random"] = "nearest"
    rank: int = Field(default=1, ge=1, le=1_000_000)

    @pydantic.model_validator(mode="after")
    def _rank_is_of_the_nearest(self) -> "FetrilParams":
        if self.serves == "random" and self.rank != 1:
            raise ValueError("rank must be left out where present classes serve at random")
        return self


class FetrilSource(ReplaySource):
    """Keeps the mean of every past class, and moves samples of present classes to it.

    FeTrIL (Petit et al., WACV 2023) adds the difference of the two means to the features of the
    most similar new class. A bit cannot move by a fraction, but the mean of many bits can. Here
    bits flip at random, drawn from PCG64, no more often than the two means require. Moved samples
    keep the correlations between the features of a present class; independent draws from the past
    mean would not. The classifier is the run's head, in place of the original's linear support
    vector machines.
    """

    name = "fetril"
    called = "FeTrIL"
    Params = FetrilParams
    titled = ("code_width",)

    def __init__(self, params: FetrilParams, context: ReplayContext) -> None:
        super().__init__(params, context)
        self._selector = Selector(context.selector(params.requests))
        self._means: Means = np.zeros((0, context.features), np.float32)
        self._seen: list[int] = []  # training samples of each class
        self._present: list[Packed] = []  # samples of each class of the task being trained
        self._new: Means = np.zeros((0, context.features))  # and their means

    @property
    def n_classes(self) -> int:
        return len(self._means)

    def begin(self, exemplars: Packed, labels: Labels) -> None:
        self._present = [exemplars[labels == label] for label in np.unique(labels)]
        self._new = np.array([self._mean(packed) for packed in self._present])

    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        self._present = []
        for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
            mean = self._mean(exemplars[labels == label])
            # float32 is exact for every code, and it is the precision that ``float`` keeps.
            stored = quantize(mean, self.params.code_width).means.astype(np.float32)
            self._means = np.vstack([self._means, stored])
            self._seen.append(int(count))
        self._selector.set_class_weights(np.array(self._seen) / sum(self._seen))

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Packed, Labels]:
        if not self._present:
            raise RuntimeError("fetril must be told of a task by begin before it draws")
        labels = self._selector.request(self.n_classes, count)
        serving = self._serving(labels, rng)
        drawn = pick(self._present, serving, rng)
        for start in range(0, count, CHUNK):
            part = slice(start, start + CHUNK)
            past, new = self._means[labels[part]], self._new[serving[part]]
            drawn[part] = self._move(drawn[part], past, new, rng)
        return drawn, labels

    def ledger(self) -> Ledger:
        classes, features = self.context.classes, self.context.features
        q = 32 if self.params.code_width == "float" else self.params.code_width
        streams = "64 bits each: which sample to move, which bits to flip"
        return Ledger(
            (
                Entry.paper("class means", features * classes * q, "D * n_c * q"),
                Entry.extra("fill pointer", count_bits(classes), "classes seen"),
                *selection_entries(self.params.requests, classes),
                Entry.extra("random streams", 128, streams),
            )
        )

    def state(self) -> dict[str, NDArray[Any]]:
        seen = np.array(self._seen, np.int64)
        return {"means": self._means, "seen": seen, **self._selector.state_dict()}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._means = state["means"]
        self._seen = state["seen"].tolist()
        self._selector.load_state(state)

    @classmethod
    def title(cls, params: FetrilParams) -> str:
        return f"FeTrIL q = {params.code_width}"

    def _mean(self, packed: Packed) -> Means:
        return unpack(packed, self.context.features).mean(axis=0)

    def _serving(self, labels: Labels, rng: np.random.Generator) -> Labels:
        """Return which present class, counted from 0, stands in for each label."""
        if self.params.serves == "random":
            return rng.integers(len(self._new), size=len(labels))
        ranking = np.argsort(-similarity(self._means, self._new), axis=1, kind="stable")
        return ranking[labels, min(self.params.rank, len(self._new)) - 1]

    def _move(self, packed: Packed, past: Means, new: Means, rng: np.random.Generator) -> Packed:
        bits = unpack(packed, self.context.features)
        chance = TRANSLATIONS[self.params.translation](bits, past, new)
        return pack(bits ^ (rng.random(bits.shape) < chance))


def flip_probability(bits: Bits, past: Means, new: Means) -> Means:
    """Return the probability that each bit flips, so that the mean `new` becomes `past`.

    Where the past mean is larger, a 0 becomes 1 with probability ``(past - new) / (1 - new)``.
    Where it is smaller, a 1 becomes 0 with probability ``(new - past) / new``. The mean is then
    exactly `past`. No rule flips fewer bits: the share of flipped bits is ``|past - new|``.

    Parameters
    ----------
    bits : ndarray of shape (..., D), uint8 in {0, 1}
        Samples with the mean `new`. The value of every bit must have a probability above 0 there.
    past, new : ndarray of shape (..., D), float32 or float64
        Means in 0..1 of the past class and of the present class.

    Returns
    -------
    ndarray of shape (..., D), float64
        Probabilities in 0..1.
    """
    flips = bits != (past > new)
    return np.where(flips, np.abs(past - new) / np.where(bits, new, 1 - new), 0.0)


def step_probability(bits: Bits, past: Means, new: Means) -> Means:
    """Return 1 for each bit that the translation ``bit + past - new`` brings across 1/2, else 0.

    This is the sum of the original method, rounded to a bit: 1 from 1/2 on. Means of bits seldom
    differ by a half, so few bits flip.

    Parameters
    ----------
    bits, past, new
        As in `flip_probability`.

    Returns
    -------
    ndarray of shape (..., D), float64
    """
    return ((bits + past - new >= 0.5) != bits).astype(np.float64)


def similarity(past: Means, new: Means) -> Means:
    """Return the cosine of every past mean with every new one; bits stand for -1 and +1.

    Parameters
    ----------
    past, new : ndarray of shape (n_past, D) and (n_new, D), in 0..1
        Means of the classes.

    Returns
    -------
    ndarray of shape (n_past, n_new), float64
        Cosines; 0 for a mean that is one half in every feature, which has no direction.
    """
    a, b = 2 * past - 1, 2 * new - 1
    lengths = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    return (a @ b.T) / np.where(lengths, lengths, 1)


#: Function that returns the flip probabilities, by the name of the translation.
TRANSLATIONS: dict[str, Callable[[Bits, Means, Means], Means]] = {
    "flip": flip_probability,
    "threshold": step_probability,
}
