# SPDX-License-Identifier: MIT
"""Compiled iterations against the equations of `sim.learn.em`, taken one by one."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from golden.kernels.bit_rows import ROWS
from sim.learn import em, em_runs
from sim.learn.em_data import Binary

# The compiled loop adds up in another order, and has its own exp and log; in single precision its
# log-odds and responsibilities are float32. Five iterations away from a maximum amplify both.
TOLERANCE = {"double": 1e-11, "single": 1e-4}


def fitted_by_the_equations(data, law, rule, n_iter):
    state = em.expectation(data, law, rule)
    for _ in range(n_iter):
        law = em.maximization(data, law, state.responsibilities, rule)
        state = em.expectation(data, law, rule)
    return law, state.bound


def problem(n_samples, n_features, n_components, weighted=False):
    rng = np.random.default_rng(n_samples + n_components)
    centres = rng.uniform(0.2, 0.8, (3, n_features))
    bits = (rng.random((n_samples, n_features)) < centres[rng.integers(3, size=n_samples)]) * 1
    bits[:, 0], bits[:, -1] = 0, 1  # means at both ends, beyond the clip
    weights = rng.integers(0, 4, n_samples).astype(np.float64) if weighted else None
    means = rng.uniform(0.25, 0.75, (n_components, n_features))
    return Binary(bits.astype(np.uint8), weights), em.Law.start(means)


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("criterion", ["marginal", "expected"])
@pytest.mark.parametrize("trainable", [False, True])
@pytest.mark.parametrize(
    ("shape", "weighted"),
    [
        ((5, 2, 1), False),
        ((48, 17, 3), True),
        ((130, 48, 8), False),
        ((200, 65, 19), True),
        ((2 * ROWS + 9, 11, 9), True),  # more samples than are shared out at a time
    ],
)
def test_compiled_iterations_are_the_equations(shape, weighted, trainable, criterion, precision):
    data, law = problem(*shape, weighted=weighted)
    rule, tolerance = em.Rule(trainable, criterion, precision), TOLERANCE[precision]
    for n_iter in (0, 1, 5):
        expected, bound = fitted_by_the_equations(data, law, rule, n_iter)
        ours, ours_bound, made, converged = em_runs.run(data, law, rule, n_iter, tol=None)
        assert (made, converged) == (n_iter, False)
        assert ours_bound == pytest.approx(bound, rel=tolerance, abs=tolerance)
        assert ours.means == pytest.approx(expected.means, abs=tolerance)
        assert ours.weights == pytest.approx(expected.weights, abs=tolerance)
        assert ours.shares == pytest.approx(expected.shares, abs=tolerance)


@pytest.mark.parametrize("precision", ["double", "single"])
def test_features_that_never_change_have_the_means_0_and_1_exactly(precision):
    data, law = problem(300, 100, 5)
    fitted, *_ = em_runs.run(data, law, em.Rule(True, "marginal", precision), 6, tol=None)
    assert fitted.means[:, 0].tolist() == [0] * 5
    assert fitted.means[:, -1].tolist() == [1] * 5
    assert fitted.means.max() == 1


@pytest.mark.parametrize("precision", ["double", "single"])
def test_component_out_of_reach_keeps_its_mean(precision):
    bits = np.ones((50, 400), np.uint8)
    start = np.array([np.full(400, 0.9), np.full(400, 0.001)])
    law, bound, *_ = em_runs.run(
        Binary(bits), em.Law.start(start), em.Rule(True, "expected", precision), 3, tol=None
    )
    assert law.means[1].tolist() == start[1].tolist()
    assert law.shares.tolist() == [1, 0]
    assert bound == pytest.approx(0, abs=400 * 1e-6)  # log-odds of 34.5, rounded to float32


@pytest.mark.parametrize("scale", [2.0**-200, 2.0**200])
def test_scale_of_the_sample_weights_does_not_matter(scale):
    data, law = problem(48, 17, 3, weighted=True)
    rule = em.Rule(True, "marginal", "single")
    before, *_ = em_runs.run(data, law, rule, 3, tol=None)
    assert data.weights is not None
    data.weights = data.weights * scale
    after, *_ = em_runs.run(data, law, rule, 3, tol=None)
    assert after.means.tolist() == before.means.tolist()


def test_run_stops_at_a_fixed_point():
    data, law = problem(60, 20, 1)
    assert em_runs.run(data, law, em.Rule(False, "marginal"), 50, tol=0)[2:] == (2, True)


@pytest.mark.parametrize("precision", ["double", "single"])
def test_runs_side_by_side_give_the_bits_of_one_alone(precision):
    data, law = problem(200, 65, 9)
    rule = em.Rule(True, "marginal", precision)

    def means(_: int) -> bytes:
        return em_runs.run(data, law, rule, 20, tol=None)[0].means.tobytes()

    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(means, range(8))) == {means(0)}


@pytest.mark.parametrize("criterion", ["marginal", "expected"])
@pytest.mark.parametrize("n_components", [1, 3, 8, 11])
def test_best_of_many_starts_has_the_bits_of_its_own_run(n_components, criterion):
    data, law = problem(90, 33, n_components)
    rule = em.Rule(True, criterion)
    starts = np.random.default_rng(4).uniform(0.25, 0.75, (6, n_components, 33))
    starts[4] = starts[2]  # of equal ones the first is kept
    alone = [em_runs.run(data, em.Law.start(means), rule, 4, None) for means in starts]
    expected = max(alone, key=lambda end: end[1])
    best = em_runs.Runs(data, n_components, rule).best(law, starts, 4, None)
    assert best[1:] == expected[1:]
    assert best[0].means.tobytes() == expected[0].means.tobytes()
    assert best[0].weights.tobytes() == expected[0].weights.tobytes()
