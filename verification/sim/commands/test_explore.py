# SPDX-License-Identifier: MIT
"""`engram explore` from arguments to report, on digits."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sim.cost.technology.loading import BUILT_IN
from sim.explore.designs.problem import DesignProblem
from sim.explore.found.bars import MOST_LINES, ExploreBars
from sim.explore.search.study import SharedStudy
from sim.explore.search.trials import TrialRecord
from sim.explore.space.rung import Rung
from sim.explore.space.settings import load_explore
from sim.explore.storage.storage import Storage

Engram = Callable[..., tuple[int, str, str]]

SPACE = """
title: Tiny
name: tiny
data: {name: digits, features: [64, 128]}
tasks: {base: 6, increment: 4}
head: {epochs: 1, hidden: 0}
methods:
  - {replay: ncm, components: [1, 2], code_width: [1, 4]}
  - {replay: likelihood, components: [1, 2], code_width: 1}
hardware: {pe: 4, simd: 32}
objectives: [accuracy, bits]
constraints: ["bits <= 0.002 Mb"]
fidelity: {rungs: [{tasks: 1}, {}]}
sampler: {name: grid}
recommend: [0.002]
"""
POINTS = 2 * (4 + 2)


@pytest.fixture
def space(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(SPACE)
    return path


def trials_of(out: Path) -> list[dict[str, object]]:
    return json.loads((out / "exploration.json").read_text())["trials"]


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files; locks keep nothing."""
    files = (p for p in folder.rglob("*") if p.is_file() and not p.name.endswith(".lock"))
    return {str(p): p.read_bytes() for p in files}


