# SPDX-License-Identifier: MIT
"""Dense layer against integer matrix products, and what its arrays must be."""

from typing import Any

import numpy as np
import pytest

from golden.dense import Dense
from golden.params import DenseParams

PLAIN = DenseParams(inputs=5, outputs=3)
FOLDED = DenseParams(inputs=5, outputs=3, thresholds=True)
WEIGHTS = np.zeros((3, 5), np.uint8)
THETA = np.zeros(3, np.int32)
POLARITY = np.ones(3, np.uint8)


def signs(bits):
    return 2 * bits.astype(int) - 1


@pytest.mark.parametrize("inputs", [1, 64, 65, 200])
def test_plain_layer_is_the_sign_of_an_integer_product(inputs):
    rng = np.random.default_rng(inputs)
    x = rng.integers(0, 2, (4, 3, inputs), np.uint8)
    w = rng.integers(0, 2, (11, inputs), np.uint8)
    layer = Dense(DenseParams(inputs=inputs, outputs=11), w)
    assert np.array_equal(layer.dots(x), signs(x) @ signs(w).T)
    assert np.array_equal(layer.forward(x), signs(x) @ signs(w).T >= 0)


def test_thresholds_0_and_polarities_1_change_nothing():
    rng = np.random.default_rng(2)
    x, w = rng.integers(0, 2, (50, 5), np.uint8), rng.integers(0, 2, (3, 5), np.uint8)
    assert np.array_equal(Dense(FOLDED, w, THETA, POLARITY).forward(x), Dense(PLAIN, w).forward(x))


def test_thresholds_out_of_reach_fix_the_output():
    x = np.random.default_rng(3).integers(0, 2, (9, 5), np.uint8)
    far = np.array([6, -5, -(2**31)])
    layer = Dense(FOLDED, WEIGHTS, far, np.array([1, 1, 0], np.uint8))
    assert (layer.forward(x) == [0, 1, 0]).all()


@pytest.mark.parametrize(
    ("params", "arrays", "kind", "message"),
    [
        (PLAIN, (WEIGHTS.astype(bool),), TypeError, "Weights must be a uint8 array, not bool"),
        (PLAIN, ([[0]],), TypeError, "Weights must be a uint8 array, not list"),
        (
            PLAIN,
            (WEIGHTS.T,),
            ValueError,
            r"Weights must have the shape \(3, 5\), not \(5, 3\)",
        ),
        (
            PLAIN,
            (WEIGHTS[np.newaxis],),
            ValueError,
            r"Weights must have the shape \(3, 5\), not \(1, 3, 5\)",
        ),
        (PLAIN, (WEIGHTS + np.uint8(2),), ValueError, "Weights must be 0 or 1, not 2"),
        (
            PLAIN,
            (WEIGHTS, THETA),
            ValueError,
            "Thresholds must be left out of a layer without thresholds",
        ),
        (
            PLAIN,
            (WEIGHTS, None, POLARITY),
            ValueError,
            "Polarities must be left out of a layer without thresholds",
        ),
        (
            FOLDED,
            (WEIGHTS,),
            ValueError,
            "Thresholds must be given for a layer with thresholds, not left out",
        ),
        (
            FOLDED,
            (WEIGHTS, THETA),
            ValueError,
            "Polarities must be given for a layer with thresholds, not left out",
        ),
        (
            FOLDED,
            (WEIGHTS, THETA * 0.5, POLARITY),
            TypeError,
            "Thresholds must be an integer array, not float64",
        ),
        (
            FOLDED,
            (WEIGHTS, [0, 0, 0], POLARITY),
            TypeError,
            "Thresholds must be an integer array, not list",
        ),
        (
            FOLDED,
            (WEIGHTS, THETA[:2], POLARITY),
            ValueError,
            r"Thresholds must have the shape \(3,\), not \(2,\)",
        ),
        (
            FOLDED,
            (WEIGHTS, np.array([0, 2**31, 0]), POLARITY),
            ValueError,
            "Thresholds must be in -2147483648..2147483647, not 2147483648",
        ),
        (
            FOLDED,
            (WEIGHTS, THETA, POLARITY[:2]),
            ValueError,
            r"Polarities must have the shape \(3,\), not \(2,\)",
        ),
        (
            FOLDED,
            (WEIGHTS, THETA, POLARITY * np.uint8(3)),
            ValueError,
            "Polarities must be 0 or 1, not 3",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(params, arrays, kind, message):
    with pytest.raises(kind, match=message):
        Dense(params, *arrays)


def test_inputs_that_do_not_fit_are_refused():
    layer: Any = Dense(PLAIN, WEIGHTS)
    with pytest.raises(
        ValueError, match=r"Dense inputs must have the shape \(..., 5\), not \(4,\)"
    ):
        layer.forward(np.zeros(4, np.uint8))
    with pytest.raises(TypeError, match="Dense inputs must be a uint8 array, not int64"):
        layer.forward(np.zeros(5, np.int64))
    with pytest.raises(ValueError, match="Dense inputs must be 0 or 1, not 7"):
        layer.forward(np.full(5, 7, np.uint8))
