# SPDX-License-Identifier: MIT
"""`BernoulliMixture` against published fits, algebra, StepMix and scikit-learn's own checks."""

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_array, issparse
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from sim.learn import em, em_runs
from sim.learn.em_data import Binary
from sim.learn.em_starts import initial_means
from sim.learn.mixture import BernoulliMixture

# Carcinoma: seven raters A..G, 118 slides (Agresti, Categorical Data Analysis, 2nd ed., 2002).
CARCINOMA = """
0000000:34  0000100:2   0100000:6   0100001:1   0100100:4
0100101:5   1000000:2   1010101:1   1100000:2   1100001:1
1100100:2   1100101:7   1100111:1   1101001:1   1101101:2
1101111:3   1110101:13  1110111:5   1111101:10  1111111:16
"""
ENTRIES = [entry.split(":") for entry in CARCINOMA.split()]
PATTERNS = np.array([[int(bit) for bit in pattern] for pattern, _ in ENTRIES])
COUNTS = np.array([int(count) for _, count in ENTRIES])
SLIDES = np.repeat(PATTERNS, COUNTS, axis=0)


def synthetic(seed: int, n_samples: int, n_features: int, n_components: int):
    rng = np.random.default_rng(seed)
    means = rng.uniform(0.05, 0.95, (n_components, n_features))
    component = rng.integers(n_components, size=n_samples)
    return (rng.random((n_samples, n_features)) < means[component]).astype(np.uint8), means


def brute_log_joint(X, weights, means):
    """Return log(pi_k p_k(x_i)) by the definition, of shape (n_samples, n_components)."""
    rows = []
    for x in X:
        row = []
        for weight, mean in zip(weights, means, strict=True):
            likelihood = np.prod([m if bit else 1 - m for bit, m in zip(x, mean, strict=True)])
            row.append(np.log(weight * likelihood))
        rows.append(row)
    return np.array(rows)


# ---- published fits ----


def test_carcinoma_table_has_its_published_margins():
    assert COUNTS.sum() == 118
    assert (COUNTS @ PATTERNS).tolist() == [66, 79, 45, 32, 71, 25, 66]


@pytest.mark.parametrize(
    ("n_components", "likelihood", "aic", "bic"),
    [
        (1, -524.4648, 1062.93, 1082.324),
        (2, -317.2568, 664.5137, 706.0739),
        (3, -293.705, 633.41, 697.1357),
        (4, -289.2858, 640.5717, 726.4629),
    ],
)
def test_carcinoma_fits_reach_the_published_maxima(n_components, likelihood, aic, bic):
    mixture = BernoulliMixture(
        n_components,
        pi="trainable",
        init="uniform",
        n_init=20,
        warmup_iter=200,
        max_iter=20_000,
        tol=1e-13,
        random_state=0,
    ).fit(SLIDES)
    assert mixture.converged_
    assert 118 * mixture.score(SLIDES) == pytest.approx(likelihood, abs=6e-5)
    assert 118 * mixture.lower_bound_ == pytest.approx(likelihood, abs=6e-5)
    assert mixture.aic(SLIDES) == pytest.approx(aic, abs=6e-4)
    assert mixture.bic(SLIDES) == pytest.approx(bic, abs=6e-4)


@pytest.mark.parametrize(
    ("n_components", "likelihood"),
    [(1, -524.4648), (2, -317.2572), (3, -299.5471), (4, -293.0188)],
)
def test_carcinoma_fits_with_fixed_weights(n_components, likelihood):
    mixture = BernoulliMixture(
        n_components,
        init="uniform",
        n_init=20,
        warmup_iter=200,
        max_iter=20_000,
        tol=1e-13,
        random_state=0,
    ).fit(PATTERNS, sample_weight=COUNTS)
    total = 118 * mixture.score(PATTERNS, sample_weight=COUNTS)
    assert total == pytest.approx(likelihood, abs=6e-5)


# ---- algebra ----


def test_log_joint_is_the_logarithm_of_the_definition():
    X, means = synthetic(0, 40, 9, 3)
    weights = np.array([0.2, 0.5, 0.3])
    mixture = BernoulliMixture.from_parameters(weights, means)
    expected = brute_log_joint(X, weights, means)
    total = np.log(np.exp(expected).sum(axis=1))
    assert mixture.score_samples(X) == pytest.approx(total)
    assert mixture.predict_proba(X) == pytest.approx(np.exp(expected - total[:, np.newaxis]))
    assert mixture.predict(X).tolist() == expected.argmax(axis=1).tolist()
    assert mixture.score(X) == pytest.approx(total.mean())


