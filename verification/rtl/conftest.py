# SPDX-License-Identifier: MIT
"""What all benches have: seeds of the long regression, and no hardware of a block that was changed.

To compile a block takes longer than its bench. So blocks alone run in Verilog among the slow tests,
and every day on Amaranth's simulator; the machine, the core and the chip run in Verilog every day.

The long regression runs the random benches again, with as many seeds as the command line says.
"""

from collections.abc import Iterator

import hypothesis
import pytest
from hypothesis import is_hypothesis_test

from verification.rtl.simulators import forget

#: Benches that run in Verilog every day.
EVERY_DAY = {
    "test_chip", "test_core", "test_counts_network", "test_failing", "test_foreign", "test_network",
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the benches of single blocks in Verilog as slow."""
    for item in items:
        alone = item.path.parent.name == "rtl" and item.path.stem not in EVERY_DAY
        if alone and "_in_verilog" in item.name:
            item.add_marker(pytest.mark.slow)


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


@pytest.fixture(autouse=True)
def own_hardware(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give a test that may change a block its own hardware, and the tests after it theirs."""
    if "monkeypatch" not in request.fixturenames:
        yield
        return
    forget()
    yield
    forget()
