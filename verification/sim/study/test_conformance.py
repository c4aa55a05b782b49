# SPDX-License-Identifier: MIT
"""Every method conforms, and a method with a planted fault does not."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from sim.measure.ledger import Ledger
from sim.replay import SOURCES, ReplaySource
from sim.replay.ncm import NearestMeanClassifier
from sim.replay.stored import LatentReplay
from sim.study import conformance
from sim.study.conformance import CHECKS, Check, NonConformance

#: Parameters where the defaults would take minutes.
QUICK: dict[str, dict[str, Any]] = {"binplay": {"samples": 20}}


#: All methods; what takes as long as all others together is for the slow tests.
NAMES = [pytest.param(n, marks=pytest.mark.slow) if n in QUICK else n for n in SOURCES]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_every_method_of_engram_conforms(name: str, check: Check) -> None:
    check(SOURCES[name], SOURCES[name].Params.model_validate(QUICK.get(name, {})))


class _Faulty(LatentReplay):
    """The method from which the planted faults derive."""


class _BadTitle(_Faulty):
    titled = ("size",)


class _ChangesInput(_Faulty):
    def learn(self, exemplars: Any, labels: Any, rng: np.random.Generator) -> None:
        super().learn(exemplars, labels, rng)
        exemplars[0] ^= np.uint64(1)


class _BitsBeyond(_Faulty):
    def draw(self, count: int, rng: np.random.Generator) -> Any:
        exemplars, labels = super().draw(count, rng)
        exemplars[:, -1] |= np.uint64(1 << 63)
        return exemplars, labels


class _LivingState(_Faulty):
    def __init__(self, params: Any, context: Any) -> None:
        super().__init__(params, context)
        self._learnt = np.zeros(1, np.int64)

    def learn(self, exemplars: Any, labels: Any, rng: np.random.Generator) -> None:
        super().learn(exemplars, labels, rng)
        self._learnt += 1

    def state(self) -> dict[str, Any]:
        return {**super().state(), "learnt": self._learnt}

    def load_state(self, state: Mapping[str, Any]) -> None:
        super().load_state(state)
        self._learnt = state["learnt"].copy()


class _OwnGenerator(_Faulty):
    calls = 0

    def draw(self, count: int, rng: np.random.Generator) -> Any:
        _OwnGenerator.calls += 1
        exemplars, labels = super().draw(count, rng)
        return np.roll(exemplars, _OwnGenerator.calls, axis=0), labels


class _NoBits(_Faulty):
    def ledger(self) -> Ledger:
        return Ledger()


class _Forgets(_Faulty):
    """It keeps in its state what it learnt, and not how far it has drawn."""

    def __init__(self, params: Any, context: Any) -> None:
        super().__init__(params, context)
        self._turns = 0

    def draw(self, count: int, rng: np.random.Generator) -> Any:
        exemplars, labels = super().draw(count, rng)
        self._turns += 1
        return exemplars, (labels + self._turns) % self.n_classes


class _Constant(NearestMeanClassifier):
    def classify(self, exemplars: Any) -> Any:
        return np.zeros(len(exemplars), np.int64)


class _Clairvoyant(NearestMeanClassifier):
    """It has seen the test samples."""

    def classify(self, exemplars: Any) -> Any:
        return np.arange(len(exemplars)) * self.n_classes // len(exemplars)


FAULTS: list[tuple[str, type[ReplaySource], str]] = [
    ("check_description", _BadTitle, "titled names size, which Params lacks"),
    ("check_learning", _ChangesInput, "changes the samples that it learns"),
    ("check_answers", _BitsBeyond, "draws rows with bits beyond the 70 features"),
    ("check_state", _LivingState, r"state\(\) that changes when it learns on"),
    ("check_repetition", _OwnGenerator, "answers otherwise the second time"),
    ("check_ledger", _NoBits, "remembers classes in no bits"),
    ("check_interruption", _Forgets, "other results if the run stops after every task"),
    ("check_honest_data", _Constant, "no better than chance, binary head"),
    ("check_nothing_to_learn", _Clairvoyant, "are not chance, random, binary head"),
]


@pytest.fixture
def planted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[ReplaySource]:
    """Return a faulty method, which has the name of its sound parent meanwhile."""
    method = request.param
    monkeypatch.setitem(ReplaySource.known, method.name, method)
    return method


@pytest.mark.parametrize(
    ("check", "planted", "said"), FAULTS, indirect=["planted"], ids=[f[0] for f in FAULTS]
)
def test_planted_fault_is_found(check: str, planted: type[ReplaySource], said: str) -> None:
    with pytest.raises(NonConformance, match=said):
        getattr(conformance, check)(planted, planted.Params())


def test_every_check_finds_a_fault() -> None:
    assert [name for name, *_ in FAULTS] == [check.__name__ for check in CHECKS]
