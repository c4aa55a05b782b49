# SPDX-License-Identifier: MIT
"""Options and settings that every test shares."""

from pathlib import Path

import pytest
from hypothesis import settings

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
def data_dir(request: pytest.FixtureRequest) -> Path:
    """Folder of the real data sets, or a skip that says how to give one."""
    folder = request.config.getoption("--data-dir")
    if folder is None:
        pytest.skip("real data sets absent: give their folder with --data-dir")
    return folder
