# SPDX-License-Identifier: MIT
"""A browser for the tests of pages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verification.sim.explore.page.reader import Reader, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture
def reader(browser: Any, tmp_path: Path) -> Iterator[Reader]:
    """A reader; at the end no page may have said anything or asked for anything but itself."""
    reader = Reader(browser, tmp_path)
    yield reader
    reader.close()
    assert reader.heard == []
    page = (tmp_path / "page.html").as_uri()
    assert {url.partition("#")[0] for url in reader.requests} <= {page}