@pytest.mark.parametrize("pi", ["fixed", "trainable"])
def test_one_iteration_is_the_printed_equations(pi):
    X, _ = synthetic(1, 60, 7, 3)
    start = np.random.default_rng(2).uniform(0.2, 0.8, (3, 7))
    mixture = BernoulliMixture(3, pi=pi, means_init=start, warmup_iter=0, max_iter=1, tol=0).fit(X)
    joint = np.exp(brute_log_joint(X, np.full(3, 1 / 3), start))
    gamma = joint / joint.sum(axis=1, keepdims=True)
    assert mixture.means_ == pytest.approx((gamma.T @ X) / gamma.sum(axis=0)[:, np.newaxis])
    assert mixture.shares_ == pytest.approx(gamma.mean(axis=0))
    expected = gamma.mean(axis=0) if pi == "trainable" else np.full(3, 1 / 3)
    assert mixture.weights_ == pytest.approx(expected)


@pytest.mark.parametrize("trainable", [False, True])
def test_marginal_objective_never_falls(trainable):
    X, _ = synthetic(3, 200, 30, 5)
    data, rule = Binary(X), em.Rule(trainable, "marginal")
    law = em.Law.start(initial_means(data, 5, "random", 1.0, np.random.default_rng(0)))
    bounds = [em.expectation(data, law, rule).bound]
    for _ in range(60):
        law, bound, *_ = em_runs.run(data, law, rule, 1, None)
        bounds.append(bound)
    assert bounds[-1] > bounds[0] + 0.1
    assert np.diff(bounds).min() > -1e-12


def test_marginal_objective_is_the_expected_one_plus_the_entropy_of_the_responsibilities():
    X, _ = synthetic(4, 80, 6, 3)
    start = np.random.default_rng(1).uniform(0.3, 0.7, (3, 6))
    fits = {
        criterion: BernoulliMixture(
            3, criterion=criterion, means_init=start, warmup_iter=0, max_iter=4, tol=0
        ).fit(X)
        for criterion in ("marginal", "expected")
    }
    gamma = fits["marginal"].predict_proba(X)
    entropy = -(gamma * np.log(gamma)).sum(axis=1).mean()
    assert entropy > 0.01
    assert fits["marginal"].lower_bound_ == pytest.approx(fits["expected"].lower_bound_ + entropy)


def test_12544_features_stay_finite():
    X, _ = synthetic(5, 60, 12_544, 4)
    mixture = BernoulliMixture(4, pi="trainable", random_state=0).fit(X)
    assert np.isfinite(mixture.lower_bound_)
    assert mixture.lower_bound_ < -1000  # exp of it is 0 in float64
    assert np.isfinite(mixture.means_).all()
    assert mixture.predict_proba(X).sum(axis=1) == pytest.approx(1)
    assert np.isfinite(mixture.score_samples(1 - X)).all()


@pytest.mark.parametrize("init", ["centroid", "random", "uniform"])
@pytest.mark.parametrize("pi", ["fixed", "trainable"])
def test_single_component_is_the_mean_of_the_data_whatever_the_start(init, pi):
    X, _ = synthetic(6, 101, 40, 3)
    mixture = BernoulliMixture(init=init, pi=pi, random_state=1).fit(X)
    assert mixture.means_[0].tolist() == X.mean(axis=0).tolist()
    assert mixture.weights_.tolist() == [1]


def test_fixed_weights_are_left_alone():
    X, _ = synthetic(7, 100, 20, 3)
    mixture = BernoulliMixture(3, random_state=0).fit(X)
    assert mixture.weights_.tolist() == [1 / 3] * 3
    assert not np.allclose(mixture.shares_, 1 / 3)


def test_order_of_the_samples_does_not_matter():
    X, _ = synthetic(8, 150, 30, 3)
    shuffled = np.random.default_rng(0).permutation(X)
    fits = [BernoulliMixture(3, random_state=0, tol=0).fit(data) for data in (X, shuffled)]
    assert fits[0].means_ == pytest.approx(fits[1].means_, abs=1e-9)


