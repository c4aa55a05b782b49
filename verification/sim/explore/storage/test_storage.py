# SPDX-License-Identifier: MIT
"""Storages: what is refused, what is left as it was, and one process at a time where it matters."""

import json
import multiprocessing
import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sim.explore.search.pulse import Pulse
from sim.explore.search.study import SharedStudy, check_joinable
from sim.explore.search.worker import Worker
from sim.explore.storage.storage import Storage, masked
from sim.work.errors import UserError
from verification.sim.small_exploration import SmallProblem

KINDS = ["sqlite", "journal"]
NOBODY = 65534


def join(url: str, **settings: object) -> SharedStudy:
    return SharedStudy(SmallProblem(**settings), Storage.at(url), trials=4, grace=60)  # type: ignore[arg-type]


def begin(url: str) -> None:
    with join(url) as study:
        study.claim("me")


def content(folder: Path) -> dict[str, bytes]:
    """Return all that is kept; the lock of a storage keeps nothing."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.endswith(".lock")}


@pytest.mark.parametrize(
    "url",
    ["study.db", "sqlite://study.db", "mysql://me@host/base", "sqlite:///", "journal:///a?b"],
    ids=["path", "two slashes", "other server", "no path", "query"],
)
def test_address_of_another_form_is_refused(url: str) -> None:
    expected = f"--storage must be sqlite:///FILE, journal:///FILE or postgresql://.*, not '{url}'"
    with pytest.raises(UserError, match=expected.replace("?b", r"\?b")):
        Storage.at(url)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:secret@host/base", "postgresql://me:***@host/base"),
        ("--storage postgresql://me:s:e@host:1/base", "--storage postgresql://me:***@host:1/base"),
        ("postgresql://me@host/base", "postgresql://me@host/base"),
        ("sqlite:////a/b@c:d.db", "sqlite:////a/b@c:d.db"),
    ],
    ids=["password", "in a command", "none", "file"],
)
def test_password_is_not_shown(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize("kind", KINDS)
def test_folder_that_is_not_there_is_named(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"Folder {tmp_path}/no of the storage does not exist$"):
        join(f"{kind}:///{tmp_path}/no/study")
    with pytest.raises(UserError, match="exist: an absolute path begins with four slashes"):
        join(f"{kind}:///no/study")


@pytest.mark.parametrize("kind", KINDS)
def test_folder_in_place_of_the_file_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"{tmp_path} cannot be used as a storage: it is a direct"):
        join(f"{kind}:///{tmp_path}")


@pytest.mark.parametrize("kind", KINDS)
def test_text_file_is_refused_and_left_as_it_was(kind: str, tmp_path: Path) -> None:
    (tmp_path / "study").write_text("all sorts of things\n" * 40)
    before = content(tmp_path)
    message = {
        "sqlite": "study cannot be used as a storage: file is not a database",
        "journal": "study:1 is not a valid line of an Optuna journal: name",
    }[kind]
    with pytest.raises(UserError, match=message):
        join(f"{kind}:///{tmp_path / 'study'}")
    assert content(tmp_path) == before


def test_database_of_something_else_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "study.db")) as base:
        base.execute("CREATE TABLE albums (title TEXT)")
    before = content(tmp_path)
    with pytest.raises(UserError, match=r"study\.db is a database of something else: name another"):
        join(f"sqlite:///{tmp_path / 'study.db'}")
    assert content(tmp_path) == before


def test_tables_of_another_version_are_refused_and_left_as_they_were(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    begin(url)
    with closing(sqlite3.connect(tmp_path / "study.db")) as base, base:
        base.execute("UPDATE alembic_version SET version_num = 'v2.6.0.a'")
    before = content(tmp_path)
    with pytest.raises(
        UserError, match=r"has tables of another version of Optuna: v2\.6\.0\.a, wh"
    ):
        join(url)
    assert content(tmp_path) == before


def test_tables_that_a_killed_process_was_making_are_completed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    begin(url)
    with closing(sqlite3.connect(tmp_path / "study.db")) as base, base:
        base.execute("DELETE FROM alembic_version")
        base.execute("DROP TABLE trial_heartbeats")
    begin(url)
    with join(url) as study:
        assert len(study.records()) == 2


def finished(folder: Path) -> Path:
    """Return the file of a study whose four trials are over, without a log beside it."""
    path = folder / "study.db"
    with join(f"sqlite:///{path}") as study:
        Worker(SmallProblem(), study, Pulse(), "me").run()
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


DAMAGE = {
    "UPDATE trial_user_attributes SET value_json = '{' WHERE trial_id = 2 AND key = 'known'": (
        r"value_json of row \d+ in table trial_user_attributes, 'known', is not JSON"
    ),
    "UPDATE study_user_attributes SET value_json = ''": (
        r"value_json of row 1 in table study_user_attributes, 'identity', is not JSON"
    ),
    "UPDATE trial_params SET distribution_json = '[' WHERE param_id = 1": (
        "distribution_json of row 1 in table trial_params, 'replay', is not JSON"
    ),
    "UPDATE trial_user_attributes SET value_json = '3' WHERE trial_id = 2 AND key = 'known'": (
        r"trial 1 has no valid record \('int' object has no attribute 'get'\)"
    ),
    "DELETE FROM trial_user_attributes WHERE trial_id = 2 AND key = 'known'": (
        r"trial 1 has no valid record \(it is complete and has no accuracy\)"
    ),
    "DELETE FROM trials WHERE trial_id = 2": (
        r"row \d+ in table \w+ belongs to a row that table trials lacks"
    ),
    "DELETE FROM studies": r"row 1 in table \w+ belongs to a row that table studies lacks",
    "DELETE FROM trial_values WHERE trial_id = 3": (
        "table trial_values lacks a value of trial 2 of exploration 'small'"
    ),
    "DELETE FROM study_directions": (
        "table study_directions has no row of exploration 'small'"
    ),
    "UPDATE trials SET number = 7 WHERE trial_id = 3": (
        "table trials has 4 different numbers of exploration 'small', from 0 to 7, where it must "
        "have all from 0"
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", DAMAGE)
def test_damaged_rows_are_named_and_the_file_is_left_as_it_was(change: str, tmp_path: Path) -> None:
    path = finished(tmp_path)
    with closing(sqlite3.connect(path)) as base, base:
        assert base.execute(change).rowcount
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = content(tmp_path)
    cure = "Put a sound copy in its place, or name another --storage"
    for use in (check_joinable, lambda *given: SharedStudy(*given, trials=4, grace=60)):
        with pytest.raises(UserError, match=rf"study\.db is damaged: {DAMAGE[change]}\. {cure}$"):
            use(SmallProblem(), Storage.at(f"sqlite:///{path}"))
    assert content(tmp_path) == before


def test_overwritten_page_is_found_or_holds_nothing(tmp_path: Path) -> None:
    path = finished(tmp_path)
    with join(f"sqlite:///{path}") as study:
        records = study.records()
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    size = int.from_bytes(whole[16:18], "big")
    said = []
    for page in range(len(whole) // size):
        path.write_bytes(whole[: page * size] + b"\xa5" * size + whole[(page + 1) * size :])
        try:
            check_joinable(SmallProblem(), Storage.at(f"sqlite:///{path}"))
        except UserError as error:
            said.append(str(error))
        else:
            with join(f"sqlite:///{path}") as study:
                assert study.records() == records
    assert len(said) > len(whole) // size // 2
    named = re.compile(rf"{path} (is damaged|cannot be used as a storage): ")
    assert all(named.match(message) for message in said)


def test_journal_with_operations_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.log"
    begin(f"journal:///{path}")
    with path.open("a") as file:
        file.write(json.dumps({"op_code": 99, "worker_id": "later"}) + "\n")
    before = content(tmp_path)
    with pytest.raises(
        UserError, match=r"study\.log was written by another version of Optuna: .* operations"
    ):
        join(f"journal:///{path}")
    assert content(tmp_path) == before


def test_journal_with_a_damaged_line_is_refused_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "study.log"
    begin(f"journal:///{path}")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1][: len(lines[1]) // 2] + b"\n", *lines[2:]]))
    before = content(tmp_path)
    with pytest.raises(UserError, match=r"study\.log:2 is not a valid line of an Optuna journal: "):
        join(f"journal:///{path}")
    assert content(tmp_path) == before


def test_line_of_a_journal_that_a_process_was_killed_in_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "study.log"
    begin(f"journal:///{path}")
    before = path.read_bytes()
    path.write_bytes(before + b'{"op_code": 8, "worker_id": "kil')
    with join(f"journal:///{path}") as study:
        assert path.read_bytes() == before
        study.claim("another")
    with join(f"journal:///{path}") as study:
        assert len(study.records()) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_space_of_another_kind_under_one_name_is_refused(kind: str, tmp_path: Path) -> None:
    url = f"{kind}:///{tmp_path / 'study'}"
    begin(url)
    before = content(tmp_path)
    with pytest.raises(UserError, match="has an exploration 'small' of another space: give this o"):
        join(url, version="2")
    assert content(tmp_path) == before
    with join(url, version="2", name="other") as study:
        assert study.records() == []


def test_study_whose_maker_was_killed_before_it_said_what_it_is_is_taken_over(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    with join(url):
        pass
    with closing(sqlite3.connect(tmp_path / "study.db")) as base, base:
        base.execute("DELETE FROM study_user_attributes")
    begin(url)
    with pytest.raises(UserError, match="of another space"):
        join(url, version="2")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["file", "folder"])
def test_storage_that_may_only_be_read_is_refused(kind: str, what: str) -> None:
    with folder_of_nobody() as folder:
        path = folder / "study"
        begin(f"{kind}:///{path}")
        before = content(folder)
        (path if what == "file" else folder).chmod(0o444 if what == "file" else 0o555)
        with pytest.raises(UserError, match=r"cannot be written.*ermission denied"):
            join(f"{kind}:///{path}")
        folder.chmod(0o755)
        assert content(folder) == before


@contextmanager
def folder_of_nobody() -> Iterator[Path]:
    """Be somebody whom permissions bind, in a folder of one's own: root may write anything."""
    folder, me = Path(tempfile.mkdtemp(prefix="engram-")), os.geteuid()
    try:
        if me == 0:
            os.chown(folder, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        yield folder
    finally:
        os.seteuid(me)
        shutil.rmtree(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_one_process_at_a_time_is_within_the_lock(kind: str, tmp_path: Path) -> None:
    url, counter = f"{kind}:///{tmp_path / 'study'}", tmp_path / "counter"
    counter.write_text("0")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=count, args=(url, counter)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert counter.read_text() == "40"


def count(url: str, counter: Path) -> None:
    for _ in range(10):
        with Storage.at(url).exclusively():
            value = int(counter.read_text())
            time.sleep(0.001)
            counter.write_text(str(value + 1))
