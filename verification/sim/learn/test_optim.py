# SPDX-License-Identifier: MIT
import numpy as np
import pytest

from sim.learn.optim import Adam, Optimizer, Plateau, Sgd


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


def test_adam_has_the_bits_of_the_formulas_on_whole_arrays() -> None:
    """The compiled pass rounds every operation as NumPy does, over the border of its chunks too."""
    rng = np.random.default_rng(5)
    size, rate, f = 5000, 3e-3, np.float32
    weights = [rng.uniform(-1, 1, (2, size)).astype(f)]
    w, m, v = weights[0].copy(), np.zeros(size, f), np.zeros(size, f)
    adam = Adam(bound=1)
    for t in range(1, 20):
        g = rng.normal(size=size).astype(f)
        adam.step(weights, [g], rate)
        m = m * f(0.9) + g * f(1 - 0.9)
        v = v * f(0.999) + (g * g) * f(1 - 0.999)
        correction = np.sqrt(1 - 0.999**t)
        step = m / (np.sqrt(v) + f(1e-8 * correction)) * f(rate * correction / (1 - 0.9**t))
        w = np.clip(w - step, -1, 1)
        np.testing.assert_array_equal(weights[0], w)


@pytest.mark.parametrize("optimizer", [Adam(bound=1), Sgd(bound=1)])
def test_weights_stay_within_the_bound_and_nan_stays_nan(optimizer: Optimizer) -> None:
    weights = [np.array([5, -5, np.nan, 0.5], np.float32)]
    optimizer.step(weights, [np.zeros(4, np.float32)], rate=0.1)
    np.testing.assert_array_equal(weights[0], np.array([1, -1, np.nan, 0.5], np.float32))


@pytest.mark.parametrize("make", [Adam, Sgd])
def test_weights_along_a_first_axis_share_a_gradient(make: type[Optimizer]) -> None:
    gradient = np.array([[1, -2, 3]], np.float32)
    both, alone = [np.zeros((2, 1, 3), np.float32)], [np.zeros((1, 3), np.float32)]
    shared, own = make(), make()
    for _ in range(3):
        shared.step(both, [gradient], rate=0.1)
        own.step(alone, [gradient], rate=0.1)
    np.testing.assert_array_equal(both[0], np.stack([alone[0]] * 2))


def test_adam_refuses_weights_that_are_not_contiguous() -> None:
    weights = [np.zeros((4, 6), np.float32)[:, ::2]]
    with pytest.raises(ValueError, match="Weights must be contiguous arrays"):
        Adam().step(weights, [np.zeros((4, 3), np.float32)], rate=0.1)


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
