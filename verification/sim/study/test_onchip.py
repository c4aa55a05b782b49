# SPDX-License-Identifier: MIT
"""The study of what a chip learns by itself: its heads, their bits, and a run of a small size."""

import pytest

from sim.data.bank import Bank
from sim.measure import metrics
from sim.study.config import StudyConfig, load_config
from sim.study.experiment import Experiment
from sim.study.methods import Method
from verification.sim.small_study import small_bank, small_config


@pytest.fixture(scope="module")
def onchip() -> StudyConfig:
    return load_config("onchip")[0]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return small_bank(small_config(tmp_path_factory.mktemp("digits")))


def chosen(config: StudyConfig, label: str) -> Method:
    return next(m for m in config.expanded_methods() if m.label == label)


@pytest.mark.parametrize(
    ("label", "bits_a_weight"),
    [
        ("GBM K = 1, q = 8", 8),
        ("GBM K = 1, q = 8, ternary head", 8),
        ("GBM K = 1, q = 8, ternary head, width = 5, threshold = 6", 5),
    ],
)
def test_heads_on_chip_take_the_bits_that_learn(
    onchip: StudyConfig, bank: Bank, label: str, bits_a_weight: int
) -> None:
    run = Experiment(bank, onchip.head, chosen(onchip, label), seed=0)
    names = {"classifier weights", "counters"}
    kept = {entry.name: entry.bits for entry in run.learner.ledger() if entry.name in names}
    assert list(kept.values()) == [bank.n_classes * bank.features * bits_a_weight]


@pytest.mark.parametrize(
    "label",
    [
        "mixture likelihood K = 4, q = 8, fit = online",
        "low-rank discriminant R = 8, q = 8, basis of 4-bit codes",
        "GBM K = 1, q = 8",
        "GBM K = 4, q = 8, ternary head, fit = online",
        "GBM K = 1, q = 8, ternary head, width = 6, threshold = 12",
    ],
)
def test_what_a_chip_learns_by_itself_keeps_the_past(
    onchip: StudyConfig, bank: Bank, label: str
) -> None:
    run = Experiment(bank, onchip.head, chosen(onchip, label), seed=0)
    while not run.done:
        run.step(lambda progress: None)
    found = metrics.accuracy_matrix(run.predictions, bank.test_labels, bank.tasks)
    assert metrics.final(*found) > 0.7
    assert metrics.average_incremental(*found) > 0.8


def test_every_head_on_chip_chooses_its_step_by_validation(onchip: StudyConfig) -> None:
    keys: dict[str, set[str]] = {}
    for method in onchip.with_tuned(onchip.expanded_methods()):
        kind = type(method.settled(onchip.head)).__name__
        keys.setdefault(kind, set()).update(key for key, _ in method.tuned)
    assert keys == {
        "IntegerHeadConfig": {"rate"},
        "TernaryHeadConfig": {"margin"},
        "BinaryHeadConfig": set(),
    }
    assert onchip.head.model_dump()["lanes"] == 64
