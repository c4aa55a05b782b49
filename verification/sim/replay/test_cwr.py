# SPDX-License-Identifier: MIT
"""Latent replay with CWR*: what it keeps, how it mixes, and that it goes on bit for bit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.bits import pack
from golden.cwr import Cwr
from golden.params import CwrParams
from golden.trainer import Trainer
from sim.data.source import load_bank
from sim.replay import ReplayContext
from sim.replay.cwr import CwrClassifier, CwrClassifierParams
from sim.study.config import load_config
from sim.study.experiment import Experiment
from sim.study.summary import summarize
from sim.work.errors import UserError
from verification.sim.small_study import write_config

FEATURES, CLASSES = 40, 6
CONTEXT = ReplayContext(features=FEATURES, classes=CLASSES, seed=5)
REAL: dict[str, Any] = {"q_f": "float", "q_b_non_binary": "float", "q_b_binary": "float"}
SMALL = {"hidden": 8, "exemplars": 5, "batch": 20, "epochs": 4, "rate": 8, "binary_rate": 6}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def samples(classes: range, each: int = 25, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Bits of classes with centres of their own, one in ten of them flipped."""
    centres = rng(9).integers(0, 2, (CLASSES, FEATURES))
    labels = np.repeat(np.array(classes), each)
    return pack(centres[labels] ^ (rng(seed).random((len(labels), FEATURES)) < 0.1)), labels


def classifier(**given: Any) -> CwrClassifier:
    params = CwrClassifierParams.model_validate({**SMALL, **given})
    return CwrClassifier(params, CONTEXT)


def taught(tasks: int = 3, **given: Any) -> CwrClassifier:
    source = classifier(**given)
    for task in range(tasks):
        source.learn(*samples(range(2 * task, 2 * task + 2)), rng(task))
    return source


SETTINGS: list[dict[str, Any]] = [
    {},
    {"rounding": "nearest_even"},
    {"q_f": 32, "q_b_non_binary": 32, "q_b_binary": 16},
    {"q_b_non_binary": 8, "q_b_binary": 1, "rate": 6},
    {"hidden": 0, "average": "row"},
    {"cwr": False},
    {"count_replay": False},
    REAL,
]


@pytest.mark.parametrize("given", SETTINGS, ids=str)
def test_every_setting_learns_the_classes_and_keeps_the_past(given: dict[str, Any]) -> None:
    exemplars, labels = samples(range(CLASSES), seed=2)
    assert (taught(**given).classify(exemplars) == labels).mean() > 0.9


@pytest.mark.parametrize("cwr", [True, False])
def test_without_replay_the_rows_of_past_classes_stay_as_they_are(cwr: bool) -> None:
    source = taught(1, exemplars=0, cwr=cwr)
    before = source.state()["trainer_weights"]
    source.learn(*samples(range(2, 4)), rng(3))
    after = source.state()["trainer_weights"]
    np.testing.assert_array_equal(after[:2], before[:2])
    assert before[:2].any(axis=1).all()
    assert after[2:4].any(axis=1).all()


@pytest.mark.parametrize("given", SETTINGS, ids=str)
def test_it_goes_on_bit_for_bit_from_its_state(given: dict[str, Any]) -> None:
    source, copy = taught(2, **given), classifier(**given)
    copy.load_state(source.state())
    for each in (source, copy):
        each.learn(*samples(range(4, 6)), rng(6))
    first, second = source.state(), copy.state()
    assert first.keys() == second.keys()
    for key, value in first.items():
        np.testing.assert_array_equal(second[key], value)
        assert second[key].dtype == value.dtype
    assert copy.facts() == source.facts()
    exemplars, _ = samples(range(6), seed=3)
    np.testing.assert_array_equal(copy.classify(exemplars), source.classify(exemplars))


def test_a_state_of_nothing_learnt_is_taken_back() -> None:
    copy = classifier()
    copy.load_state(classifier().state())
    assert copy.n_classes == 0
    copy.learn(*samples(range(0, 2)), rng())
    np.testing.assert_array_equal(
        copy.state()["trainer_weights"], taught(1).state()["trainer_weights"]
    )