def test_duplicating_the_data_is_doubling_the_weights():
    X, _ = synthetic(9, 150, 30, 3)
    parameters = {"n_components": 3, "precision": "double", "random_state": 0}
    twice = BernoulliMixture(**parameters).fit(np.vstack([X, X]))
    doubled = BernoulliMixture(**parameters).fit(X, sample_weight=np.full(150, 2))
    assert twice.means_ == pytest.approx(doubled.means_, abs=1e-9)
    assert twice.lower_bound_ == pytest.approx(doubled.lower_bound_)


@pytest.mark.parametrize("scale", [1 / 300, 1e-300, 1e300, 0.1, 3, 2**-1060, 2.0**1000])
def test_scale_of_the_weights_changes_no_fit(scale):
    rng = np.random.default_rng(5)
    means = np.kron(np.eye(3), np.full((1, 20), 0.8)) + 0.1
    X = (rng.random((300, 60)) < np.repeat(means, 100, axis=0)).astype(np.uint8)
    plain = BernoulliMixture(3, random_state=0, max_iter=50, tol=1e-12).fit(X)
    alike = BernoulliMixture(3, random_state=0, max_iter=50, tol=1e-12)
    alike.fit(X, sample_weight=scale)
    # Components may come in another order.
    assert np.sort(alike.means_, axis=0) == pytest.approx(np.sort(plain.means_, axis=0), abs=1e-6)
    assert alike.score(X) == pytest.approx(plain.score(X), abs=1e-9)
    # Three groups are three components, whatever the scale.
    assert np.sort(np.bincount(alike.predict(X))).tolist() == [100, 100, 100]


def test_weights_whose_sum_overflows_are_refused():
    with pytest.raises(ValueError, match=r"^Sample weights must have a finite sum: divide them"):
        BernoulliMixture().fit(SLIDES, sample_weight=1e308)


def test_weights_of_single_precision_are_brought_to_a_sum_of_one():
    weights = np.full(10, 0.1, np.float32)
    mixture = BernoulliMixture.from_parameters(weights, np.full((10, 4), 0.5), random_state=0)
    assert mixture.weights_.sum() == pytest.approx(1, abs=1e-15)
    assert len(mixture.sample(50)[0]) == 50


def test_batches_keep_the_number_of_components():
    X = np.random.default_rng(0).integers(0, 2, (40, 6))
    mixture = BernoulliMixture(2, random_state=0).partial_fit(X)
    mixture.set_params(n_components=3)
    with pytest.raises(ValueError, match=r"^n_components must stay 2, as in earlier batches"):
        mixture.partial_fit(X)
    assert len(mixture.fit(X).weights_) == 3


def test_first_weights_are_those_given():
    X = np.random.default_rng(1).integers(0, 2, (60, 6))
    fixed = BernoulliMixture(2, weights_init=[0.25, 0.75], random_state=0).fit(X)
    assert fixed.weights_.tolist() == [0.25, 0.75]
    means = [[0.2] * 6, [0.7] * 6]
    given = {"weights_init": [0.25, 0.75], "means_init": means, "pi": "trainable"}
    learnt = BernoulliMixture(2, max_iter=1, warmup_iter=0, tol=0, precision="double", **given)
    learnt.fit(X)
    law = em.Law(np.array([0.25, 0.75]), np.array(means), np.array([0.25, 0.75]))
    joint = brute_log_joint(X, law.weights, law.means)
    shares = np.exp(joint) / np.exp(joint).sum(axis=1, keepdims=True)
    assert learnt.weights_ == pytest.approx(shares.mean(axis=0), abs=1e-9)
    with pytest.raises(
        ValueError, match=r"^weights_init must be 2, one for every component, not of shape"
    ):
        BernoulliMixture(2, weights_init=[1]).fit(X)


@pytest.mark.parametrize("kind", [csr_array, csc_matrix])
def test_sparse_data_are_converted(kind):
    X = np.random.default_rng(2).integers(0, 2, (50, 9))
    dense, sparse = (BernoulliMixture(2, random_state=0).fit(data) for data in (X, kind(X)))
    assert dense.means_.tobytes() == sparse.means_.tobytes()
    assert sparse.predict(kind(X)).tolist() == dense.predict(X).tolist()
    with pytest.raises(ValueError, match=r"^X must be binary, 0 or 1, not 2$"):
        sparse.fit(kind(2 * X))


