# SPDX-License-Identifier: MIT
"""Embedding binarizers against their definitions, counted by hand and feature by feature."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.data.binarizers import ROUNDINGS, HeavisideBinarizer, ThermometerBinarizer

GRID = np.linspace(0, 1, 100_001)[:, np.newaxis]  # uniform features

features = arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.floats(-2, 3)
)


def rms_error(p: int, rounding: str) -> float:
    code = ThermometerBinarizer(p, rounding)
    return float(np.sqrt(np.mean((code.decode(code.encode(GRID)) - GRID) ** 2)))


def test_two_features_of_four_bits_by_hand() -> None:
    code = ThermometerBinarizer(4)
    bits = code.encode([[0.3, 0.9]])
    assert bits.dtype == np.uint8
    assert bits.tolist() == [[1, 0, 0, 0, 1, 1, 1, 1]]
    assert code.decode(bits).tolist() == [[0.25, 1.0]]


@given(features, st.integers(1, 8), st.sampled_from(sorted(ROUNDINGS)))
def test_bits_are_the_comparisons_of_clipped_features(z, p, rounding) -> None:
    bits = ThermometerBinarizer(p, rounding).encode(z)
    assert bits.shape == (len(z), p * z.shape[1])
    for row, features_of_row in zip(bits, z, strict=True):
        for i, feature in enumerate(features_of_row):
            clipped = min(max(feature, 0.0), 1.0)
            for j in range(p):
                reached = {
                    "nearest": clipped * p >= j + 0.5,
                    "floor": np.floor(clipped * p) >= j + 1,
                    "centred": clipped * (p + 1) >= j + 1,
                }[rounding]
                assert row[p * i + j] == reached


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("p", range(1, 9))
def test_codes_are_runs_of_ones_that_grow_with_the_feature(p, rounding) -> None:
    code = ThermometerBinarizer(p, rounding)
    bits = code.encode(GRID).astype(int)
    assert (np.diff(bits, axis=1) <= 0).all()  # no 1 after a 0
    counts = bits.sum(axis=1)
    assert (np.diff(counts) >= 0).all()
    assert np.unique(counts).tolist() == list(range(p + 1))
    assert code.thresholds == pytest.approx([GRID[counts > j].min() for j in range(p)], abs=1e-5)


@pytest.mark.parametrize("p", range(1, 9))
def test_nearest_levels_are_half_a_step_away_at_most(p) -> None:
    code = ThermometerBinarizer(p)
    assert np.abs(code.decode(code.encode(GRID)) - GRID).max() <= 1 / (2 * p) + 1e-12


@pytest.mark.parametrize("p", range(1, 9))
@pytest.mark.parametrize(("rounding", "steps"), [("nearest", 12), ("floor", 3)])
def test_error_on_uniform_features_is_that_of_the_integral(p, rounding, steps) -> None:
    # E[e^2] of e uniform in -1/2p..1/2p is 1/(12 p^2), and in -1/p..0 it is 1/(3 p^2).
    assert rms_error(p, rounding) == pytest.approx(1 / (p * np.sqrt(steps)), rel=1e-3)


def test_levels_of_centred_thresholds_have_equal_shares() -> None:
    counts = ThermometerBinarizer(3, "centred").encode(GRID).sum(axis=1)
    assert np.bincount(counts) / len(GRID) == pytest.approx(0.25, abs=1e-4)


@pytest.mark.parametrize("p", [1, 2, 4])
def test_equation_5_as_printed_is_no_thermometer_and_is_not_used(p) -> None:
    clipped = np.clip(GRID, 0, 1)
    printed = np.concatenate([j * np.floor(clipped * p) >= 1 for j in range(p)], axis=1)
    # Its bit 0 is constant, and all others say the same: whether z >= 1/p.
    assert not printed[:, 0].any()
    assert (printed[:, 1:] == (clipped * p >= 1)).all()
    assert len(np.unique(printed, axis=0)) == min(p, 2)
    for rounding in ROUNDINGS:
        used = ThermometerBinarizer(p, rounding).encode(GRID)
        assert len(np.unique(used, axis=0)) == p + 1
        assert (used != printed).any()


def test_single_precision_is_compared_in_single_precision() -> None:
    z = np.array([[0.7]], np.float32)  # 0.699999988, whose fivefold rounds to 3.5
    assert ThermometerBinarizer(5).encode(z).tolist() == [[1, 1, 1, 1, 0]]
    assert ThermometerBinarizer(5).encode(z.astype(float)).tolist() == [[1, 1, 1, 0, 0]]


def test_heaviside_bits_are_signs_of_projections() -> None:
    weights = np.array([[1, 0], [0, -1], [1, 1], [2, -1]], np.float32)
    binarizer = HeavisideBinarizer(weights, np.array([0, 0, -3, 0.5], np.float32))
    #            1*1,      -1*2,   1+2-3 = 0,  2-2+0.5
    assert binarizer.encode([[1, 2]]).tolist() == [[1, 0, 1, 1]]
    assert binarizer.encode(np.zeros((3, 5, 2))).shape == (3, 5, 4)


def test_wrong_arguments_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="Bits a feature p must be"):
        ThermometerBinarizer(0)
    with pytest.raises(ValueError, match="Rounding must be one of nearest, floor, centred"):
        ThermometerBinarizer(1, "up")
    with pytest.raises(ValueError, match="Features must be numbers, not nan"):
        ThermometerBinarizer(1).encode([[np.nan]])
    with pytest.raises(ValueError, match="Bits must be a multiple of 4, the bits a feature, not 6"):
        ThermometerBinarizer(4).decode(np.zeros((1, 6)))
    with pytest.raises(ValueError, match=r"Weights must have the shape \(f D, D\), not \(3, 2\)"):
        HeavisideBinarizer(np.zeros((3, 2)), np.zeros(3))
    with pytest.raises(ValueError, match=r"Biases must be 4, not of shape \(3,\)"):
        HeavisideBinarizer(np.zeros((4, 2)), np.zeros(3))
