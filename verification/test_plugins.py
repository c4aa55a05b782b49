# SPDX-License-Identifier: MIT
"""Methods and technologies of others: in a file, and in a package, as the pages show them."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
PAGE = (ROOT / "docs" / "plugins.md").read_text()
TECHNOLOGY = ROOT / "sim" / "cost" / "technology" / "tables" / "emram14.yaml"
STUDY = re.findall(r"```yaml\n(.*?)```", CONTRIBUTING, re.S)[0]


def example(text: str, name: str) -> str:
    """Return the block of a page that begins with a comment that is this name."""
    (code,) = re.findall(rf"```\w+\n# {re.escape(name)}\n(.*?)```", text, re.S)
    return code


LAST = example(CONTRIBUTING, "last.py")


def engram(
    folder: Path, *arguments: object, paths: tuple[Path, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from engram import main; main()", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*paths, ROOT)))},
        capture_output=True,
        text=True,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one message of a command that was refused."""
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("engram: ")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("engram: ").rstrip("\n")


def check_results(folder: Path) -> None:
    """Check that the runs of the example kept twenty and five of some 140 samples a class."""
    results = json.loads((folder / "results.json").read_text())
    runs = results["runs"]
    assert [run["label"] for run in runs] == ["last 5", "last 20"]
    assert 0.2 < runs[0]["final"] < runs[1]["final"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the package of the page, as an install has it."""
    folder = tmp_path_factory.mktemp("site")
    package = folder / "engram_last"
    package.mkdir()
    (package / "__init__.py").write_text(example(PAGE, "engram_last/__init__.py"))
    (package / "last.py").write_text(LAST)
    (package / "my_process.yaml").write_bytes(TECHNOLOGY.read_bytes())
    project = tomllib.loads(example(PAGE, "pyproject.toml"))["project"]
    describe(folder, project["name"], project["version"], project["entry-points"])
    return folder


def describe(
    folder: Path, name: str, version: str, points: Mapping[str, Mapping[str, str]]
) -> None:
    """Write what an installer writes of a package beside it."""
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = (
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in of_group.items())
        for group, of_group in points.items()
    )
    (about / "entry_points.txt").write_text("\n".join(groups))


@pytest.mark.slow
def test_method_of_a_file_runs_on_every_process(tmp_path: Path) -> None:
    (tmp_path / "last.py").write_text(LAST)
    (tmp_path / "study.yaml").write_text(STUDY)
    run = ("run", "study.yaml", "--plugin", "last.py", "--out", "out", "--cache", "cache")
    done = engram(tmp_path, *run, "--jobs", 2)
    assert (done.returncode, done.stderr) == (0, "")
    check_results(tmp_path / "out")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["command"] == f"engram {' '.join(run)} --jobs 2"
    assert list(results["environment"]["plugins"]) == ["last.py"]
    keys = json.loads(engram(tmp_path, "schema", "study", "--plugin", "last.py").stdout)
    assert "exemplars" in keys["$defs"]["LastParamsSweep"]["properties"]
    plot = ("plot", "out", "--kind", "tasks", "--out", "tasks.svg")
    assert "must be one of" in refused(engram(tmp_path, *plot))
    assert engram(tmp_path, *plot, "--plugin", "last.py").returncode == 0


@pytest.mark.slow
def test_changed_method_finds_nothing_in_the_cache(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY.replace("[5, 20]", "5"))
    run = ("run", "study.yaml", "--plugin", "last.py", "--cache", "cache", "--jobs", "1", "--out")
    first = LAST.replace("[-self.params.exemplars :]", "[: self.params.exemplars]")
    for out, code, found in (("one", LAST, 0), ("two", LAST, 3), ("three", first, 0)):
        (tmp_path / "last.py").write_text(code)
        done = engram(tmp_path, *run, out)
        assert f" {found} of 3 tasks." in " ".join(done.stdout.split())


@pytest.mark.slow
def test_method_of_a_file_is_explored_by_every_process(tmp_path: Path) -> None:
    (tmp_path / "last.py").write_text(LAST)
    space = STUDY.replace("exemplars: [5, 20]", "exemplars: [5, 10, 20]").replace("seeds: 1", "")
    (tmp_path / "space.yaml").write_text(f"{space}objectives: [accuracy, bits]\n")
    explore = ("explore", "space.yaml", "--plugin", "last.py", "--out", "out", "--jobs", 2)
    done = engram(tmp_path, *explore, "--trials", 3)
    assert (done.returncode, done.stderr) == (0, "")
    trials = json.loads((tmp_path / "out" / "exploration.json").read_text())["trials"]
    assert {trial["state"] for trial in trials} == {"complete"}


def test_package_brings_its_method_and_its_technology(site: Path, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    done = engram(tmp_path, "run", "study.yaml", "--out", "out", "--jobs", 2, paths=(site,))
    assert (done.returncode, done.stderr) == (0, "")
    check_results(tmp_path / "out")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["environment"]["plugins"] == {"engram-last": "1.0"}
    priced = engram(tmp_path, "cost", "--tech", "my_process", "--out", "cost", paths=(site,))
    assert (priced.returncode, priced.stderr) == (0, "")
    unknown = refused(engram(tmp_path, "cost", "--tech", "my_other", paths=(site,)))
    assert "emram14, horowitz45, mram22, my_process, open130" in unknown


def test_package_passes_the_checks_of_conformance(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_last.py").write_text(example(PAGE, "test_last.py"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_last.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (site, ROOT)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "9 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1\ny = (", "--plugin {}/bad.py:2: SyntaxError: '(' was never closed"),
        ("\nimport nowhere", "{}/bad.py:2: ModuleNotFoundError: No module named 'nowhere'"),
        ("raise SystemExit", "--plugin {}/bad.py:1: SystemExit"),
        (
            "x = 1",
            "--plugin bad.py must define a subclass of sim.replay.ReplaySource that has a name",
        ),
        (
            LAST.replace('name = "last"', 'name = "gbm"'),
            "{}/bad.py:20: engram_plugin_bad.LastReplay must have another name than 'gbm'",
        ),
    ],
    ids=["syntax", "import", "exit", "nothing", "name"],
)
def test_file_that_is_no_method_is_refused_with_its_line(
    tmp_path: Path, code: str, said: str
) -> None:
    (tmp_path / "bad.py").write_text(code)
    message = refused(engram(tmp_path, "run", "digits", "--plugin", "bad.py", "--out", "out"))
    assert said.format(tmp_path) in message
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_files_that_cannot_be_plugins_are_refused(tmp_path: Path) -> None:
    (tmp_path / "last.py").write_text(LAST)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "last.py").write_text(LAST)
    run = ("run", "digits", "--out", "out", "--plugin")
    assert refused(engram(tmp_path, *run, "none.py")) == (
        f"{tmp_path}/none.py cannot be read: no such file or directory"
    )
    assert refused(engram(tmp_path, *run, "last.txt")) == (
        "--plugin must be a Python file that ends in .py, not last.txt"
    )
    assert refused(engram(tmp_path, *run, "last.py", "--plugin", "other/last.py")) == (
        f"--plugin {tmp_path}/other/last.py has the name of {tmp_path}/last.py, which is loaded "
        "already: rename one of them"
    )
    cluster = ("last.py", "--cluster", "tcp://localhost:8786")
    assert refused(engram(tmp_path, *run, *cluster)) == (
        f"--plugin {tmp_path}/last.py must be left out with --cluster, whose workers have no such "
        "file: install its method there as a package that offers engram.replay"
    )


@pytest.mark.parametrize(
    ("group", "point", "said"),
    [
        ("replay", "gone = engram_gone:Gone", "cannot be loaded: ModuleNotFoundError"),
        ("replay", "other = engram_last.last:LastReplay", "whose name is 'other', not to <class"),
        ("replay", "last = engram_last:MY_PROCESS", "must lead to a subclass of ReplaySource"),
        (
            "technology",
            "mine = engram_last.last:LastReplay",
            "must lead to the path of a YAML file",
        ),
        (
            "technology",
            "open130 = engram_last:MY_PROCESS",
            "there is a technology 'open130' already",
        ),
    ],
)
def test_package_with_a_wrong_entry_point_is_named(
    site: Path, tmp_path: Path, group: str, point: str, said: str
) -> None:
    name, _, value = point.partition(" = ")
    describe(tmp_path, "wrong", "2.0", {f"engram.{group}": {name: value}})
    call = ("run", "digits") if group == "replay" else ("cost",)
    message = refused(engram(tmp_path, *call, "--out", "out", paths=(site, tmp_path)))
    assert message.startswith(f"engram.{group} {point} of package wrong 2.0 ")
    assert said in message
