# SPDX-License-Identifier: MIT
"""What an install holds: every package, and every file that the packages read."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import requires, version
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def built_wheel(folder: Path) -> Path:
    """Build the wheel, from a copy because the build leaves files in the source."""
    source = folder / "source"
    for layer in ("golden", "rtl", "sim", "verification"):
        shutil.copytree(ROOT / layer, source / layer, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("engram.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the content of the wheel, as an install has it."""
    pytest.importorskip("setuptools", minversion="77", reason="building a wheel needs setuptools")
    folder = tmp_path_factory.mktemp("wheel")
    with ZipFile(built_wheel(folder)) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def started(folder: Path, *paths: Path, call: str = "cost") -> subprocess.CompletedProcess[str]:
    """Run the command line as the program `engram` does, with these folders on Python's path."""
    return subprocess.run(
        [sys.executable, "-c", "from engram import main; main()", *call.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_wheel_has_every_file_of_the_packages_and_nothing_else(installed: Path) -> None:
    entries = {path.name for path in installed.iterdir()}
    number = PROJECT["project"]["version"]
    assert entries == {"engram.py", "golden", "rtl", "sim", f"engram-{number}.dist-info"}
    for layer in ("golden", "rtl", "sim"):
        own, built = (
            {str(p.relative_to(home)) for p in (home / layer).rglob("*") if p.is_file()}
            for home in (ROOT, installed)
        )
        assert {name for name in own if "__pycache__" not in name} == built
    program = (installed / f"engram-{number}.dist-info" / "entry_points.txt").read_text()
    assert program == "[console_scripts]\nengram = engram:main\n"


def test_a_wheel_works_away_from_the_project(installed: Path, tmp_path: Path) -> None:
    done = started(tmp_path, installed, call="cost --out here")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "here" / "report.md").exists()


@pytest.mark.parametrize("name", ["golden", "rtl", "sim"])
@pytest.mark.parametrize("ending", ["/__init__.py", ".py"])
def test_a_package_of_the_same_name_is_named_with_both_places(
    installed: Path, tmp_path: Path, name: str, ending: str
) -> None:
    file = tmp_path / "foreign" / f"{name}{ending}"
    file.parent.mkdir(parents=True)
    file.touch()
    place = file.parent if ending == "/__init__.py" else file
    done = started(tmp_path, tmp_path / "foreign", installed)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"engram: package {name} must be the one in {installed / name}, but Python finds {place}: "
        "take that folder out of PYTHONPATH, or rename the package\n"
    )


def test_a_folder_of_the_same_name_that_is_no_package_is_no_matter(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "foreign" / "sim").mkdir(parents=True)
    done = started(tmp_path, tmp_path / "foreign", installed, call="--version")
    assert (done.returncode, done.stderr) == (0, "")


def test_packages_are_found_below_every_layer_but_the_tests() -> None:
    found = PROJECT["tool"]["setuptools"]["packages"]["find"]
    include = [name for layer in ("golden", "rtl", "sim") for name in (layer, f"{layer}.*")]
    assert found == {"include": include, "namespaces": False}


def test_every_folder_of_modules_is_a_package() -> None:
    for layer in ("golden", "rtl", "sim", "verification"):
        for module in (ROOT / layer).rglob("*.py"):
            assert (module.parent / "__init__.py").exists(), module


def test_every_built_in_configuration_is_package_data() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["sim"]
    found = {path for pattern in patterns for path in (ROOT / "sim").glob(pattern)}
    covered = {path for path in found if path.parent.name != "__pycache__"}
    shipped = set((ROOT / "sim" / "data" / "shipped").glob("*/*.*"))
    shipped = {path for path in shipped if path.parent.name != "__pycache__"}
    tables = set((ROOT / "sim" / "cost" / "technology" / "tables").glob("*"))
    page = {p for kind in ("html", "css", "js") for p in (ROOT / "sim").rglob(f"*.{kind}")}
    runner = set((ROOT / "sim" / "hardware" / "runner").iterdir())
    assert covered == {*(ROOT / "sim").rglob("*.yaml"), *shipped, *tables, *page, *runner}
    names = {path.stem for path in covered}
    assert {"digits", "fbnn-1M", "quick", "open130", "sg13g2_stdcell", "scatter"} <= names


def test_installed_version_and_requirements_are_those_of_the_project() -> None:
    assert version("engram") == PROJECT["project"]["version"]
    declared = {entry.split(">")[0] for entry in PROJECT["project"]["dependencies"]}
    installed = {entry.split(">")[0].split("<")[0] for entry in requires("engram") or []}
    assert declared <= installed


@pytest.mark.parametrize("table", ["dependencies", *PROJECT["project"]["optional-dependencies"]])
def test_every_dependency_has_its_reason_and_a_range(table: str) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = PROJECT["project"]
    entries = project.get(table) or project["optional-dependencies"][table]
    for entry in entries:
        line = next(line for line in text.splitlines() if f'"{entry}"' in line)
        assert "#" in line, entry
        if not entry.startswith("engram["):  # an extra of its own
            assert "<" in entry or "==" in entry, entry
