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


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"n_components": 9, "precision": "double", "tol": 1e-6, "max_iter": 40},
        {"n_components": 2, "pi": "trainable", "criterion": "expected", "init": "random"},
        {"n_components": 2, "init": "uniform", "count_warmup": True, "n_init": 2},
        {"n_components": 2, "pi": "trainable", "warmup_iter": 0, "max_iter": 0, "n_init": 1},
        {
            "n_components": 2,
            "pi": "trainable",
            "means_init": np.linspace(0.2, 0.8, 180).reshape(2, 90),
            "weights_init": [0.25, 0.75],
        },
    ],
)
@pytest.mark.parametrize("weights", [None, np.arange(400.0)])
@pytest.mark.parametrize("starts", [2**25, 1])
def test_every_class_is_fitted_as_a_mixture_of_its_own(parameters, weights, starts, monkeypatch):
    """One compiled call for many classes, and the steps of a single fit, give the same bits."""
    labels = np.sort(Y) // 3 + 2 * (np.sort(Y) > 3)  # of unequal sizes, and one sample alone
    labels[0] = 2
    monkeypatch.setattr("sim.learn.mixture_fit._STARTS", starts)  # all together, or one by one
    for jobs, shares in ((1, 1), (2, 1), (2, 4)):
        monkeypatch.setattr("sim.learn.mixture_classes.SHARES", shares)
        together = fit_classes(
            np.asfortranarray(X),
            labels,
            jobs=jobs,
            random_state=4,
            sample_weight=None if weights is None else weights + 1,
            **parameters,
        )
        assert list(together) == sorted(set(labels.tolist()))
        for label, mixture in together.items():
            own = labels == label
            alone = BernoulliMixture(random_state=class_seed(4, label), **parameters)
            alone.fit(X[own], sample_weight=None if weights is None else weights[own] + 1)
            assert vars(mixture).keys() == vars(alone).keys()
            for name in ("means_", "weights_", "shares_", "empty_components_"):
                assert getattr(mixture, name).tobytes() == getattr(alone, name).tobytes(), name
            for name in ("lower_bound_", "n_iter_", "converged_", "n_features_in_", "n_batches_"):
                assert getattr(mixture, name) == getattr(alone, name), name


def test_no_samples_have_no_classes():
    assert fit_classes(np.zeros((0, 8), np.uint8), np.zeros(0, int)) == {}


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
