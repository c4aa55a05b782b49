# SPDX-License-Identifier: MIT
"""The cluster of the tests, the study that it works on, and what a serial run makes of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verification.sim.commands.cluster.command import STUDY, finished, report_of, run
from verification.sim.dask_cluster import LoopbackCluster, running_cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackCluster]:
    """A scheduler and one worker, which stay; a test starts what else it needs."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        running.worker()
        yield running


@pytest.fixture
def workers(cluster: LoopbackCluster) -> Iterator[LoopbackCluster]:
    """The same cluster; workers that a test starts in addition end with it."""
    yield cluster
    cluster.end_workers(but=1)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[LoopbackCluster]:
    """A scheduler of a test's own, without workers."""
    with running_cluster(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "study.yaml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="session")
def serial(study: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("serial") / "out"
    assert finished(run(study, out, "--jobs", 1))[0] == 0
    return report_of(out)
