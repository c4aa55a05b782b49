# SPDX-License-Identifier: MIT
"""Reports that are made again from results: the same report, and what is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Engram = Callable[..., tuple[int, str, str]]

STUDY = """\
title: Cells that fail
data: {name: digits}
tasks: {base: 6, increment: 2}
methods:
  - {replay: hamming}
  - {replay: hamming, faults: {share: [0.1, 0.3]}}
seeds: 2
"""


@pytest.fixture
def engram(engram: Engram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engram:
    """The command, with the folder of the test as its working directory."""
    monkeypatch.chdir(tmp_path)
    return engram


def test_results_and_pictures_of_exemplars_stay(engram: Engram, tmp_path: Path) -> None:
    shipped = Path(__file__).parents[3] / "reports" / "digits"
    shutil.copytree(shipped, tmp_path / "out")
    (tmp_path / "out" / "report.md").unlink()
    status, text, err = engram("report", "out")
    assert (status, err) == (0, "")
    assert "Report: out/report.md" in text
    for name in ("exemplars.png", "correlations.png"):
        assert (tmp_path / "out" / name).read_bytes() == (shipped / name).read_bytes()
    old, new = (json.loads((f / "results.json").read_text()) for f in (shipped, tmp_path / "out"))
    assert list(new) == list(old)
    assert all(new[key] == old[key] for key in old if key not in ("verdict", "also"))
    report = (tmp_path / "out" / "report.md").read_text()
    assert "![exemplars](exemplars.png)" in report
    assert "![correlations](correlations.png)" in report
    assert "## Old classes and new ones" in report


@pytest.mark.slow
def test_a_report_made_again_is_the_same_and_keeps_pictures_of_exemplars(
    engram: Engram, tmp_path: Path
) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    assert engram("run", "study.yaml", "--out", "out", "--jobs", 1)[0] == 0
    out = tmp_path / "out"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    results = json.loads(before["results.json"])
    assert all("confusion" not in run for run in results["runs"])
    (out / "report.md").write_text("")
    (out / "accuracy_by_share.png").unlink()
    (out / "correlations.png").write_bytes(b"kept")
    status, text, err = engram("report", "out")
    assert (status, err) == (0, "")
    assert "Report: out/report.md" in text
    assert (out / "correlations.png").read_bytes() == b"kept"
    report = (out / "report.md").read_text()
    assert "![correlations](correlations.png)" in report
    assert report.startswith(before["report.md"].decode().partition("## Old classes")[0])
    for name in ("results.json", "accuracy_by_share.png", "accuracy_by_task.png"):
        assert (out / name).read_bytes() == before[name]


def changed(edit: Any, results: dict[str, Any]) -> dict[str, Any]:
    edit(results)
    return results


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda r: r["config"].update(budgets=[1]), "not of a comparison in budgets"),
        (lambda r: r["config"].update(seeds=7), "config must be the configuration .* not "),
        (lambda r: r["config"].update(seed=3), "seed is no known key"),
        (lambda r: r.update(runs=[]), "must be the results.json of engram run, but is not: runs"),
    ],
)
def test_results_that_are_not_of_their_configuration_are_refused(
    engram: Engram, tmp_path: Path, edit: Any, message: str
) -> None:
    shutil.copytree(Path(__file__).parents[3] / "reports" / "digits", tmp_path / "out")
    path = tmp_path / "out" / "results.json"
    results = json.loads(path.read_text())
    path.write_text(json.dumps(changed(edit, results)))
    status, _, err = engram("report", "out")
    assert status == 2
    assert message.partition(" .* ")[0] in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--html"], "--html must be left out for a study: only explorations have a page"),
        (["--out", "page.html"], "--out needs --html"),
    ],
)
def test_a_study_has_no_page(
    engram: Engram, tmp_path: Path, options: list[str], message: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.json").write_text("{}")
    status, _, err = engram("report", "out", *options)
    assert status == 2
    assert message in err
