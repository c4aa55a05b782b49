# SPDX-License-Identifier: MIT
"""The long regression: the random benches again, with as many seeds as the command line says."""

import hypothesis
import pytest
from hypothesis import is_hypothesis_test


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat a test on drawn parameters with seeds 1, 2, ... besides the draws of every day."""
    seeds = metafunc.config.getoption("--seeds")
    if seeds and is_hypothesis_test(metafunc.function):
        again = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, seeds + 1)]
        metafunc.parametrize("draws_seed", [None, *again], indirect=True)


@pytest.fixture(autouse=True)
def draws_seed(request: pytest.FixtureRequest) -> None:
    """Seed of what Hypothesis draws; None leaves the same draws as every day."""
    seed = getattr(request, "param", None)
    if seed is not None:
        hypothesis.seed(seed)(request.function)
