# SPDX-License-Identifier: MIT
"""The interface of every source of replayed samples.

To add a source, add a module to `sim.replay` that defines a subclass of `ReplaySource`. The package
finds it, the configuration accepts its `Params`, the study runs it and the report lists it. Outside
engram, such a module is a package with an entry point, or a file that ``--plugin`` names.
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
from sim.learn.faults import FaultSettings
from sim.learn.sections import Balance, StudyHead
from sim.measure.ledger import Ledger
from sim.work.cache import NO_CACHE, Cache
from sim.work.errors import UserError

__all__ = ["Classifier", "ReplayContext", "ReplayParams", "ReplaySource", "SourceParams"]

Packed = NDArray[np.uint64]
Labels = NDArray[np.int64]


class SourceParams(Section):
    """Parameters that all sources have; a source adds its own in a subclass."""


class ReplayParams(SourceParams):
    """Parameters of every source that draws samples.

    Attributes
    ----------
    requests : {"round_robin", "uniform", "weighted"}
        How past classes are requested (contract, 6); ``weighted`` requests each class in proportion
        to its training samples.
    logit_gain : float or null
        Gain of the head that learns from the drawn samples, in place of the study's
        `HeadConfig.logit_gain`. Few samples of the past need a softer softmax than many.
    rate : int or null
        k of the integer head that learns from them, in place of the study's
        `IntegerHeadConfig.rate`.
    latent_width : int or null
        Bits of the binary head's latent weights between tasks, in place of the study's
        `HeadConfig.latent_width`.
    q_b_non_binary : int or null
        Bits of the integer head's weights, in place of the study's
        `IntegerHeadConfig.q_b_non_binary`.
    head_start : {"warm", "reset"} or null
        In place of the study's `HeadConfig.start` or `IntegerHeadConfig.start`.
    balance : float or null
        In place of the study's `HeadConfig.balance` or `IntegerHeadConfig.balance`.
    head_faults : FaultSettings or null
        In place of the study's `IntegerHeadConfig.faults`.
    head : head of a study or null
        The whole head that learns from the drawn samples, in place of the study's.
    """

    requests: Literal["round_robin", "uniform", "weighted"] = "round_robin"
    logit_gain: float | None = Field(default=None, gt=0, le=1e6)
    rate: int | None = Field(default=None, ge=0, le=24)
    latent_width: Literal[1, 4, 8, 16] | None = None
    q_b_non_binary: Literal[8, 16, 32] | None = None
    head_start: Literal["warm", "reset"] | None = None
    balance: Balance | None = None
    head_faults: FaultSettings | None = None
    head: StudyHead | None = None


@dataclass(frozen=True, kw_only=True)
class ReplayContext:
    """Facts about the run that a source serves.

    Parameters
    ----------
    features : int
        D, bits of an embedding.
    classes : int
        Number of classes that the run learns in all.
    seed : int
        Seed of the run, and user seed of the chip's LFSRs.
    cache : Cache
        Cache of work that other runs, with other parameters, can use, too.
    """

    features: int
    classes: int
    seed: int
    cache: Cache = NO_CACHE

    def selector(self, mode: str) -> SelectorParams:
        """Return the parameters of a class selector with the run's seed."""
        return SelectorParams(mode=mode, seed=self.seed)


