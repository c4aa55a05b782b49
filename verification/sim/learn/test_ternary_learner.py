# SPDX-License-Identifier: MIT
"""The ternary head of a study is the golden trainer on the batches of section 8, bit for bit."""

from typing import Any

import numpy as np
import pytest

from golden.ternary_trainer import TernaryTrainer
from sim.learn.batches import mixed_batches
from sim.learn.sections import TernaryHeadConfig
from sim.learn.ternary_learner import TernaryHeadLearner
from verification.sim.learn.test_integer_learner import C, D, draw, samples


def learner(**given: Any) -> TernaryHeadLearner:
    config = TernaryHeadConfig.model_validate(
        {"kind": "ternary", "batch": 16, "threshold": 8, **given}
    )
    return TernaryHeadLearner(config, features=D, classes=C)


def teach(head: TernaryHeadLearner) -> list[tuple[int, float]]:
    told: list[tuple[int, float]] = []
    epochs = head.train(
        samples(range(2, 4)),
        draw=draw,
        n_past=8,
        seen=4,
        shuffle=np.random.default_rng(6),
        report=lambda *progress: told.append(progress),
    )
    assert epochs == len(told)
    return told


def test_it_is_the_golden_trainer_on_the_same_batches() -> None:
    head, shuffle, shares = learner(), np.random.default_rng(6), []
    plain = TernaryTrainer(head.config.trainer(features=D, classes=C))
    told = teach(head)
    for _ in range(2):
        batches = list(
            mixed_batches(samples(range(2, 4)), draw=draw, n_past=8, batch=16, shuffle=shuffle)
        )
        hits = sum(plain.step(x, labels, 4) for x, labels in batches)
        shares.append(hits / (16 * len(batches)))
    assert told == [(epoch + 1, share) for epoch, share in enumerate(shares)]
    np.testing.assert_array_equal(head.state()["counters"], plain.counters)
    test, labels = samples(range(C), seed=3)
    assert (head.predict(test, 4) == labels)[labels < 4].mean() > 0.95
    assert head.predict(test, 4).max() == 3


def test_it_goes_on_from_its_state_and_forgets_at_a_reset() -> None:
    head, other = learner(), learner()
    teach(head)
    other.load_state(head.state())
    teach(head)
    teach(other)
    np.testing.assert_array_equal(head.state()["counters"], other.state()["counters"])
    assert head.state()["counters"].any()
    head.reset(np.random.default_rng(0))
    assert not head.state()["counters"].any()


@pytest.mark.parametrize(
    ("given", "bits"),
    [({}, 8), ({"width": 5}, 5), ({"width": 5, "start": "reset"}, 2)],
    ids=str,
)
def test_the_ledger_counts_what_the_next_task_needs(given: dict[str, Any], bits: int) -> None:
    assert learner(**given).ledger().bits_full == C * D * bits
    assert learner(**given).ledger().bits_paper == 0


def test_a_threshold_beyond_the_counter_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Threshold t must be an integer in 1\.\.7, not 8"):
        learner(width=4)
