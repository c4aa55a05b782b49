# SPDX-License-Identifier: MIT
"""One exploration on a real PostgreSQL server, which the tests start themselves."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from sim.explore.search.study import SharedStudy
from sim.explore.search.trials import TrialRecord
from sim.explore.storage.storage import Storage
from sim.work.errors import UserError
from verification.sim.postgres_server import running_server
from verification.sim.small_exploration import POINTS, Sampler, SmallProblem

PATIENCE = 120.0
GRACE = 5.0
WORKERS = 4


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_server() as url:
        yield url


@pytest.fixture
def database(server: str, request: pytest.FixtureRequest) -> str:
    """Address of a database of the test's own."""
    psycopg = pytest.importorskip("psycopg")
    name = request.node.name.partition("[")[0][:60]
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server.rpartition('/')[0]}/{name}"


def small_study(url: str, version: str = "1") -> SharedStudy:
    problem = SmallProblem(sampler=Sampler("grid"), version=version)
    return SharedStudy(problem, Storage.at(url), len(POINTS), GRACE)


def begin(url: str) -> None:
    with small_study(url):
        pass


def in_mid_trial(study: SharedStudy) -> TrialRecord:
    """Return a trial that has passed its first rung and has two to go."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for record in study.records():
            if record.state == "running" and len(record.rungs) == 1 and "mixture" in record.label:
                return record
        time.sleep(0.05)
    raise TimeoutError(f"No trial was under way within {PATIENCE} s")


@pytest.mark.slow
def test_one_of_four_workers_is_killed_and_nothing_is_lost(database: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    module = "verification.sim.small_exploration"
    command = [sys.executable, "-m", module, database, "0", str(GRACE), "0.3", str(log)]
    with small_study(database) as study, ExitStack() as ending:
        workers = [ending.enter_context(subprocess.Popen(command)) for _ in range(WORKERS)]
        for worker in workers:
            ending.callback(worker.kill)
        victim = in_mid_trial(study)
        pid = int(victim.worker.split(":")[1])
        os.kill(pid, signal.SIGKILL)
        for worker in workers:
            assert worker.wait(PATIENCE) == (-signal.SIGKILL if worker.pid == pid else 0)
        records = study.records()
    assert [record.number for record in records] == list(range(len(POINTS)))
    assert all(record.ended for record in records)
    assert sorted(str(r.parameters) for r in records) == sorted(map(str, POINTS))
    again = records[victim.number]
    assert again.parameters == victim.parameters
    assert again.worker != victim.worker
    done = Counter(log.read_text().splitlines())
    twice = {line for line, times in done.items() if times > 1}
    assert twice <= {f"{rung.rung} {victim.label}" for rung in again.rungs}


def test_space_of_another_kind_under_one_name_is_refused(database: str) -> None:
    begin(database)
    before = dump(database)
    with pytest.raises(UserError, match="has an exploration 'small' of another space"):
        small_study(database, version="2")
    assert dump(database) == before


def test_tables_of_another_version_are_refused(database: str) -> None:
    begin(database)
    execute(database, "UPDATE alembic_version SET version_num = 'v1.2.0.a'")
    before = dump(database)
    with pytest.raises(UserError, match=r"has tables of another version of Optuna: v1\.2\.0\.a"):
        small_study(database)
    assert dump(database) == before


def test_database_that_is_read_only_is_refused(database: str) -> None:
    begin(database)
    before = dump(database)
    name = database.rpartition("/")[2]
    execute(database, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(UserError, match=f"Database {name} .* cannot be written: it is read-only"):
        small_study(database)
    assert dump(database) == before


def test_server_that_does_not_answer_is_named_without_the_password() -> None:
    pytest.importorskip("psycopg")
    storage = Storage.at("postgresql://me:secret@127.0.0.1:1/nowhere")
    assert str(storage) == "postgresql://me:***@127.0.0.1:1/nowhere"
    with pytest.raises(UserError, match="Storage cannot be reached: .*port 1") as caught:
        SharedStudy(SmallProblem(), storage, 10, GRACE)
    assert "secret" not in str(caught.value)


def execute(database: str, statement: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        connection.execute(statement)


def dump(database: str) -> list[object]:
    """Return the rows of all tables."""
    psycopg = pytest.importorskip("psycopg")
    with closing(psycopg.connect(database)) as connection:
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        return [
            (name, connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall())
            for (name,) in sorted(names)
        ]