def test_a_new_class_gets_its_quota_and_old_ones_keep_theirs() -> None:
    state = taught(exemplars=7).state()
    assert np.bincount(state["stored_labels"]).tolist() == [7] * 6
    assert state["seen_counts"].tolist() == [25] * 6
    assert len(taught(exemplars=0).state()["stored"]) == 0


def test_classes_may_come_again_and_their_reservoirs_go_on() -> None:
    source = classifier()
    for seed in range(3):
        source.learn(*samples(range(CLASSES), each=20, seed=seed), rng(seed))
    assert source.state()["seen_counts"].tolist() == [60] * 6
    assert np.bincount(source.state()["stored_labels"]).tolist() == [5] * 6
    exemplars, labels = samples(range(CLASSES), seed=7)
    assert (source.classify(exemplars) == labels).mean() > 0.9


@pytest.mark.parametrize(
    ("batch", "ratio", "expected"),
    [(160, 0.25, (128, 32)), (128, 0.25, (102, 26)), (2, 0.001, (1, 1)), (4, 100, (1, 3))],
)
def test_a_batch_holds_a_quarter_as_many_present_samples_as_past_ones(
    batch: int, ratio: float, expected: tuple[int, int]
) -> None:
    params = CwrClassifierParams(batch=batch, replay_ratio=ratio)
    assert params.split(replayed=True) == expected
    assert params.split(replayed=False) == (0, batch)


@pytest.mark.parametrize(
    ("count_replay", "past"), [(True, [35, 35, 30, 30, 25, 25]), (False, [25] * 6)]
)
def test_cwr_counts_stored_exemplars_as_samples_of_a_task_or_not(
    count_replay: bool, past: list[int]
) -> None:
    assert taught(count_replay=count_replay).state()["cwr_past"].tolist() == past


def test_weights_at_rest_are_the_consolidated_ones() -> None:
    state = taught().state()
    np.testing.assert_array_equal(state["trainer_weights"], state["cwr_weights"])
    assert not taught(cwr=False).state()["cwr_weights"].any()


def test_a_task_without_epochs_left_is_what_golden_consolidates() -> None:
    """A rate too small to move a code: the second task consolidates what the first left."""
    source = classifier(rounding="nearest_even", rate=4)
    source.learn(*samples(range(0, 2)), rng(0))
    golden = Cwr(CwrParams(classes=CLASSES, inputs=48, width=16))
    golden.load_state(source.state())
    still = CwrClassifier(source.params.model_copy(update={"rate": 24}), CONTEXT)
    still.load_state(source.state())
    still.learn(*samples(range(2, 4)), rng(1))
    golden.consolidate(golden.begin(np.arange(4)), np.array([5, 5, 25, 25, 0, 0]))
    np.testing.assert_array_equal(still.state()["cwr_weights"], golden.weights)


def test_one_bit_binary_weights_stay_and_more_bits_move() -> None:
    assert taught(q_b_binary=1).facts() == {"flipped_weights": 0}
    assert taught(q_b_binary=4, binary_rate=0).facts()["flipped_weights"] > 0
    assert taught(hidden=0).facts() == {}


def test_every_width_starts_from_the_same_binary_weights() -> None:
    signs = [
        classifier(**{**(REAL if width == "float" else {}), "q_b_binary": width})._trainer.latent
        >= 0
        for width in (1, 4, 8, 16, "float")
    ]
    for other in signs[1:]:
        np.testing.assert_array_equal(other, signs[0])
    assert 0.4 < signs[0].mean() < 0.6
    assert isinstance(classifier()._trainer, Trainer)


