# SPDX-License-Identifier: MIT
"""`engram plot` from outside: every kind and format, the same bytes again, every refusal."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.study.plot import kinds
from sim.study.plot.kinds import KINDS
from verification.sim import made_up_results as made_up

Engram = Callable[..., tuple[int, str, str]]

ROOT = Path(__file__).parents[3]
STARTS = {".pdf": b"%PDF-", ".svg": b"<?xml", ".png": b"\x89PNG"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up.write(tmp_path_factory.mktemp("made up"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_from_a_file_or_its_folder(
    engram: Engram, study: Path, tmp_path: Path, kind: str
) -> None:
    contents = []
    for given in (study, study / "results.json"):
        out = tmp_path / "made" / "figure.svg"
        assert engram("plot", given, "--kind", kind, "--out", out) == (0, f"Figure: {out}\n", "")
        contents.append(out.read_bytes())
        assert [path.name for path in out.parent.iterdir()] == ["figure.svg"]
    assert contents[0] == contents[1]


@pytest.mark.parametrize(("columns", "inches"), [(1, 3.5), (2, 7.16)])
def test_a_figure_is_as_wide_as_its_columns(
    engram: Engram, study: Path, tmp_path: Path, columns: int, inches: float
) -> None:
    out = tmp_path / "figure.svg"
    engram("plot", study, study, "--kind", "tasks", "--out", out, "--columns", columns)
    width = re.search(r'<svg [^>]*?width="([0-9.]+)pt"', out.read_text())
    assert width is not None
    assert float(width[1]) == pytest.approx(72 * inches)


def test_a_figure_has_the_same_bytes_in_another_process_and_year(
    engram: Engram, study: Path, tmp_path: Path
) -> None:
    call = f"""
import sys
from sim.cli import main
for suffix in {[*STARTS]}:
    sys.argv = ["engram", "plot", {str(study)!r}, "--kind", "bits", "--out", "other" + suffix]
    try:
        main()
    except SystemExit as end:
        assert not end.code
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"}
    environment["SOURCE_DATE_EPOCH"] = "1000000000"
    subprocess.run([sys.executable, "-c", call], env=environment, check=True, cwd=tmp_path)
    for suffix, start in STARTS.items():
        out = tmp_path / f"own{suffix}"
        assert engram("plot", study, "--kind", "bits", "--out", out)[0] == 0
        assert out.read_bytes() == (tmp_path / f"other{suffix}").read_bytes()
        assert out.read_bytes().startswith(start)


def changed(change: Callable[[dict[str, Any]], object], **config: Any) -> dict[str, Any]:
    content = made_up.results(**config)
    change(content)
    return content


def of(replay: str) -> Callable[[dict[str, Any]], object]:
    """Return a change that leaves only the runs of one source."""
    return lambda content: content.update(
        runs=[run for run in content["runs"] if run["method"] == replay]
    )


