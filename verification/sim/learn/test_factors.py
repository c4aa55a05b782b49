# SPDX-License-Identifier: MIT
"""Fit of factors: correlations against NumPy's, and models that are known or found by others."""

import numpy as np
import pytest
from scipy.fft import dct
from sklearn.decomposition import PCA

from golden.correlated import deviation
from sim.learn.factors import code_loadings, fit_loadings, within_correlation


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal_bits(loadings: np.ndarray, n: int, thresholds: np.ndarray, seed: int = 1) -> np.ndarray:
    """Return bits of a factor model whose own noise has the variance 1."""
    generator = rng(seed)
    factors = generator.standard_normal((n, loadings.shape[1]))
    values = factors @ loadings.T + generator.standard_normal((n, len(loadings)))
    return (values < thresholds).astype(np.uint8)


def covariance(loadings: np.ndarray) -> np.ndarray:
    """Return the correlation of the normal variables of a model."""
    common = loadings @ loadings.T
    spread = np.sqrt(1 + np.diag(common))
    return common / np.outer(spread, spread)


def off_diagonal(matrix: np.ndarray) -> np.ndarray:
    return matrix[np.triu_indices(len(matrix), 1)]


def test_correlation_within_classes_is_that_of_centred_bits() -> None:
    labels = np.array([0] * 40 + [2] * 25 + [5])
    bits = (rng().random((66, 9)) < (labels[:, None] + 2) / 9).astype(np.uint8)
    bits[:, 4] = labels == 2  # it changes between classes alone
    centred = bits.astype(float)
    for label in (0, 2, 5):
        centred[labels == label] -= centred[labels == label].mean(axis=0)
    changing = [j for j in range(9) if j != 4]
    norms = np.linalg.norm(centred[:, changing], axis=0)
    expected = centred[:, changing].T @ centred[:, changing] / np.outer(norms, norms)
    found = within_correlation(bits, labels)
    np.testing.assert_allclose(found[np.ix_(changing, changing)], expected, atol=1e-12)
    assert not found[4].any()
    assert not found[:, 4].any()


@pytest.mark.parametrize("rank", [1, 3])
def test_a_known_covariance_is_recovered_from_samples(rank: int) -> None:
    known = rng(2).uniform(0.3, 0.8, (40, rank)) * rng(3).choice([-1, 1], (40, rank))
    bits = normal_bits(known, 40_000, np.zeros(40))
    labels = rng(4).integers(0, 3, len(bits))
    fitted = fit_loadings(within_correlation(bits, labels), rank)
    wanted, found = off_diagonal(covariance(known)), off_diagonal(covariance(fitted))
    assert np.abs(wanted).max() > 0.3
    assert np.abs(found - wanted).max() < 0.06
    assert np.corrcoef(wanted, found)[0, 1] > 0.99


def test_it_is_the_probabilistic_model_of_scikit_learn() -> None:
    """The covariance of PCA there is that of Tipping and Bishop: loadings and one variance."""
    bits = normal_bits(rng(5).normal(0, 0.3, (12, 4)), 500, np.zeros(12))
    correlation = within_correlation(bits, np.zeros(500, np.int64))
    normal = np.sin(np.pi / 2 * correlation)
    values, vectors = np.linalg.eigh(normal)
    samples = np.sqrt(12) * (vectors * np.sqrt(values)).T  # their covariance is `normal`
    samples = np.concatenate([samples, -samples])  # and their mean is 0
    peer = PCA(3).fit(samples).get_covariance() * (len(samples) - 1) / len(samples)
    found = fit_loadings(correlation, 3)
    # Back to units of the whole variance, which is 1 before the loadings are shortened.
    common = found / np.sqrt(1 + np.square(found).sum(axis=1))[:, None]
    assert off_diagonal(common @ common.T) == pytest.approx(off_diagonal(peer), abs=1e-9)


def test_a_bit_keeps_a_quarter_of_its_variance_to_itself() -> None:
    loadings = fit_loadings(np.full((6, 6), 0.99) + 0.01 * np.eye(6), 1)
    assert np.square(loadings).sum(axis=1) == pytest.approx(3)


def test_bits_that_never_change_and_spare_factors_have_no_loadings() -> None:
    bits = normal_bits(np.full((6, 1), 0.9), 2000, np.zeros(6))
    bits[:, 2] = 1
    loadings = fit_loadings(within_correlation(bits, np.zeros(2000, np.int64)), 9)
    assert loadings.shape == (6, 9)
    assert not loadings[2].any()
    assert loadings[[0, 1, 3, 4, 5], :4].any(axis=0).all()
    assert not loadings[:, 4:].any()
    constant = within_correlation(np.ones((5, 3), np.uint8), np.zeros(5, np.int64))
    assert fit_loadings(constant, 2).tolist() == [[0, 0]] * 3
    assert fit_loadings(np.eye(3), 0).shape == (3, 0)


def test_a_cosine_transform_makes_factors_alike_in_size() -> None:
    known = rng(6).normal(0, 0.5, (60, 8)) * np.array([1, 0.7, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2])
    correlation = covariance(known)
    np.fill_diagonal(correlation, 1)
    loadings = fit_loadings(2 / np.pi * np.arcsin(correlation), 8)
    sizes = np.linalg.norm(loadings, axis=0)
    assert sizes.max() < 2 * sizes.min()
    # Undone by SciPy's transform, they are eigenvectors again: orthogonal before the own noise.
    common = loadings / np.sqrt(1 + np.square(loadings).sum(axis=1))[:, None]
    leading = np.array(dct(common, axis=1, norm="ortho"))
    products = leading.T @ leading
    assert np.abs(products - np.diag(np.diag(products))).max() < 1e-9
    assert np.diag(products).max() > 5 * np.diag(products).min()


@pytest.mark.parametrize("width", [2, 3, 4, 8])
@pytest.mark.parametrize(("factor_width", "code_width"), [(1, 4), (4, 8), (3, 12)])
def test_codes_have_the_least_squared_error_of_all_exponents(
    width: int, factor_width: int, code_width: int
) -> None:
    loadings = rng(width).normal(0, 0.2, (30, 5))
    codes, exponent = code_loadings(loadings, width, factor_width, code_width)
    highest = 2 ** (width - 1) - 1
    assert codes.dtype == np.int8
    assert np.abs(codes).max() <= highest
    errors = []
    for e in range(16):
        step = 2**e * np.sqrt(factor_width) / deviation(code_width)
        levels = step * np.arange(-highest, highest + 1)
        errors.append(np.square(np.abs(loadings[..., None] - levels).min(axis=-1)).sum())
    step = 2**exponent * np.sqrt(factor_width) / deviation(code_width)
    error = np.square(codes * step - loadings).sum()
    assert error == pytest.approx(min(errors))
    assert exponent == np.argmin(errors)


def test_codes_of_no_loadings_are_none() -> None:
    codes, exponent = code_loadings(np.zeros((4, 0)), 4, 1, 8)
    assert (codes.shape, exponent) == ((4, 0), 0)
    assert not code_loadings(np.zeros((4, 2)), 4, 1, 8)[0].any()