def test_sample_of_weight_zero_is_no_sample():
    X, _ = synthetic(10, 100, 30, 2)
    weights = np.r_[np.ones(70), np.zeros(30)]
    weighted = BernoulliMixture(2, random_state=0).fit(X, sample_weight=weights)
    without = BernoulliMixture(2, random_state=0).fit(X[:70])
    assert weighted.means_ == pytest.approx(without.means_, abs=1e-9)


def test_weighted_patterns_are_their_slides():
    parameters = {"n_components": 3, "pi": "trainable", "precision": "double", "random_state": 4}
    weighted = BernoulliMixture(**parameters).fit(PATTERNS, sample_weight=COUNTS)
    repeated = BernoulliMixture(**parameters).fit(SLIDES)
    assert weighted.means_ == pytest.approx(repeated.means_, abs=1e-9)
    assert weighted.aic(PATTERNS, COUNTS) == pytest.approx(repeated.aic(SLIDES))
    assert weighted.bic(PATTERNS, COUNTS) == pytest.approx(repeated.bic(SLIDES))


# ---- the rule that stops, the warm-up, components without data ----


def objectives(X, start, n_iter):
    """Return the objective after 0, 1, .. n_iter iterations."""
    return [
        BernoulliMixture(2, means_init=start, warmup_iter=0, max_iter=n, tol=0).fit(X).lower_bound_
        for n in range(n_iter + 1)
    ]


def test_fit_stops_at_the_first_small_relative_change():
    X, _ = synthetic(11, 200, 20, 2)
    start = np.random.default_rng(3).uniform(0.4, 0.6, (2, 20))
    bounds = np.array(objectives(X, start, 15))
    changes = np.abs(np.diff(bounds) / bounds[1:])
    first = int(np.flatnonzero(changes <= 1e-3)[0]) + 1
    fit = BernoulliMixture(2, means_init=start, warmup_iter=0, max_iter=15, tol=1e-3).fit(X)
    assert 1 < first < 15
    assert (fit.n_iter_, fit.converged_) == (first, True)


@pytest.mark.parametrize(("count_warmup", "n_iter"), [(False, 10), (True, 10)])
def test_warmup_is_counted_only_where_asked_for(count_warmup, n_iter):
    X, _ = synthetic(12, 200, 20, 4)
    start = np.random.default_rng(3).uniform(0.4, 0.6, (4, 20))
    parameters = {"n_components": 4, "means_init": start, "tol": 1e-15}
    fit = BernoulliMixture(**parameters, count_warmup=count_warmup, warmup_iter=3).fit(X)
    total = n_iter if count_warmup else n_iter + 3
    plain = BernoulliMixture(**parameters, warmup_iter=0, max_iter=total).fit(X)
    assert fit.n_iter_ == n_iter
    assert fit.means_.tolist() == plain.means_.tolist()


def test_best_of_several_starts_is_kept():
    X, _ = synthetic(13, 200, 20, 4)
    rng = np.random.default_rng(5)
    data, rule = Binary(X), em.Rule(False, "marginal", "single")
    singles = []
    for _ in range(8):
        law = em.Law.start(initial_means(data, 4, "random", 1.0, rng))
        singles.append(em_runs.run(data, law, rule, 3, None)[1])
    kept = BernoulliMixture(
        4, init="random", n_init=8, warmup_iter=3, max_iter=0, random_state=5
    ).fit(X)
    assert np.ptp(singles) > 0
    assert kept.lower_bound_ == max(singles)


def test_component_without_data_keeps_its_mean_and_is_reported():
    X = np.ones((50, 400), np.uint8)
    start = np.array([np.full(400, 0.9), np.full(400, 0.001)])
    mixture = BernoulliMixture(2, pi="trainable", means_init=start).fit(X)
    assert mixture.empty_components_.tolist() == [1]
    assert mixture.means_[1].tolist() == start[1].tolist()
    assert mixture.weights_.tolist() == [1, 0]
    assert np.isfinite(mixture.score(X))
    assert set(mixture.sample(100, random_state=0)[1].tolist()) == {0}


