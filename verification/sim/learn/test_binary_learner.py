# SPDX-License-Identifier: MIT
"""The binary head as a learner: what of it survives a task, in how many bits."""

import numpy as np
import pytest

from golden.bits import pack
from sim.learn.binary_learner import BinaryHeadLearner
from sim.learn.sections import BinaryHeadConfig

FEATURES, CLASSES, HIDDEN = 64, 4, 8
WEIGHTS = HIDDEN * FEATURES + 2 * CLASSES * (HIDDEN + FEATURES)


def learner(**config: object) -> BinaryHeadLearner:
    head = BinaryHeadConfig.model_validate({"hidden": HIDDEN, "epochs": 2, "batch": 32, **config})
    rng = np.random.default_rng(0)
    return BinaryHeadLearner(head, features=FEATURES, classes=CLASSES, rng=rng)


def trained(**config: object) -> BinaryHeadLearner:
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(CLASSES), 40)
    bits = rng.random((160, FEATURES)) < rng.random((CLASSES, FEATURES))[labels]
    head = learner(**config)
    head.train(
        (pack(bits.astype(np.uint8)), labels),
        draw=lambda count: (np.zeros((count, 1), np.uint64), np.zeros(count, np.int64)),
        n_past=0,
        seen=CLASSES,
        shuffle=np.random.default_rng(2),
        report=lambda epoch, accuracy: None,
    )
    return head


@pytest.mark.parametrize(
    ("config", "bits"),
    [
        ({}, 32),
        ({"latent_width": 16}, 16),
        ({"latent_width": 4}, 4),
        ({"latent_width": 1}, 1),
        ({"start": "reset"}, 1),
    ],
)
def test_bits_of_a_head_are_those_that_its_next_task_starts_from(
    config: dict[str, object], bits: int
) -> None:
    assert learner(**config).ledger().bits_full == bits * WEIGHTS


@pytest.mark.parametrize("width", [1, 4, 8, 16])
def test_a_task_ends_in_weights_of_few_bits_and_in_the_same_head(width: int) -> None:
    real, few = trained(), trained(latent_width=width)
    for x, y in zip(real.trainer.weights, few.trainer.weights, strict=True):
        np.testing.assert_array_equal(x >= 0, y >= 0)
        assert len(np.unique(y)) <= 2**width
        assert not np.array_equal(x, y)