def set_run(key: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["runs"][0].update({key: value})


def widths_in_lists(content: dict[str, Any]) -> None:
    for run in content["runs"]:
        if run["method"] == "gbm":
            run["parameters"]["code_width"] = [run["label"]]


MUST = "must be the results.json of engram run, but is not: "


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ([1, 2], [], f"FILE {MUST}the whole: Input should be a valid dictionary"),
        ({"blocks": []}, [], f"FILE {MUST}config: Field required"),
        (changed(lambda c: c.update(runs=[])), [], f"FILE {MUST}runs: List should have at least 1"),
        (changed(set_run("average_incremental", 1.5)), [], "runs.0.average_incremental: Input"),
        (changed(set_run("method", "native")), [], "FILE: runs.0.method must be one of binplay, "),
        (
            changed(set_run("accuracy_matrix", [[0.5]])),
            [],
            "FILE: runs.0.accuracy_matrix must end with an accuracy for each of the 3 tasks",
        ),
        (changed(set_run("label", "a\nb")), [], "FILE: runs.0.label must be one line of text"),
        (
            changed(widths_in_lists),
            [],
            "FILE must have methods whose parameters make their label: ",
        ),
        (changed(set_run("bits_full", 2**63)), [], "runs.0.bits_full: Input should be less than"),
        (
            changed(set_run("seed", 1)),
            [],
            "one run of 'joint training' for each network, order",
        ),
        (
            changed(lambda c: [run.update(increment=2) for run in c["runs"]]),
            [],
            "FILE must have methods that learn the tasks of the study",
        ),
        (changed(of("joint")), [], "--kind bits needs methods that keep bits, and FILE has only"),
        (made_up.results(), ["--axis", "chip"], "--axis chip needs the bits of the network"),
        (
            changed(of("joint")),
            ["--kind", "differences"],
            "--kind differences needs a method that is no bound, and another one, and FILE has not",
        ),
        (
            changed(lambda c: c["runs"].pop(0)),
            ["--kind", "differences"],
            "FILE must have runs of 'joint training' on the networks, in the orders",
        ),
        (
            changed(of("latent")),
            ["--kind", "correlations"],
            "--kind correlations needs runs with correlation_distance, which a study of generative",
        ),
        (
            changed(lambda c: c["config"]["tasks"].update(instances=3)),
            ["--kind", "ages"],
            "--kind ages needs later tasks that bring classes of their own, and FILE has none",
        ),
    ],
)
def test_results_that_cannot_be_drawn_are_refused_by_their_name(
    engram: Engram, tmp_path: Path, content: Any, options: list[str], message: str
) -> None:
    folder = made_up.write(tmp_path / "study", content)
    out = tmp_path / "figure.pdf"
    status, said, errors = engram("plot", folder, "--kind", "bits", *options, "--out", out)
    assert (status, said) == (2, "")
    assert message.replace("FILE", str(folder / "results.json")) in errors
    assert errors.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--kind", "pie"], "--kind must be one of bits, tasks, ages, differences, correlations, "),
        (["--columns", 3], "--columns must be 1 or 2, not 3"),
        (["--axis", "pins"], "--axis must be one of state, memory, chip, not 'pins'"),
        (["--kind", "ages", "--axis", "state"], "--axis must be left out with --kind ages: only"),
        (["--out", "figure.jpeg"], "--out must end in .pdf, .svg or .png, not figure.jpeg"),
        (["--out", "figure"], "--out must end in .pdf, .svg or .png, not figure"),
        (["--out", "folder.png"], "folder.png cannot be written: it is a directory"),
    ],
)
def test_options_that_make_no_figure_are_refused(
    engram: Engram,
    study: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[Any],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.png").mkdir()
    status, said, errors = engram("plot", study, "--kind", "bits", "--out", "a.png", *options)
    assert (status, said) == (2, "")
    assert message in errors
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


def test_a_figure_that_no_file_can_hold_is_refused(
    engram: Engram, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "_HIGHEST", 2)
    out = tmp_path / "a.png"
    status, _, errors = engram("plot", study, "--kind", "differences", "--out", out)
    assert (status, out.exists()) == (2, False)
    assert "--kind differences would be over 2 inches high, too high for a file" in errors


@pytest.mark.parametrize("text", ["{", '{"config": NaN}', "[" * 100_000, '"\xff"'])
def test_files_that_are_no_json_are_refused(engram: Engram, tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text, encoding="latin-1")
    out = tmp_path / "a.png"
    status, _, errors = engram("plot", path, "--kind", "bits", "--out", out)
    assert status == 2
    assert errors.startswith(f"engram: {path} must be ")
    assert not out.exists()


def test_a_failed_figure_leaves_the_old_one(engram: Engram, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "old.png"
    out.write_bytes(b"old")
    absent = tmp_path / "absent"
    status, _, errors = engram("plot", study, absent, "--kind", "bits", "--out", out)
    assert (status, errors) == (
        2,
        f"engram: {absent} cannot be read: no such file or directory\n",
    )
    assert out.read_bytes() == b"old"


def test_a_title_is_drawn_as_it_is(engram: Engram, tmp_path: Path) -> None:
    title = "Costs of $5 and x_{ <b> & more"
    folder = made_up.write(tmp_path / "study", made_up.results(title=title))
    out = tmp_path / "a.svg"
    assert engram("plot", folder, "--kind", "tasks", "--out", out)[0] == 0
    assert json.loads((folder / "results.json").read_text())["config"]["title"] == title
    assert "Costs of $5 and x_{ &lt;b&gt; &amp; more" in out.read_text()
