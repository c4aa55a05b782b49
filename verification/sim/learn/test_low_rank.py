# SPDX-License-Identifier: MIT
"""Inverse covariances in integers, against dense inverses and against plain Python integers."""

from typing import Any

import numpy as np
import pytest

from sim.learn.low_rank import (
    LowRankMetric,
    class_correlations,
    leading_directions,
    within_class_covariance,
)

FEATURES = 9
WIDTHS: dict[str, Any] = {"code_width": 4, "basis_width": 8, "factor_width": 16}


def spiked(*spikes: float) -> np.ndarray:
    """Covariance with variance 1 in all directions but some, which are drawn at random."""
    square = np.random.default_rng(0).normal(size=(FEATURES, FEATURES))
    directions = np.linalg.qr(square).Q[: len(spikes)]
    return np.eye(FEATURES) + (directions.T * (np.array(spikes) - 1)) @ directions


def metric_of(covariance: np.ndarray, **params: Any) -> LowRankMetric:
    return LowRankMetric.of(covariance, **{"rank": 3, "shrinkage": 0.0, **WIDTHS, **params})


def dense(metric: LowRankMetric) -> np.ndarray:
    """The matrix in Python integers, which have no largest one."""
    basis, factors = metric.basis.astype(object), metric.factors.astype(object)
    unit = np.eye(basis.shape[1], dtype=int).astype(object)
    return 2**metric.exponent * unit - (basis.T * factors) @ basis


def test_covariance_is_the_mean_product_of_deviations() -> None:
    rng = np.random.default_rng(1)
    labels = np.array([4, 7, 4, 4, 7, 9, 9, 4, 7])  # classes in any order, not from 0
    bits = (rng.random((len(labels), FEATURES)) < 0.5).astype(np.uint8)
    expected = np.zeros((FEATURES, FEATURES))
    for x, label in zip(bits, labels, strict=True):
        deviation = x - bits[labels == label].mean(axis=0)
        expected += np.outer(deviation, deviation) / len(labels)
    np.testing.assert_allclose(within_class_covariance(bits, labels), expected, atol=1e-15)


def test_correlations_are_those_of_a_class_whose_variances_have_grown() -> None:
    bits = (np.random.default_rng(1).random((40, FEATURES)) < 0.3).astype(np.uint8)
    bits[:, 0] = 1  # a feature that never changes correlates with none
    found = class_correlations(bits, 0.5)
    covariance = np.cov(bits.T, bias=True)
    mean = np.trace(covariance) / FEATURES
    for i in range(FEATURES):
        for j in range(FEATURES):
            grown = np.sqrt((covariance[i, i] + mean / 2) * (covariance[j, j] + mean / 2))
            expected = 1 if i == j else covariance[i, j] / grown
            assert found[i, j] == pytest.approx(expected, abs=1e-14)
    assert not found[0, 1:].any()


def test_correlations_of_equal_samples_are_the_identity() -> None:
    bits = np.tile(np.arange(FEATURES) % 2, (3, 1)).astype(np.uint8)
    np.testing.assert_array_equal(class_correlations(bits, 2.0), np.eye(FEATURES))


@pytest.mark.parametrize("rank", [0, 1, 3, 9])
def test_leading_directions_and_the_rest_are_the_matrix_of_that_rank(rank: int) -> None:
    covariance = spiked(9, 5, 3)
    vectors, weights, isotropic = leading_directions(covariance, rank)
    assert vectors.shape == (rank, FEATURES)
    values = np.sort(np.linalg.eigvalsh(covariance))[::-1]
    assert isotropic == pytest.approx(values[rank:].mean() if rank < 9 else 1)
    np.testing.assert_allclose(isotropic / (1 - weights), values[:rank])
    np.testing.assert_allclose(covariance @ vectors.T, vectors.T * values[:rank], atol=1e-12)


@pytest.mark.parametrize("shrinkage", [0.0, 0.4])
@pytest.mark.parametrize(("spikes", "rank"), [((9, 5, 3), 3), ((9, 5, 3), 9), ((2,) * 9, 4)])
def test_metric_is_the_inverse_up_to_a_factor(
    spikes: tuple[float, ...], rank: int, shrinkage: float
) -> None:
    covariance = spiked(*spikes)
    mean = np.trace(covariance) / FEATURES
    shrunk = (1 - shrinkage) * covariance + shrinkage * mean * np.eye(FEATURES)
    expected = np.linalg.eigvalsh(shrunk)[0] * np.linalg.inv(shrunk)
    metric = metric_of(covariance, rank=rank, shrinkage=shrinkage)
    own = dense(metric).astype(float) / 2.0**metric.exponent
    np.testing.assert_allclose(own, expected, atol=0.01)


