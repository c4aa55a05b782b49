# SPDX-License-Identifier: MIT
"""Compiled exponential and logarithm against those of extended precision."""

from typing import Any

import numpy as np
import pytest
from numba import njit

from golden.kernels.elementary import exp, log

TYPES = [np.float32, np.float64]


@njit
def exponentials(values: Any, results: Any) -> None:
    for i in range(values.size):
        results[i] = exp(values[i])


@njit
def logarithms(values: Any, results: Any) -> None:
    for i in range(values.size):
        results[i] = log(values[i])


def error(loop, reference, values):
    """Return the largest error in units in the last place."""
    results = np.empty_like(values)
    loop(values, results)
    exact = reference(values.astype(np.longdouble))
    unit = np.spacing(np.abs(exact.astype(values.dtype)))
    return float((np.abs(results - exact) / unit).max())


@pytest.mark.parametrize("real", TYPES)
def test_exponential_is_right_to_two_units_in_the_last_place(real):
    low = -86.9 if real is np.float32 else -707.9
    rng = np.random.default_rng(0)
    for values in (rng.uniform(low, 0, 50_000), rng.uniform(-1, 1, 50_000), np.linspace(0, 80)):
        assert error(exponentials, np.exp, values.astype(real)) < 2


@pytest.mark.parametrize("real", TYPES)
def test_logarithm_is_right_to_two_units_in_the_last_place(real):
    rng = np.random.default_rng(0)
    many = np.exp(rng.uniform(-80, 80, 50_000)), rng.uniform(0.5, 2, 50_000), 2.0 ** np.arange(9)
    for values in many:
        assert error(logarithms, np.log, values.astype(real)) < 2


@pytest.mark.parametrize("real", TYPES)
def test_exponential_is_exact_at_0_and_nothing_far_below(real):
    values = np.array([0, -800, -1e30, -np.inf], real)
    exponentials(values, values)
    assert values.tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("function", [exp, log])
def test_functions_of_compiled_loops_are_refused_elsewhere(function):
    with pytest.raises(TypeError, match="must be called from a compiled loop"):
        function(1.0)
