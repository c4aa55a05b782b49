# SPDX-License-Identifier: MIT
"""Sampler with factors: its tables, and exact probabilities and correlations of its bits."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.special import ndtr

from golden.bernoulli import probability
from golden.bits import unpack
from golden.correlated import deviation, noise_table, threshold_table
from golden.kernels.correlated import draw
from verification.golden.test_correlated import sampler


@pytest.mark.parametrize("q", range(1, 17))
def test_tables_are_quantiles_of_the_normal_distribution(q):
    """SciPy's distribution function encloses every entry; no entry is near a rounding boundary."""
    s, words = deviation(q), np.arange(2**q)
    shares = (2 * words + 1) / 2 ** (q + 1)
    noise = noise_table(q)
    assert (ndtr((noise + 1e-6) / s) < shares).all()
    assert (shares < ndtr((noise + 1 - 1e-6) / s)).all()
    np.testing.assert_array_equal(noise[::-1], -1 - noise)
    marks = threshold_table(q)
    np.testing.assert_array_equal(marks[::-1], -marks)
    inner = marks[1:-1]
    exact = probability(words, q)[1:-1]
    assert (ndtr((inner - 0.5 + 1e-6) / s) < exact).all()
    assert (exact < ndtr((inner + 0.5 - 1e-6) / s)).all()
    # Noise and thresholds alternate as words and codes do.
    below = np.searchsorted(noise, marks)
    np.testing.assert_array_equal(below, words + (words >> (q - 1)))


def conditional(block, q, sums):
    """Return the probability of a 1 by lane, code and sum, counted over all random words."""
    marks, g = threshold_table(q), block.scales.astype(int)[:, None]
    limits = np.sign(marks) * ((np.abs(marks) * (64 + g) + 32) // 64)
    places = limits[:, :, None] - sums[:, None, :]
    return np.searchsorted(noise_table(q), places) / 2**q


def exact_marginals(rows, exponent, q, n_f):
    """Return the probabilities by feature and code, by exact convolution, and V / S^2."""
    block = sampler(
        [([[0] * len(rows)], [])],
        len(rows),
        (rows, exponent),
        q=q,
        rank=len(rows[0]),
        loading_width=8,
        factor_width=n_f,
    )
    chances = np.array([math.comb(n_f, k) for k in range(n_f + 1)]) / 2**n_f
    found = []
    for j, row in enumerate(rows):
        sums = {0: 1.0}
        for a in row:
            after = {}
            for total, weight in sums.items():
                for ones, chance in enumerate(chances):
                    place = total + (a * (2 * ones - n_f) << exponent)
                    after[place] = after.get(place, 0) + weight * chance
            sums = after
        table = conditional(block, q, np.array([list(sums)]).repeat(len(block.scales), 0))[j]
        found.append(table @ np.array(list(sums.values())))
    spread = n_f * 4**exponent * np.square(rows).sum(axis=1) / deviation(q) ** 2
    return np.array(found), spread


@pytest.mark.parametrize("q", [2, 3, 4, 6, 8])
@pytest.mark.parametrize("n_f", [1, 4])
def test_marginals_of_any_one_or_two_loadings_stay_within_the_stated_error(q, n_f):
    pairs = [[a, b] for a, b in product(range(0, 56, 3), (0, 1, 4, 9, 30)) if b <= a]
    found, spread = exact_marginals(pairs, 3, q, n_f)
    assert spread.max() > 2
    errors = np.abs(found - probability(np.arange(2**q), q))[spread <= 3]
    assert errors.max() <= 2.0 ** -(q + 1) + 0.08
    np.testing.assert_allclose(found[:, ::-1], 1 - found, atol=1e-12)


@pytest.mark.parametrize("q", [3, 4, 6, 8])
@pytest.mark.parametrize("n_f", [1, 4])
def test_marginals_of_many_loadings_are_nearer(q, n_f):
    rng = np.random.default_rng(q)
    rows = [[top] * 16 + [0] * 16 for top in range(1, 14, 3)]
    rows += (rng.integers(4, 6, (5, 32)) * rng.choice([-1, 1], (5, 32))).tolist()
    found, spread = exact_marginals(rows, 3 if n_f == 1 else 2, q, n_f)
    assert (16 * np.square(rows).max(axis=1) <= np.square(rows).sum(axis=1)).all()
    stated = spread <= 3
    assert stated.sum() >= 9
    errors = np.abs(found - probability(np.arange(2**q), q))[stated]
    assert errors.max() <= 2.0 ** -(q + 1) + 0.0025


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("n_f", [1, 3])
def test_draws_have_the_exact_means_and_correlations(rank, n_f):
    """All factors are enumerated; given the factors, bits are independent."""
    q, n, features = 6, 100_000, 24
    rng = np.random.default_rng(rank)
    codes = rng.integers(8, 56, (1, features))
    rows = rng.integers(-7, 8, (features, rank))
    block = sampler([(codes, [])], features, (rows, 5), q=q, rank=rank, factor_width=n_f, seed=5)
    values = range(-n_f, n_f + 1, 2)
    chances = [math.comb(n_f, k) / 2**n_f for k in range(n_f + 1)]
    factors = np.array(list(product(values, repeat=rank)))
    weights = np.array([math.prod(c) for c in product(chances, repeat=rank)])
    sums = 32 * rows @ factors.T
    padded = np.zeros((len(block.scales), len(factors)), int)
    padded[:features] = sums
    given = conditional(block, q, padded)[np.arange(features), codes[0]]
    means = given @ weights
    together = (given * weights) @ given.T
    np.fill_diagonal(together, means)
    covariance = together - np.outer(means, means)
    deviations = np.sqrt(np.diag(covariance))
    exact = covariance / np.outer(deviations, deviations)
    bits = unpack(draw(block, np.zeros(n, np.int64), threads=1)[0], features).astype(np.float64)
    assert (np.abs(bits.mean(axis=0) - means) < 5 * deviations / np.sqrt(n)).all()
    seen = np.corrcoef(bits.T)
    assert np.abs(exact - np.eye(features)).max() > 0.2
    assert np.abs(seen - exact).max() < 5 / np.sqrt(n)


def test_correlations_follow_the_law_of_signs_of_normal_variables():
    """Signs of normal variables have the correlation 2/pi asin(rho) (Sheppard); ten signs."""
    q, rank, features = 8, 10, 40
    rows = np.random.default_rng(3).integers(-7, 8, (features, rank))
    block = sampler([([[0] * features], [])], features, (rows, 4), q=q, rank=rank)
    factors = np.array(list(product((-1, 1), repeat=rank)))
    sums = np.zeros((len(block.scales), len(factors)), int)
    sums[:features] = 16 * rows @ factors.T
    given = conditional(block, q, sums)[:features, 2 ** (q - 1)]
    means = given.mean(axis=1)
    seen = (given @ given.T / len(factors) - np.outer(means, means)) / (means * (1 - means))
    common = 256 * rows @ rows.T
    own = 2**16 + np.diag(common)
    rho = common / np.sqrt(np.outer(own, own))
    pairs = np.triu_indices(features, 1)
    assert np.abs(rho[pairs]).max() > 0.3
    assert np.abs(seen - 2 / np.pi * np.arcsin(rho))[pairs].max() < 0.01
