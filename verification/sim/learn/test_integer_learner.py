# SPDX-License-Identifier: MIT
"""The integer head of a study is the golden trainer on the batches of section 8, bit for bit."""

from typing import Any

import numpy as np
import pytest

from golden.bernoulli import encode_counts
from golden.bits import pack, unpack
from golden.first_rows import first_rows
from golden.float_trainer import FloatTrainer
from golden.trainer import Trainer
from sim.learn.batches import Samples, mixed_batches
from sim.learn.integer_learner import IntegerHeadLearner
from sim.learn.sections import IntegerHeadConfig

D, C = 70, 6
REAL = {"q_f": "float", "q_b_non_binary": "float", "q_b_binary": "float"}


def samples(classes: range, each: int = 20, seed: int = 1) -> Samples:
    """Bits of classes with centres of their own, one in ten of them flipped."""
    centres = np.random.default_rng(9).integers(0, 2, (C, D))
    labels = np.repeat(np.array(classes), each)
    flipped = np.random.default_rng(seed).random((len(labels), D)) < 0.1
    return pack(centres[labels] ^ flipped), labels


def draw(count: int) -> Samples:
    """Return samples of classes 0 and 1."""
    exemplars, labels = samples(range(2), each=-(-count // 2), seed=2)
    return exemplars[:count], labels[:count]


def learner(**given: Any) -> IntegerHeadLearner:
    config = IntegerHeadConfig.model_validate(
        {"kind": "integer", "batch": 16, "epochs": 3, "rate": 8, **given}
    )
    rng = np.random.default_rng(4)
    return IntegerHeadLearner(config, features=D, classes=C, seed=5, rng=rng)


def teach(head: IntegerHeadLearner, n_past: int = 8) -> list[tuple[int, float]]:
    told: list[tuple[int, float]] = []
    epochs = head.train(
        samples(range(2, 4)),
        draw=draw,
        n_past=n_past,
        seen=4,
        shuffle=np.random.default_rng(6),
        report=lambda *progress: told.append(progress),
    )
    assert epochs == len(told)
    return told


@pytest.mark.parametrize(
    "given",
    [{}, {"hidden": 9}, {"q_b_non_binary": 16, "hidden": 3, "q_b_binary": 1}, REAL],
    ids=str,
)
def test_it_is_the_golden_trainer_on_the_same_batches(given: dict[str, Any]) -> None:
    head = learner(**given)
    params = head.config.trainer(features=D, classes=C, seed=5)
    latent = np.random.default_rng(4).uniform(-0.5, 0.5, (params.hidden, D))
    if params.real:
        plain: Trainer | FloatTrainer = FloatTrainer(params, latent)
    else:
        scale = 2 ** (int(params.binary_width) - 1)
        plain = Trainer(params, np.floor(latent * scale).astype(np.int32))
    told, shuffle, shares = teach(head), np.random.default_rng(6), []
    for _ in range(3):
        batches = list(
            mixed_batches(samples(range(2, 4)), draw=draw, n_past=8, batch=16, shuffle=shuffle)
        )
        hits = sum(plain.step(x, labels, np.arange(4)) for x, labels in batches)
        shares.append(hits / (16 * len(batches)))
    assert told == [(epoch + 1, share) for epoch, share in enumerate(shares)]
    for name, array in plain.state_dict().items():
        np.testing.assert_array_equal(head.state()[name], array)
    test, labels = samples(range(C), seed=3)
    for seen in (4, C):
        expected = plain.sums(test)[:, :seen].argmax(axis=1)
        np.testing.assert_array_equal(head.predict(test, seen), expected)
    assert (head.predict(test, 4) == labels)[labels < 4].mean() > 0.95


def test_it_goes_on_bit_for_bit_from_its_state() -> None:
    head, other = learner(hidden=5), learner(hidden=5)
    teach(head)
    other.load_state(head.state())
    teach(head)
    teach(other)
    for name, array in head.state().items():
        np.testing.assert_array_equal(other.state()[name], array)


def test_a_reset_forgets_all_but_the_place_of_the_stream() -> None:
    head = learner(hidden=5)
    fresh = head.state()
    teach(head)
    rounded = head.state()["trainer_lfsr"]
    head.reset(np.random.default_rng(4))
    state = head.state()
    np.testing.assert_array_equal(state["trainer_weights"], fresh["trainer_weights"])
    np.testing.assert_array_equal(state["trainer_latent"], fresh["trainer_latent"])
    np.testing.assert_array_equal(state["trainer_lfsr"], rounded)
    assert (rounded != fresh["trainer_lfsr"]).any()


@pytest.mark.parametrize(
    ("given", "bits"),
    [
        ({}, C * D * 8 + 64),
        ({"q_b_non_binary": 16, "rounding": "nearest_even"}, C * D * 16),
        ({"hidden": 9}, C * (D + 9) * 8 + 9 * D * 4 + 64),
        ({"hidden": 9, "q_b_non_binary": 16, "start": "reset"}, C * (D + 9) * 8 + 9 * D + 64),
        ({**REAL, "hidden": 2}, C * (D + 2) * 32 + 2 * D * 32),
    ],
    ids=str,
)
def test_the_ledger_counts_what_the_next_task_needs(given: dict[str, Any], bits: int) -> None:
    assert learner(**given).ledger().bits_full == bits
    assert learner(**given).ledger().bits_paper == 0


def test_new_classes_begin_at_the_log_odds_of_their_samples() -> None:
    head, plain = learner(first_rows="log_odds", epochs=1), learner(epochs=1)
    trainer, other = head._trainer, plain._trainer
    assert isinstance(trainer, Trainer)
    assert isinstance(other, Trainer)
    trainer.weights[2] = 5  # class 2 has learnt before
    other.weights[2] = 5
    exemplars, labels = samples(range(2, 4))
    counts = unpack(exemplars[labels == 3], D).sum(axis=0, dtype=np.int64)
    codes = encode_counts(counts, int((labels == 3).sum()), 8)
    other.weights[3] = first_rows(trainer.params, codes[np.newaxis], 8)[0]
    assert other.weights[3].any()
    teach(head)
    teach(plain)
    np.testing.assert_array_equal(trainer.weights, other.weights)


def test_lanes_of_a_chip_are_a_key_that_plain_heads_leave_out() -> None:
    plain, chip = learner(epochs=1), learner(epochs=1, lanes=64)
    assert [head._trainer.params.lanes for head in (plain, chip)] == [1, 64]
    assert chip.config.document()["lanes"] == 64
    assert "lanes" not in plain.config.document()
    for head in (plain, chip):
        teach(head)
    assert (chip._trainer.weights != plain._trainer.weights).any()


def test_first_rows_of_the_reference_are_real() -> None:
    head = learner(first_rows="log_odds", epochs=1, rate=24, **REAL)
    teach(head)
    assert isinstance(head._trainer, FloatTrainer)
    assert 0 < np.abs(head._trainer.weights[3]).max() < 0.2