def test_directions_past_the_rank_share_their_mean_variance() -> None:
    metric = metric_of(np.diag([8.0, 1, 1, 1, 3, 1, 1, 1, 1]), rank=1)
    assert np.abs(metric.basis[0]).tolist() == [127, 0, 0, 0, 0, 0, 0, 0, 0]
    ratio = metric.factors[0] * 127**2 / 2**metric.exponent
    assert ratio == pytest.approx(1 - 10 / 8 / 8, abs=2**-15)


@pytest.mark.parametrize(
    ("covariance", "params"),
    [
        (spiked(9, 5), {"rank": 0}),
        (spiked(9, 5), {"shrinkage": 1.0}),
        (np.eye(FEATURES), {}),
        (np.zeros((FEATURES, FEATURES)), {"rank": 9}),
    ],
    ids=["rank 0", "shrinkage 1", "equal variances", "no variance"],
)
def test_metric_without_leading_directions_is_a_multiple_of_the_identity(
    covariance: np.ndarray, params: dict[str, Any]
) -> None:
    metric = metric_of(covariance, **params)
    assert (dense(metric) == 2**metric.exponent * np.eye(FEATURES, dtype=int)).all()


def test_direction_without_any_variance_elsewhere_is_left_out_of_distances() -> None:
    metric = metric_of(np.diag([1.0] + [0] * (FEATURES - 1)), rank=1, factor_width=8)
    across = metric.apply(np.eye(FEATURES, dtype=np.int64))[0]
    assert abs(across[0]) <= 2**metric.exponent // 100
    assert not across[1:].any()


@pytest.mark.parametrize(
    ("width", "codes"),
    [(1, {-1, 1}), (2, {-1, 0, 1}), (4, set(range(-7, 8))), (8, set(range(-127, 128)))],
)
def test_codes_of_a_direction_use_the_whole_width(width: int, codes: set[int]) -> None:
    basis = metric_of(spiked(9, 5, 3), basis_width=width).basis
    assert set(basis.ravel().tolist()) <= codes
    assert (np.abs(basis).max(axis=1) == max(codes)).all()


@pytest.mark.parametrize("rank", [0, 3, 9])
def test_applied_metric_is_the_product_with_the_dense_matrix(rank: int) -> None:
    metric = metric_of(spiked(9, 5, 3, 2), rank=rank, code_width=12)
    vectors = np.random.default_rng(2).integers(0, 2**12 + 1, (20, FEATURES))
    assert metric.apply(vectors).tolist() == (vectors.astype(object) @ dense(metric)).tolist()


@pytest.mark.parametrize("code_width", [1, 4, 12])
@pytest.mark.parametrize("basis_width", [1, 2, 8])
@pytest.mark.parametrize("factor_width", [1, 5, 16])
def test_exponent_is_the_largest_that_keeps_widths_and_sums(
    code_width: int, basis_width: int, factor_width: int
) -> None:
    covariance = spiked(90, 50, 30, 20)
    metric = metric_of(
        covariance,
        rank=4,
        code_width=code_width,
        basis_width=basis_width,
        factor_width=factor_width,
    )
    assert metric.factors.min() >= 0
    assert metric.factors.max() < 2**factor_width
    matrix = dense(metric)
    bits = (np.arange(2**FEATURES)[:, None] >> np.arange(FEATURES) & 1).astype(object)
    ends = bits[np.random.default_rng(3).integers(2**FEATURES, size=40)] * 2**code_width
    ends[0] = 2**code_width
    weights = 2 ** (code_width + 1) * (ends @ matrix)
    positive, negative = np.maximum(weights, 0).sum(axis=1), np.minimum(weights, 0).sum(axis=1)
    constants = (ends @ matrix * ends).sum(axis=1)
    largest = max(*positive, *-negative) + max(abs(constants))
    assert largest < 2**53
    # One more bit does not fit: the factors are at their width, or the bound of the sums is near.
    bound = 3 * 4**code_width * FEATURES * 2**metric.exponent
    assert 2 * metric.factors.max() >= 2**factor_width - 1 or 4 * bound >= 2**53


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"rank": 10}, r"^Rank must be an integer in 0\.\.9, not 10$"),
        ({"code_width": 13}, r"^Code width q must be an integer in 1\.\.12, not 13$"),
        ({"basis_width": 9}, r"^Basis width must be an integer in 1\.\.8, not 9$"),
        ({"factor_width": 0}, r"^Factor width must be an integer in 1\.\.16, not 0$"),
    ],
)
def test_wrong_parameters_are_refused(params: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metric_of(spiked(9), **params)