def test_centroid_start_scatters_around_the_mean_by_the_deviation_of_each_feature():
    X, _ = synthetic(14, 400, 200, 1)
    data = Binary(X)
    means = initial_means(data, 500, "centroid", 0.1, np.random.default_rng(0))
    m = X.mean(axis=0)
    inside = (m > 0.3) & (m < 0.7)  # far from the clip
    scores = (means - m)[:, inside] / np.sqrt(m * (1 - m))[inside]
    assert abs(scores.mean()) < 1e-3
    assert scores.std() == pytest.approx(0.1, rel=0.02)
    clipped = initial_means(data, 50, "centroid", 5.0, np.random.default_rng(0))
    assert clipped.min() == pytest.approx(1 / 800)
    assert clipped.max() == pytest.approx(1 - 1 / 800)


@pytest.mark.parametrize(("init", "low", "high"), [("random", 0.25, 0.75), ("uniform", 0, 1)])
def test_uniform_starts_fill_their_range(init, low, high):
    means = initial_means(Binary(SLIDES), 2000, init, 1.0, np.random.default_rng(0))
    assert low <= means.min() < low + 0.01 * (high - low)
    assert high - 0.01 * (high - low) < means.max() <= high


# ---- reproducibility ----


def test_same_seed_gives_the_same_bits_on_any_number_of_threads():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    X, _ = synthetic(15, 300, 200, 4)
    fits = []
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(threads):
            fits.append(BernoulliMixture(4, pi="trainable", random_state=3).fit(X))
    other = BernoulliMixture(4, pi="trainable", random_state=4).fit(X)
    assert fits[0].means_.tobytes() == fits[1].means_.tobytes()
    assert fits[0].weights_.tobytes() == fits[1].weights_.tobytes()
    assert fits[0].means_.tobytes() != other.means_.tobytes()


# ---- online EM ----


def test_partial_fit_comes_to_the_batch_solution():
    rng = np.random.default_rng(16)
    truth = np.where(rng.random((3, 24)) < 0.5, 0.15, 0.85)
    weights = np.array([0.5, 0.3, 0.2])
    X, _ = BernoulliMixture.from_parameters(weights, truth).sample(20_000, random_state=1)
    start = np.clip(truth + rng.normal(0, 0.2, truth.shape), 0.05, 0.95)
    parameters = {"n_components": 3, "pi": "trainable", "means_init": start}
    batch = BernoulliMixture(**parameters, max_iter=200, tol=1e-12).fit(X)
    online = BernoulliMixture(**parameters, step_decay=0.7)
    for part in np.array_split(X, 200):
        online.partial_fit(part)
    assert online.n_batches_ == 200
    assert online.means_ == pytest.approx(batch.means_, abs=0.06)
    assert online.weights_ == pytest.approx(batch.weights_, abs=0.04)
    assert online.score(X) == pytest.approx(batch.score(X), rel=2e-3)


def test_partial_fit_with_steps_of_one_over_t_is_a_running_mean():
    X, _ = synthetic(17, 120, 10, 2)
    online = BernoulliMixture(step_decay=1.0)
    for part in np.split(X, 6):
        online.partial_fit(part)
    assert online.means_[0] == pytest.approx(X.mean(axis=0), abs=1e-14)


def test_partial_fit_takes_the_step_of_its_batch():
    X, _ = synthetic(18, 80, 8, 2)
    first = BernoulliMixture(2, pi="trainable", random_state=0, step_decay=0.6).fit(X[:40])
    s0, s1 = first.shares_, first.shares_[:, np.newaxis] * first.means_
    gamma = first.predict_proba(X[40:])
    step = 2**-0.6
    s0 = (1 - step) * s0 + step * gamma.mean(axis=0)
    s1 = (1 - step) * s1 + step * gamma.T @ X[40:] / 40
    first.partial_fit(X[40:])
    assert first.weights_ == pytest.approx(s0)
    assert first.means_ == pytest.approx(s1 / s0[:, np.newaxis])


# ---- samples ----


def test_samples_have_the_moments_of_the_mixture():
    weights, means = np.array([0.7, 0.3]), np.array([[0.0, 0.2, 1.0, 0.5], [1.0, 0.9, 1.0, 0.1]])
    X, y = BernoulliMixture.from_parameters(weights, means).sample(40_000, random_state=0)
    assert (X.dtype, X.shape, y.shape) == (np.uint8, (40_000, 4), (40_000,))
    assert np.bincount(y) / 40_000 == pytest.approx(weights, abs=0.01)
    for k in (0, 1):
        assert X[y == k].mean(axis=0) == pytest.approx(means[k], abs=0.015)
    covariance = np.cov(X.T, ddof=0)
    centred = means - weights @ means
    expected = centred.T @ (weights[:, np.newaxis] * centred)
    np.fill_diagonal(expected, (weights @ means) * (1 - weights @ means))
    assert covariance == pytest.approx(expected, abs=0.015)


