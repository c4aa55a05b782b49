# SPDX-License-Identifier: MIT
"""Where the past comes from: the interface of every source of replayed samples.

One more source is one more module in `sim.replay` that defines a subclass of `ReplaySource`; the
package finds it, the configuration accepts its `Params`, the study runs it and the report lists it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from golden.params import SelectorParams
from sim.documents.section import Section
from sim.measure.ledger import Ledger
from sim.work.cache import NO_CACHE, Cache

__all__ = ["Classifier", "ReplayContext", "ReplayParams", "ReplaySource", "SourceParams"]

Packed = NDArray[np.uint64]
Labels = NDArray[np.int64]


class SourceParams(Section):
    """Parameters of a source, which adds its own in a subclass."""


class ReplayParams(SourceParams):
    """Parameters that every source has that draws samples.

    Attributes
    ----------
    requests : {"round_robin", "uniform", "weighted"}
        How past classes are requested (contract, 6); ``weighted`` is in proportion to the training
        samples of each class.
    logit_gain : float or null
        Gain of the head that learns from what is drawn, over the study's `HeadConfig.logit_gain`:
        few samples of the past want a softer softmax than many.
    """

    requests: Literal["round_robin", "uniform", "weighted"] = "round_robin"
    logit_gain: float | None = Field(default=None, gt=0, le=1e6)


@dataclass(frozen=True, kw_only=True)
class ReplayContext:
    """What a source is told of the run it serves.

    Parameters
    ----------
    features : int
        D, bits of an embedding.
    classes : int
        Classes the run will see in all.
    seed : int
        Seed of the run, and user seed of the chip's LFSRs.
    cache : Cache
        Where work is kept that other runs, of other parameters, need too.
    """

    features: int
    classes: int
    seed: int
    cache: Cache = NO_CACHE

    def selector(self, mode: str) -> SelectorParams:
        """Return the parameters of a class selector under the run's seed."""
        return SelectorParams(mode=mode, seed=self.seed)


class ReplaySource(ABC):
    """Memory of past classes that samples are replayed from.

    Classes are learnt in order: the first call of `learn` brings classes ``0..a-1``, the next
    ``a..b-1``; only where `learns_again` may they come again. Randomness that no chip would draw
    from an LFSR comes in as a generator.

    Parameters
    ----------
    params : SourceParams
        Of the class in `Params`.
    context : ReplayContext
    """

    name: ClassVar[str]
    Params: ClassVar[type[SourceParams]] = ReplayParams
    #: Whether `draw` makes samples that nobody has seen, worth comparing with real ones.
    generative: ClassVar[bool] = False
    #: Parameters that `title` shows.
    titled: ClassVar[tuple[str, ...]] = ()
    #: Parameters that no class may have fewer training samples than.
    bounded_by_samples: ClassVar[tuple[str, ...]] = ()
    #: Whether `learn` takes classes again that it has learnt before.
    learns_again: ClassVar[bool] = False
    #: Every subclass that has a name of its own.
    known: ClassVar[dict[str, type["ReplaySource"]]] = {}

    def __init_subclass__(cls) -> None:
        if "name" in cls.__dict__:
            ReplaySource.known[cls.name] = cls

    def __init__(self, params: Any, context: ReplayContext) -> None:
        self.params = params
        self.context = context

    @property
    @abstractmethod
    def n_classes(self) -> int:
        """Past classes that `draw` can replay; 0 means that there is no replay."""

    def begin(self, exemplars: Packed, labels: Labels) -> None:  # noqa: B027
        """See the samples of the task that the head is about to be trained on.

        What is drawn until `learn` may depend on them; nothing of them survives it.

        Parameters
        ----------
        exemplars, labels
            As of `learn`.
        """

    @abstractmethod
    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        """Take in the classes of a task that has ended.

        Parameters
        ----------
        exemplars : ndarray of shape (n_samples, ceil(D/64)), uint64
        labels : ndarray of shape (n_samples,), int64
        rng : numpy.random.Generator
        """

    @abstractmethod
    def draw(self, count: int, rng: np.random.Generator) -> tuple[Packed, Labels]:
        """Return the next `count` replayed samples, packed, and their classes."""

    @abstractmethod
    def ledger(self) -> Ledger:
        """Return every bit of the past that survives between tasks."""

    def facts(self) -> dict[str, float]:
        """Return measurements of this source that belong into the results, by name."""
        return {}

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything that `load_state` needs to go on bit for bit, as arrays."""

    @abstractmethod
    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue from where `state` was called."""

    @classmethod
    def label(cls, params: SourceParams) -> str:
        """Return the legend of a method: its title, then every other parameter not the default."""
        changed = _flat(params.model_dump(exclude_defaults=True))
        extras = [f"{k} = {v}" for k, v in changed.items() if k not in cls.titled]
        return ", ".join([cls.title(params), *extras])

    @classmethod
    def title(cls, params: Any) -> str:
        """Return the name of the method with the parameters that people compare, `titled`."""
        return cls.name


class Classifier(ReplaySource):
    """Memory of past classes that names the class of a sample itself; the run trains no head.

    It learns the classes of a task before it is tested on them. What it may train of its own beside
    its memory of the past has a ledger apart, `head_ledger`, as the head of other methods has.
    """

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Packed, Labels]:
        """Refuse: what classifies is never replayed."""
        raise NotImplementedError(f"{self.name} classifies; it draws no samples")

    def head_ledger(self) -> Ledger:
        """Return the bits of a trained classifier that stand in place of the head's; none here."""
        return Ledger()

    @abstractmethod
    def classify(self, exemplars: Packed) -> Labels:
        """Return the class of samples, shape (n_samples,); of equal scores the lowest class."""


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested sections as one mapping, each value by its own key."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat.update(_flat(value) if isinstance(value, Mapping) else {key: value})
    return flat