class ReplaySource(ABC):
    """Memory of past classes, from which samples are replayed.

    Classes are learnt in order: the first call of `learn` brings classes ``0..a-1``, the next
    ``a..b-1``. A class may come again only where `learns_again` is true. Random numbers that a chip
    would not draw from an LFSR come from a generator argument.

    Parameters
    ----------
    params : SourceParams
        Parameters, of the type `Params`.
    context : ReplayContext
        Facts about the run.
    """

    name: ClassVar[str]
    #: What a sentence calls the source, whatever its parameters; `name` by default.
    called: ClassVar[str] = ""
    #: Whether the source is there for reference: it keeps everything or nothing, no chosen size.
    bound: ClassVar[bool] = False
    #: Whether it stores and replays exemplars: what other memories are compared with at equal bits.
    stores_exemplars: ClassVar[bool] = False
    Params: ClassVar[type[SourceParams]] = ReplayParams
    #: Whether `draw` generates new samples, which the report compares with real ones.
    generative: ClassVar[bool] = False
    #: Parameters that `title` shows.
    titled: ClassVar[tuple[str, ...]] = ()
    #: Parameters that must not exceed the number of training samples of any class.
    bounded_by_samples: ClassVar[tuple[str, ...]] = ()
    #: Whether `learn` accepts classes that it has learnt before.
    learns_again: ClassVar[bool] = False
    #: Every subclass that defines a name, by that name.
    known: ClassVar[dict[str, type["ReplaySource"]]] = {}

    def __init_subclass__(cls) -> None:
        if "name" in cls.__dict__:
            if "called" not in cls.__dict__:
                cls.called = cls.name
            other = ReplaySource.known.get(cls.name, cls)
            own, its = (f"{c.__module__}.{c.__qualname__}" for c in (cls, other))
            if own != its:
                raise UserError(f"{own} must have another name than {cls.name!r}, which {its} has")
            ReplaySource.known[cls.name] = cls

    def __init__(self, params: Any, context: ReplayContext) -> None:
        self.params = params
        self.context = context

    @property
    @abstractmethod
    def n_classes(self) -> int:
        """Past classes that `draw` can replay; 0 means that there is no replay."""

    def begin(self, exemplars: Packed, labels: Labels) -> None:  # noqa: B027
        """Receive the samples of a task before the head is trained on it.

        The samples drawn until `learn` may depend on them. Nothing of them is kept after `learn`.

        Parameters
        ----------
        exemplars, labels
            Samples and classes, as `learn` takes them.
        """

    @abstractmethod
    def learn(self, exemplars: Packed, labels: Labels, rng: np.random.Generator) -> None:
        """Learn the classes of a task after its training has ended.

        Parameters
        ----------
        exemplars : ndarray of shape (n_samples, ceil(D/64)), uint64
            Packed training samples of the task.
        labels : ndarray of shape (n_samples,), int64
            Class of each sample.
        rng : numpy.random.Generator
            Source of random choices.
        """

    @abstractmethod
    def draw(self, count: int, rng: np.random.Generator) -> tuple[Packed, Labels]:
        """Return the next `count` replayed samples, packed, and their classes."""

    @abstractmethod
    def ledger(self) -> Ledger:
        """Return the ledger of all bits of the past that survive between tasks."""

    def facts(self) -> dict[str, float]:
        """Return measurements of this source for the results, by name."""
        return {}

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """Return all arrays from which `load_state` restores this source bit for bit."""

    @abstractmethod
    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore the source that `state` described."""

    @classmethod
    def label(cls, params: SourceParams) -> str:
        """Return the legend of a method: its title, then all other non-default parameters."""
        failing = {"faults": "cells", "head_faults": "the head's cells"}
        given = {key: getattr(params, key, None) for key in failing}
        faults = {key: value for key, value in given.items() if isinstance(value, FaultSettings)}
        changed = _flat(params.model_dump(exclude_defaults=True, exclude=set(faults)))
        head = getattr(params, "head", None)
        if head is not None:
            changed.pop("kind", None)
        own = [f"{head.kind} head"] if head is not None else []
        extras = [*own, *(f"{k} = {v}" for k, v in changed.items() if k not in cls.titled)]
        extras += [settings.legend(failing[key]) for key, settings in faults.items()]
        return ", ".join([cls.title(params), *extras])

    @classmethod
    def title(cls, params: Any) -> str:
        """Return the name of the method with the parameters that people compare, `titled`."""
        return cls.name


class Classifier(ReplaySource):
    """Memory of past classes that classifies samples itself, so that the run trains no head.

    It learns the classes of a task before it is tested on them. If it trains a classifier beside
    its memory of the past, that has a ledger of its own, `head_ledger`, like the head of other
    methods.
    """

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Packed, Labels]:
        """Raise `NotImplementedError`, because a classifier replays no samples."""
        raise NotImplementedError(f"{self.name} classifies; it draws no samples")

    def head_ledger(self) -> Ledger:
        """Return the ledger of a trained classifier that replaces the head; empty by default."""
        return Ledger()

    @abstractmethod
    def classify(self, exemplars: Packed) -> Labels:
        """Return the class of each sample, shape (n_samples,); the lowest if scores are equal."""


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested sections as one flat mapping; each value keeps its innermost key."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat.update(_flat(value) if isinstance(value, Mapping) else {key: value})
    return flat
