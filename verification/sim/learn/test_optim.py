# SPDX-License-Identifier: MIT
import numpy as np
import pytest

from sim.learn.optim import Adam, Plateau, Sgd


def test_sgd_follows_the_heavy_ball_recurrence() -> None:
    weights = [np.array([1.0], np.float32)]
    sgd = Sgd(momentum=0.5)
    gradient = [np.array([2.0], np.float32)]
    sgd.step(weights, gradient, rate=0.1)
    assert weights[0][0] == pytest.approx(1 - 0.1 * 2)
    sgd.step(weights, gradient, rate=0.1)
    assert weights[0][0] == pytest.approx(0.8 - 0.1 * (0.5 * 2 + 2))


def test_adam_equals_the_textbook_recurrence() -> None:
    rng = np.random.default_rng(3)
    start = rng.normal(size=(4, 5)).astype(np.float32)
    weights = [start.copy()]
    adam = Adam()
    w, m, v = start.astype(np.float64), np.zeros((4, 5)), np.zeros((4, 5))
    for t in range(1, 30):
        g = rng.normal(size=(4, 5)).astype(np.float32)
        adam.step(weights, [g], rate=1e-2)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g.astype(np.float64) ** 2
        w -= 1e-2 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(weights[0], w, rtol=2e-4, atol=1e-6)


def test_adam_leaves_the_gradient_as_it_was() -> None:
    gradient = np.ones((2, 2), np.float32)
    Adam().step([np.zeros((2, 2), np.float32)], [gradient], rate=1.0)
    assert (gradient == 1).all()


def test_plateau_lowers_the_rate_after_patience_epochs_without_improvement() -> None:
    plateau = Plateau(rate=1.0, factor=0.5, patience=2, minimum=0.2)
    assert plateau.update(10.0)
    assert plateau.update(5.0)
    assert plateau.update(5.0)
    assert plateau.rate == 1.0
    assert plateau.update(5.0)
    assert plateau.rate == 0.5


def test_plateau_takes_a_relative_fall_below_the_threshold_for_none() -> None:
    plateau = Plateau(rate=1.0, factor=0.5, patience=1, minimum=0.2, threshold=0.1)
    plateau.update(10.0)
    plateau.update(9.5)
    assert plateau.rate == 0.5


def test_plateau_ends_the_training_below_the_floor() -> None:
    plateau = Plateau(rate=1.0, factor=0.1, patience=1, minimum=0.05)
    assert plateau.update(1.0)
    assert plateau.update(1.0)  # rate 0.1
    assert not plateau.update(1.0)  # rate 0.01, below the floor