def test_search_writes_its_report_and_goes_on_by_the_same_command(
    engram: Engram, space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    status, printed, errors = engram("explore", space, "--out", out, "--trials", 3, "--jobs", 1)
    assert (status, errors) == (0, "")
    assert "3 trials took" in printed
    assert "Tiny" in printed
    assert f"Report: {out / 'report.md'}" in printed
    first = trials_of(out)
    assert [trial["number"] for trial in first] == [0, 1, 2]

    status, printed, _ = engram("explore", space, "--out", out, "--trials", 100, "--jobs", 1)
    assert status == 0
    assert "Going on: 3 of 12 trials are over." in printed
    trials = trials_of(out)
    assert len(trials) == POINTS
    assert trials[:3] == [{**t, "front": u["front"]} for t, u in zip(first, trials, strict=False)]
    assert {trial["state"] for trial in trials} >= {"complete", "infeasible"}
    assert sum(int(str(trial["cache_hits"])) for trial in trials) > 0

    # Once more, by an address with a password in it; there is nothing left to run.
    address, kept = "postgresql://me:secret@host/base", Storage.at(f"sqlite:///{out}.db")
    monkeypatch.setattr(Storage, "at", lambda url: {address: kept}[url])
    status, printed, _ = engram("explore", space, "--out", out, "--storage", address)
    assert status == 0
    assert "Going on: 12 of 12 trials are over." in printed
    assert trials_of(out) == trials
    assert "postgresql://me:***@host/base" in (out / "exploration.json").read_text()
    for name, content in contents(out).items():
        assert b"secret" not in content, name


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_other_space_of_the_same_name_is_refused_and_the_storage_left_as_it_was(
    engram: Engram, space: Path, tmp_path: Path, kind: str
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    url = f"{kind}:///{kept / 'study'}"
    begin(url, space)
    before = contents(kept)
    for assignment in ("head.epochs=2", "data.features=[32, 64]"):
        status, printed, errors = engram(
            "explore", space, "--storage", url, "--out", tmp_path / "out", "--set", assignment
        )
        assert (status, printed) == (2, "")
        assert errors == (
            f"engram: {url} has an exploration 'tiny' of another space: give this one another "
            "name (--set name=...), or another --storage\n"
        )
    assert contents(kept) == before
    # Its title, its sampler and what is recommended decide no trial.
    begin(url, space, "title=Other", "sampler.name=tpe", "recommend=[1.0]")


def begin(url: str, space: Path, *assignments: str) -> None:
    _, document = load_explore(str(space), assignments)
    with SharedStudy(DesignProblem(document, None, None), Storage.at(url), 4, 60.0) as study:
        study.claim("me")


def test_study_is_of_the_content_of_its_technology(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    text = (BUILT_IN / "cmos22.yaml").read_text()
    space = tmp_path / "space.yaml"
    space.write_text(SPACE.replace("pe: 4", f"technology: {own}, pe: 4"))

    def identity() -> dict[str, str]:
        _, document = load_explore(str(space))
        return DesignProblem(document, None, None).identity

    own.write_text(text)
    first = identity()
    assert identity() == first
    own.write_text(f"{text}\n# another")
    changed = {key for key, value in identity().items() if value != first[key]}
    assert changed == {"technology or network"}


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        ("study.db", "--storage must be sqlite:///FILE, journal:///FILE or postgresql://"),
        ("sqlite:///{}/no/study.db", "Folder {}/no of the storage does not exist"),
        ("journal:///{}/tiny.yaml", "{}/tiny.yaml:1 is not a valid line of an Optuna journal: na"),
        ("sqlite:///{}/tiny.yaml", "{}/tiny.yaml cannot be used as a storage: file is not a data"),
        ("sqlite:///{}/old.db", "{}/old.db has tables of another version of Optuna: v0.9.0.a, wh"),
        ("postgresql://me:secret@127.0.0.1:1/none", "Storage cannot be reached: "),
    ],
    ids=["form", "folder", "journal", "file", "version", "server"],
)
def test_storage_that_cannot_be_used_is_named_and_nothing_is_written(
    engram: Engram, space: Path, tmp_path: Path, storage: str, message: str
) -> None:
    if storage.startswith("postgresql"):
        pytest.importorskip("psycopg")
    with closing(sqlite3.connect(tmp_path / "old.db")) as base, base:
        base.execute("CREATE TABLE alembic_version (version_num TEXT)")
        base.execute("INSERT INTO alembic_version VALUES ('v0.9.0.a')")
    before = contents(tmp_path)
    url, out = storage.format(tmp_path), tmp_path / "out"
    status, printed, errors = engram(
        "explore", space, "--storage", url, "--out", out, "--no-cache", "--jobs", 1
    )
    assert (status, printed) == (2, "")
    assert errors.startswith(f"engram: {message.format(tmp_path)}")
    assert "Traceback" not in errors
    assert "secret" not in errors
    assert contents(tmp_path) == before
    assert not out.exists()


def test_damaged_storage_beside_the_output_is_found_before_anything_is_made(
    engram: Engram, space: Path, tmp_path: Path
) -> None:
    begin(f"sqlite:///{tmp_path / 'out.db'}", space)
    with closing(sqlite3.connect(tmp_path / "out.db")) as base, base:
        base.execute("UPDATE trial_user_attributes SET value_json = '{'")
    before = sorted(tmp_path.iterdir())
    status, printed, errors = engram("explore", space, "--out", tmp_path / "out", "--jobs", 1)
    assert (status, printed) == (2, "")
    assert errors.startswith(f"engram: {tmp_path / 'out.db'} is damaged: value_json of row ")
    assert errors.endswith("Put a sound copy in its place, or name another --storage\n")
    assert sorted(tmp_path.iterdir()) == before


def test_other_space_in_the_storage_beside_the_output_is_found_before_anything_is_made(
    engram: Engram, space: Path, tmp_path: Path
) -> None:
    begin(f"sqlite:///{tmp_path / 'out.db'}", space)
    status, _, errors = engram(
        "explore", space, "--out", tmp_path / "out", "--set", "head.epochs=2"
    )
    assert status == 2
    assert "out.db has an exploration 'tiny' of another space: give this one another" in errors
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.cache").exists()


def test_bars_show_what_runs_and_what_is_over() -> None:
    console = Console(record=True, width=120, force_terminal=True)
    running = [TrialRecord(i + 2, "running", label=f"design {i}") for i in range(MOST_LINES + 3)]
    over = [TrialRecord(0, "complete"), TrialRecord(1, "pruned")]
    with ExploreBars(20, 3, console) as bars:
        bars.show([*over, *running])
        reached = TrialRecord(2, "running", label="design 0", rungs=(Rung(0, (71.25,), ()),))
        bars.show([*over, reached])
        bars._bars.refresh()
    text = console.export_text()
    assert "trials: 1 complete, 1 pruned" in text
    assert "2/20" in text
    assert "trial 2: design 0, 71.2 %" in text
    assert "design 7" in text
    assert "design 8" not in text


def test_without_a_terminal_every_trial_that_ends_has_a_line() -> None:
    written = StringIO()
    before = TrialRecord(0, "complete", label="before")
    running = [TrialRecord(i, "running", label=f"design {i}") for i in (1, 2)]
    over = [
        TrialRecord(1, "pruned", label="design 1", rungs=(Rung(0, (71.25,), ()),)),
        TrialRecord(2, "failed", label="design 2"),
    ]
    with ExploreBars(20, 3, Console(file=written, width=40)) as bars:
        bars.show([before, *running])
        bars.show([before, over[0], running[1]])
        bars.show([before, *over])
        bars.show([before, *over])
    assert written.getvalue().splitlines() == [
        "trial 1: design 1, 71.2 %: pruned (2/20 trials)",
        "trial 2: design 2: failed (3/20 trials)",
    ]
