# SPDX-License-Identifier: MIT
"""Sampler with factors: a third implementation, exact probabilities, and exact correlations."""

import math
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from golden.bernoulli import probability
from golden.bits import pack, unpack
from golden.correlated import CorrelatedSampler, deviation, noise_table, threshold_table
from golden.kernels.correlated import draw
from golden.params import CorrelatedSamplerParams, PrototypesParams, SamplerParams
from golden.sampler import Sampler
from verification.golden.test_sampler import Stream


@cache
def tables(q):
    """Section 13: S, N by word, and T by i; quantiles from SciPy."""
    s = 2 ** max(q, 8)
    noise = [math.floor(s * ndtri((2 * r + 1) / 2 ** (q + 1))) for r in range(2**q)]
    marks = {i: math.floor(s * ndtri(i / 2**q) + 0.5) for i in range(2 ** (q - 1) + 1, 2**q)}
    return s, noise, marks


def scale(row, exponent, n_f, s):
    variance = n_f * 4**exponent * sum(a * a for a in row)
    return min(255, math.floor(64 * math.sqrt(1 + variance / s**2) + 0.5) - 64)


def threshold(m, g, q, marks):
    """Section 13: u of a code that is neither never nor always 1."""
    i = m + (m >> (q - 1))
    if i < 2 ** (q - 1):
        return -((marks[2**q - i] * (64 + g) + 32) // 64)
    return (marks[i] * (64 + g) + 32) // 64


def exemplars(classes, basis, requests, *, q, lanes, n_f, m_draws, seed):
    """Sections 5, 6 and 13: yield lists of D bits; `basis` is an array of rows, and an exponent."""
    (loadings, exponent), (s, noise, marks) = basis, tables(q)
    rows = loadings.tolist()
    planes = [Stream(i, seed) for i in range(q)]
    component, factor = Stream(17, seed), Stream(22, seed)
    scales = [scale(row, exponent, n_f, s) for row in rows]
    for c in requests:
        codes, thresholds = classes[c]
        r = component.use(16)
        prototype = codes[sum(1 for t in thresholds if t <= r)]
        factors = [[2 * factor.use(n_f).bit_count() - n_f for _ in rows[0]] for _ in range(m_draws)]
        out = [[] for _ in range(m_draws)]
        for b in range(-(-len(prototype) // lanes)):
            for m in range(m_draws):
                words = [p.use(lanes) for p in planes]
                for lane in range(min(lanes, len(prototype) - b * lanes)):
                    j = b * lanes + lane
                    u = sum((w >> lane) % 2 << (q - 1 - p) for p, w in enumerate(words))
                    total = 2**exponent * sum(
                        a * f for a, f in zip(rows[j], factors[m], strict=True)
                    )
                    code = prototype[j]
                    if code in (0, 2**q - 1):
                        out[m].append(int(code > 0))
                    else:
                        limit = threshold(code, scales[j], q, marks)
                        out[m].append(int(total + noise[u] < limit))
        yield from out


def sampler(classes, features, basis=None, *, q, lanes=64, **params):
    block = CorrelatedSampler(
        CorrelatedSamplerParams(
            prototypes=PrototypesParams(
                features=features,
                code_width=q,
                lanes=lanes,
                components=100,
                classes=len(classes),
                class_components=100,
            ),
            **params,
        )
    )
    for codes, thresholds in classes:
        assert block.prototypes.append(codes, thresholds)
    if basis is not None:
        block.load_basis(*basis)
    return block


def random_classes(rng, features, q, n=3, most=3):
    classes = []
    for _ in range(n):
        k = int(rng.integers(1, most + 1))
        codes = rng.integers(0, 2**q, (k, features)).tolist()
        classes.append((codes, sorted(rng.integers(0, 65536, k - 1).tolist())))
    return classes


def random_basis(rng, features, rank, width):
    highest = 2 ** (width - 1) - 1
    return rng.integers(-highest, highest + 1, (features, rank)), int(rng.integers(0, 7))


@settings(max_examples=40)
@given(
    features=st.integers(1, 100),
    lanes=st.sampled_from([1, 5, 16, 31, 32, 33, 64]),
    q=st.integers(1, 10) | st.just(16),
    rank=st.integers(0, 9),
    width=st.integers(2, 8),
    n_f=st.integers(1, 16),
    m_draws=st.integers(1, 3),
    seed=st.integers(0, 2**64 - 1),
)
def test_a_third_implementation_matches_every_bit(
    features, lanes, q, rank, width, n_f, m_draws, seed
):
    rng = np.random.default_rng(seed)
    classes = random_classes(rng, features, q)
    basis = random_basis(rng, features, rank, width)
    requests = rng.integers(0, 3, 4).tolist()
    options = {"q": q, "lanes": lanes, "seed": seed}
    expected = exemplars(classes, basis, requests, n_f=n_f, m_draws=m_draws, **options)
    expected = pack(np.array(list(expected), np.uint8))
    params = {"rank": rank, "loading_width": width, "factor_width": n_f}
    block = sampler(classes, features, basis, draws_per_read=m_draws, **params, **options)
    bits, labels = block.draw(requests)
    np.testing.assert_array_equal(bits, expected)
    np.testing.assert_array_equal(labels, np.repeat(requests, m_draws))
    # A loaded seed gives the draws of hardware with that seed.
    other = sampler(classes, features, basis, draws_per_read=m_draws, **params, q=q, lanes=lanes)
    other.reseed(seed)
    np.testing.assert_array_equal(other.draw(requests)[0], expected)


@settings(max_examples=25)
@given(q=st.integers(1, 16), features=st.integers(1, 150), seed=st.integers(0, 2**64 - 1))
def test_without_loadings_every_bit_is_that_of_the_sampler_of_independent_bits(q, features, seed):
    rng = np.random.default_rng(seed)
    classes = random_classes(rng, features, q)
    block = sampler(classes, features, q=q, lanes=16, draws_per_read=2, seed=seed)
    plain = Sampler(SamplerParams(prototypes=block.params.prototypes, draws_per_read=2, seed=seed))
    for codes, thresholds in classes:
        plain.prototypes.append(codes, thresholds)
    requests = rng.integers(0, 3, 5)
    np.testing.assert_array_equal(block.draw(requests)[0], plain.draw(requests)[0])
    assert (block.rows_read, block.planes_read) == (plain.rows_read, plain.planes_read)
    assert block.factor_lfsr.ticks == 5 * 2 * block.params.rank


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


def test_factors_are_used_with_the_first_beat_of_a_request():
    block = sampler([([[5] * 40], [])], 40, q=4, lanes=16, rank=3, draws_per_read=2)
    beats = block.beats(0)
    assert block.factor_lfsr.ticks == 0
    for _ in range(6):
        next(beats)
        assert block.factor_lfsr.ticks == 6
    assert block.rows_read == 3
    assert block.planes_read == 6 * 4


def test_lanes_past_the_features_are_0():
    rng = np.random.default_rng(0)
    block = sampler(
        random_classes(rng, 40, 4), 40, random_basis(rng, 40, 8, 4), q=4, lanes=16, rank=8
    )
    assert not block.loadings[40:].any()
    assert all(beat.bits < 2**8 for beat in list(block.beats(1))[2:])


def test_state_goes_round_bit_for_bit():
    rng = np.random.default_rng(1)
    classes = random_classes(rng, 70, 5)
    options = {"q": 5, "lanes": 16, "rank": 4, "factor_width": 2, "selection": "uniform", "seed": 3}
    block = sampler(classes, 70, random_basis(rng, 70, 4, 4), **options)
    block.draw(block.selector.request(3, 4))
    copy = CorrelatedSampler(block.params)
    copy.load_state(block.state_dict())
    labels = block.selector.request(3, 6)
    np.testing.assert_array_equal(copy.selector.request(3, 6), labels)
    np.testing.assert_array_equal(copy.draw(labels)[0], block.draw(labels)[0])
    assert copy.state_dict().keys() == block.state_dict().keys()
    for key, value in block.state_dict().items():
        np.testing.assert_array_equal(copy.state_dict()[key], value)


@pytest.mark.parametrize(
    ("loadings", "shift", "error", "message"),
    [
        ([[1, 2]], -1, ValueError, r"Shift e must be an integer in 0..15, not -1"),
        ([[1, 2]], 16, ValueError, r"Shift e must be an integer in 0..15, not 16"),
        ([[1.0, 2.0]], 0, TypeError, r"Loadings must be integers in -127..127, not float64"),
        ([[1, -128]], 0, ValueError, r"Loadings must be integers in -127..127, not -128"),
        ([[2**63, 2**63]], 0, ValueError, rf"Loadings must be integers in -127..127, not {2**63}"),
        ([[1]], 0, ValueError, r"Loadings must have the shape \(1, 2\), not \(1, 1\)"),
    ],
)
def test_a_basis_that_cannot_be_is_refused_and_changes_nothing(loadings, shift, error, message):
    params = {"rank": 2, "loading_width": 8, "factor_width": 16}
    block = sampler([([[1]], [])], 1, ([[3, -4]], 2), q=2, **params)
    with pytest.raises(error, match=message):
        block.load_basis(np.array(loadings), shift)
    assert block.loadings[0].tolist() == [3, -4]
    assert block.shift == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rank": -1}, r"Factors R must be an integer in 0..256, not -1"),
        ({"rank": 257}, r"Factors R must be an integer in 0..256, not 257"),
        ({"loading_width": 1}, r"Loading width q_a must be an integer in 2..8, not 1"),
        ({"loading_width": 9}, r"Loading width q_a must be an integer in 2..8, not 9"),
        ({"factor_width": 0}, r"Factor width n_f must be an integer in 1..16, not 0"),
        ({"factor_width": 17}, r"Factor width n_f must be an integer in 1..16, not 17"),
        ({"mode": "serial"}, r"Sampler mode with factors must be parallel, not 'serial'"),
        ({"draws_per_read": 0}, r"Draws per read M must be an integer >= 1, not 0"),
    ],
)
def test_parameters_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        CorrelatedSamplerParams(prototypes=PrototypesParams(features=8, code_width=4), **change)
