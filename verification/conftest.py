# SPDX-License-Identifier: MIT
"""Options and settings that every test shares."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from sim import datasets
from sim.datasets import ImageSet
from sim.errors import UserError

# The same examples on every machine, and no deadline on a busy one.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--data-dir",
        type=Path,
        default=None,
        help="folder of the MNIST and CIFAR archives; tests on real data skip without it",
    )


@pytest.fixture
def load_real(request: pytest.FixtureRequest) -> Callable[[str], ImageSet]:
    """Loader of real data sets by name; one that is absent skips the test and says why."""

    def load(name: str) -> ImageSet:
        folder = request.config.getoption("--data-dir")
        if folder is None:
            pytest.skip(f"{name} is absent: give the folder of its archive with --data-dir")
        try:
            return datasets.load(name, folder)
        except UserError as error:
            if "published at" in str(error):
                pytest.skip(str(error))
            raise

    return load