def test_ledgers_count_exemplars_and_training_apart() -> None:
    source = taught(exemplars=5)
    memory = {entry.name: entry.bits for entry in source.ledger()}
    assert memory == {
        "exemplars": 5 * 6 * 40,
        "labels": 5 * 6 * 3,
        "seen counters": 6 * 16,
        "random streams": 128,
    }
    assert source.ledger().bits_paper == 1200
    training = {entry.name: entry.bits for entry in source.head_ledger()}
    assert training == {
        "classifier weights": 6 * 48 * 16,
        "binary weights": 8 * 40 * 4,
        "past counters": 6 * 32,
        "rounding stream": 64,
    }
    assert source.head_ledger().bits_paper == 0
    plain = taught(cwr=False, rounding="nearest_even", q_b_non_binary=8, q_b_binary=1)
    assert plain.head_ledger().bits_full == 6 * 48 * 8 + 8 * 40
    assert taught(exemplars=0, **REAL).ledger().bits_full == 0
    assert taught(hidden=0, cwr=False, **REAL).head_ledger().bits_full == 6 * 40 * 32


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({}, "latent replay E = 20 + CWR*, q_f = 8, q_b = 16, binary 4"),
        ({"cwr": False}, "latent replay E = 20 + SGD, q_f = 8, q_b = 16, binary 4"),
        ({"exemplars": 0, "q_b_binary": 1}, "CWR*, q_f = 8, q_b = 16, binary 1"),
        ({"exemplars": 0, "batch": 9}, "CWR*, q_f = 8, q_b = 16, binary 4, batch = 9"),
        (REAL, "latent replay E = 20 + CWR*, q_f = float, q_b = float, binary float"),
    ],
    ids=["default", "no CWR*", "no replay", "more", "float"],
)
def test_labels(given: dict[str, Any], label: str) -> None:
    assert CwrClassifier.label(CwrClassifierParams.model_validate(given)) == label


def test_widths_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Widths must be float together or not at all, not 8"):
        CwrClassifierParams(q_b_non_binary="float")


INSTANCES = """\
title: New instances
data: {name: digits, bits: 2, levels: 2}
tasks: {instances: 3}
methods:
  - {replay: cwr, exemplars: 4, hidden: 4, epochs: 2, rate: 10}
seeds: 1
"""


def test_new_instances_are_a_protocol_of_the_study(tmp_path: Path) -> None:
    config, document = load_config(str(write_config(tmp_path, INSTANCES)))
    bank = load_bank(config.data, config.tasks, document, None)
    assert bank.tasks == (range(10),) * 3
    parts = [bank.task_of_train(task) for task in range(3)]
    assert sum(len(labels) for _, labels in parts) == len(bank.train)
    assert all(set(labels.tolist()) == set(range(10)) for _, labels in parts)
    experiment = Experiment(bank, config.head, config.expanded_methods()[0], 0)
    while not experiment.done:
        experiment.step(lambda _: None)
    result = summarize(experiment)
    shares = [(guess == bank.test_labels).mean() for guess in experiment.predictions]
    assert result["accuracy_seen"] == pytest.approx(shares)
    assert result["average_incremental"] == pytest.approx(np.mean(shares))
    assert result["final"] > 0.7
    assert bank.digest != bank.in_instances(3 + 1).digest


@pytest.mark.parametrize(
    ("method", "label"),
    [
        ("{replay: latent, exemplars: 2}", "latent replay E = 2"),
        ("{replay: cwr, increment: 2}", r"latent replay E = 20 \+ CWR.*, 2 classes a task"),
    ],
    ids=["no method of repeats", "increment"],
)
def test_methods_that_need_new_classes_are_refused(tmp_path: Path, method: str, label: str) -> None:
    text = INSTANCES.replace("{replay: cwr, exemplars: 4, hidden: 4, epochs: 2, rate: 10}", method)
    message = (
        rf"methods.0 must learn classes again and have no increment where tasks.instances .*{label}"
    )
    with pytest.raises(UserError, match=message):
        load_config(str(write_config(tmp_path, text)))


def test_more_tasks_than_samples_of_a_class_are_refused(tmp_path: Path) -> None:
    config, document = load_config(str(write_config(tmp_path, INSTANCES)), ["tasks.instances=200"])
    message = r"tasks.instances: Instances must be at most the \d+ training samples of class \d"
    with pytest.raises(UserError, match=message):
        load_bank(config.data, config.tasks, document, None)
