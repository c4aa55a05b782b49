# SPDX-License-Identifier: MIT
"""What an install holds: every package, and every file that the packages read."""

import tomllib
from importlib.metadata import requires, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_packages_are_found_below_every_layer() -> None:
    layers = ("golden", "rtl", "sim", "verification")
    found = PROJECT["tool"]["setuptools"]["packages"]["find"]
    assert found == {"include": [f"{layer}*" for layer in layers], "namespaces": False}


def test_every_folder_of_modules_is_a_package() -> None:
    for layer in ("golden", "rtl", "sim", "verification"):
        for module in (ROOT / layer).rglob("*.py"):
            assert (module.parent / "__init__.py").exists(), module


def test_every_built_in_configuration_is_package_data() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["sim"]
    covered = {path for pattern in patterns for path in (ROOT / "sim").glob(pattern)}
    shipped = set((ROOT / "sim" / "data" / "shipped").glob("cifar100*/*"))
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


@pytest.mark.parametrize("table", ["dependencies", "train", "synth", "simulate", "peers", "dev"])
def test_every_dependency_has_its_reason_and_a_range(table: str) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = PROJECT["project"]
    entries = project.get(table) or project["optional-dependencies"][table]
    for entry in entries:
        line = next(line for line in text.splitlines() if f'"{entry}"' in line)
        assert "#" in line, entry
        if not entry.startswith("engram["):  # an extra of its own
            assert "<" in entry or "==" in entry, entry
