# SPDX-License-Identifier: MIT
"""`fit_classes`: the same bits however many classes are fitted at a time."""

import numpy as np
import pytest

from sim.learn.mixture import BernoulliMixture
from sim.learn.mixture_classes import class_seed, fit_classes

RNG = np.random.default_rng(0)
Y = RNG.integers(7, size=400) * 3
X = (RNG.random((400, 90)) < RNG.random((19, 90))[Y]).astype(np.uint8)


@pytest.mark.parametrize("jobs", [2, 4])
def test_parallel_fits_are_the_serial_ones_bit_for_bit(jobs):
    serial = fit_classes(X, Y, n_components=3, pi="trainable")
    parallel = fit_classes(X, Y, n_components=3, pi="trainable", jobs=jobs)
    assert list(serial) == list(parallel) == list(range(0, 21, 3))
    for label, mixture in serial.items():
        assert mixture.means_.tobytes() == parallel[label].means_.tobytes()
        assert mixture.weights_.tobytes() == parallel[label].weights_.tobytes()


def test_class_is_fitted_the_same_alone():
    together = fit_classes(X, Y, n_components=2, random_state=5)
    alone = fit_classes(X[Y == 6], Y[Y == 6], n_components=2, random_state=5)
    by_hand = BernoulliMixture(2, random_state=class_seed(5, 6)).fit(X[Y == 6])
    assert together[6].means_.tobytes() == alone[6].means_.tobytes() == by_hand.means_.tobytes()


def test_seeds_of_classes_differ():
    assert len({class_seed(seed, label) for seed in range(20) for label in range(20)}) == 400


def test_sample_weights_reach_their_class():
    weights = np.arange(400.0)
    fitted = fit_classes(X, Y, sample_weight=weights)[9]
    expected = np.average(X[Y == 9], axis=0, weights=weights[Y == 9])
    assert fitted.means_[0] == pytest.approx(expected)


def test_samples_that_are_not_a_table_of_bits_are_refused():
    with pytest.raises(ValueError, match=r"^X must be binary, 0 or 1, not 2$"):
        fit_classes(X + 1, Y)
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array instead"):
        fit_classes(X[0], Y)


@pytest.mark.parametrize(
    ("labels", "parameters", "error", "message"),
    [
        (
            Y[:5],
            {},
            ValueError,
            r"^Classes must be 400, one for every sample, not of shape \(5,\)$",
        ),
        (Y / 1, {}, TypeError, r"^Classes must be integers >= 0, not float64$"),
        (Y - 1, {}, ValueError, r"^Classes must be integers >= 0, not -1$"),
        (Y, {"jobs": 0}, ValueError, r"^jobs must be an integer >= 1, not 0$"),
        (Y, {"random_state": -1}, ValueError, r"^random_state must be an integer >= 0, not -1$"),
    ],
)
def test_wrong_input_is_refused(labels, parameters, error, message):
    with pytest.raises(error, match=message):
        fit_classes(X, labels, **parameters)