# ---- peers and conventions ----


def test_stepmix_agrees_on_every_probability_and_on_the_course_of_em():
    stepmix = pytest.importorskip("stepmix.stepmix")
    X, means = synthetic(19, 300, 40, 3)
    means[0, :3], means[1, :3] = 0, 1  # both clip at 1e-15, inside the logarithm
    weights = np.array([0.2, 0.3, 0.5])
    peer = stepmix.StepMix(n_components=3, measurement="binary", progress_bar=0).fit(X)

    def set_peer(weights, means):
        given = {"weights": weights, "measurement": {"pis": means}}
        peer.set_parameters(peer.get_parameters() | given)

    set_peer(weights, means)
    ours = BernoulliMixture.from_parameters(weights, means)
    assert ours.score(X) == pytest.approx(peer.score(X), rel=1e-12)
    assert ours.predict_proba(X) == pytest.approx(peer.predict_proba(X), abs=1e-9)
    law, rule, data = em.Law(weights, means, weights), em.Rule(True, "marginal"), Binary(X)
    for _ in range(5):
        gamma = peer.predict_proba(X)
        set_peer(gamma.mean(axis=0), (gamma.T @ X) / gamma.sum(axis=0)[:, np.newaxis])
        law, bound, *_ = em_runs.run(data, law, rule, 1, None)
        assert bound == pytest.approx(peer.score(X), rel=1e-10)


class Thresholded(BernoulliMixture):
    """The mixture behind a threshold, so that checks on real-valued data reach it."""

    def _bits(self, X, reset=False):
        if not reset:
            check_is_fitted(self)
        data: Any = X
        array: Any = validate_data(self, data, accept_sparse="csr", reset=reset)
        return np.greater(array.toarray() if issparse(array) else array, 0).astype(np.uint8)


# The check asks for the tags of a classifier wherever there is predict_proba.
CHECKS_OF_CLASSIFIERS = dict.fromkeys(
    ("check_estimator_sparse_array", "check_estimator_sparse_matrix"),
    "reads a tag that only classifiers have; test_sparse_data_are_converted has what it asks",
)


@parametrize_with_checks(
    [Thresholded(random_state=0), Thresholded(3, pi="trainable", random_state=0)],
    expected_failed_checks=lambda _: CHECKS_OF_CLASSIFIERS,
)
def test_scikit_learn_accepts_the_estimator(estimator, check):
    check(estimator)


REAL_VALUED = "feeds real-valued data, which the mixture refuses; passed behind a threshold above"
REFUSED_CHECKS = dict.fromkeys(
    (
        "check_all_zero_sample_weights_error",
        "check_dict_unchanged",
        "check_dont_overwrite_parameters",
        "check_dtype_object",
        "check_estimator_sparse_array",
        "check_estimator_sparse_matrix",
        "check_estimator_sparse_tag",
        "check_estimators_dtypes",
        "check_estimators_fit_returns_self",
        "check_estimators_nan_inf",
        "check_estimators_overwrite_params",
        "check_estimators_pickle",
        "check_f_contiguous_array_estimator",
        "check_fit2d_1feature",
        "check_fit2d_1sample",
        "check_fit2d_predict1d",
        "check_fit_check_is_fitted",
        "check_fit_idempotent",
        "check_fit_score_takes_y",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
        "check_n_features_in",
        "check_n_features_in_after_fitting",
        "check_pipeline_consistency",
        "check_positive_only_tag_during_fit",
        "check_readonly_memmap_input",
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
        "check_sample_weights_list",
        "check_sample_weights_not_an_array",
        "check_sample_weights_not_overwritten",
        "check_sample_weights_pandas_series",
        "check_sample_weights_shape",
    ),
    REAL_VALUED,
)


@parametrize_with_checks(
    [BernoulliMixture(random_state=0)], expected_failed_checks=lambda _: REFUSED_CHECKS
)
def test_scikit_learn_accepts_the_estimator_on_binary_data(estimator, check):
    check(estimator)


# ---- messages ----


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n_components": 0}, ValueError, r"^n_components must be an integer >= 1, not 0$"),
        ({"n_components": 2.0}, TypeError, r"^n_components must be an integer >= 1, not 2\.0$"),
        ({"max_iter": -1}, ValueError, r"^max_iter must be an integer >= 0, not -1$"),
        ({"n_init": 0}, ValueError, r"^n_init must be an integer >= 1, not 0$"),
        ({"warmup_iter": -2}, ValueError, r"^warmup_iter must be an integer >= 0, not -2$"),
        (
            {"init": "zeros"},
            ValueError,
            r"^init must be one of centroid, random, uniform, not 'zeros'$",
        ),
        ({"pi": "free"}, ValueError, r"^pi must be one of fixed, trainable, not 'free'$"),
        (
            {"criterion": "aic"},
            ValueError,
            r"^criterion must be one of marginal, expected, not 'aic'$",
        ),
        (
            {"precision": "half"},
            ValueError,
            r"^precision must be one of auto, single, double, not 'half'$",
        ),
        ({"count_warmup": 1}, TypeError, r"^count_warmup must be true or false, not 1$"),
        ({"init_scale": -1.0}, ValueError, r"^init_scale must be a number >= 0, not -1\.0$"),
        ({"tol": -1e-3}, ValueError, r"^tol must be a number >= 0, not -0\.001$"),
        ({"tol": float("nan")}, ValueError, r"^tol must be a number >= 0, not nan$"),
        ({"tol": "small"}, TypeError, r"^tol must be a number >= 0, not 'small'$"),
        (
            {"step_decay": 0.5},
            ValueError,
            r"^step_decay must be a number > 0\.5 and <= 1, not 0\.5$",
        ),
        (
            {"means_init": [[0.5] * 6]},
            ValueError,
            r"^means_init must be of shape \(1, 7\), not \(1, 6\)$",
        ),
        ({"means_init": [[1.5] * 7]}, ValueError, r"^means_init must be in 0\.\.1, not 1\.5$"),
        (
            {"means_init": [0.5] * 7},
            ValueError,
            r"^means_init must be a table, a row a component, not of shape \(7,\)$",
        ),
        (
            {"means_init": [["a"] * 7]},
            TypeError,
            r"^means_init must be real numbers, not <U1$",
        ),
    ],
)
def test_wrong_parameter_is_named_when_fitting(parameters, error, message):
    mixture = BernoulliMixture(**parameters)
    with pytest.raises(error, match=message):
        mixture.fit(SLIDES)
    with pytest.raises(error, match=message):
        mixture.partial_fit(SLIDES)


@pytest.mark.parametrize("value", [2, -1, 0.5])
def test_data_that_are_not_binary_are_refused(value):
    X = SLIDES.astype(type(value))
    X[3, 2] = value
    with pytest.raises(ValueError, match=rf"^X must be binary, 0 or 1, not {value}$"):
        BernoulliMixture().fit(X)
    with pytest.raises(ValueError, match=rf"^X must be binary, 0 or 1, not {value}$"):
        BernoulliMixture().fit(SLIDES).score(X)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 2.0], r"^Sample weights must be 118, not of shape \(2,\)$"),
        ([-1.0] + [1.0] * 117, r"^Sample weights must be finite and >= 0, not -1\.0$"),
        ([np.inf] * 118, r"^Sample weights must be finite and >= 0, not inf$"),
        ([0.0] * 118, r"^Sample weights must have a positive sum, not zero$"),
    ],
)
def test_wrong_sample_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        BernoulliMixture().fit(SLIDES, sample_weight=weights)


def test_wrong_parameters_of_a_given_mixture_are_refused():
    with pytest.raises(
        ValueError, match=r"^Weights must be 2, one for every component, not of shape \(1"
    ):
        BernoulliMixture.from_parameters([1.0], [[0.5], [0.5]])
    with pytest.raises(ValueError, match=r"^Weights must be >= 0 and add up to 1, not \[0\.5, 0"):
        BernoulliMixture.from_parameters([0.5, 0.6], [[0.5], [0.5]])
    with pytest.raises(ValueError, match=r"^Means must be in 0\.\.1, not -0\.1$"):
        BernoulliMixture.from_parameters([1.0], [[-0.1]])
    with pytest.raises(ValueError, match=r"^n_samples must be an integer >= 1, not 0$"):
        BernoulliMixture.from_parameters([1.0], [[0.5]]).sample(0)
