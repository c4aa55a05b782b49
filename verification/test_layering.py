# SPDX-License-Identifier: MIT
"""The import table of the README: who may import whom, inside the project and outside it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("golden", "rtl", "sim", "verification")

# The longest prefix of a module's name decides. Each may import itself and what is listed.
MAY_IMPORT = {
    "golden": {"numpy"},
    "golden.kernels": {"golden", "numpy", "numba", "llvmlite"},
    "rtl": {"amaranth", "golden.params", "golden.polynomials", "numpy"},
    "sim": {
        "golden",
        "matplotlib",
        "numpy",
        "pydantic",
        "pydantic_core",
        "rich",
        "scipy",
        "sklearn",
        "threadpoolctl",
        "typer",
        "yaml",
    },
    "sim.cost": {"golden.params", "matplotlib", "numpy", "pydantic", "rich", "sim", "yaml"},
    "sim.explore": {
        "golden",
        "matplotlib",
        "numpy",
        "optuna",
        "psycopg",
        "pydantic",
        "rich",
        "sim",
        "threadpoolctl",
        "yaml",
    },
    "sim.images": {
        "golden",
        "matplotlib",
        "numpy",
        "pydantic",
        "rich",
        "sim",
        "threadpoolctl",
        "torch",
    },
    "sim.hardware": {"amaranth", "golden", "matplotlib", "pydantic", "rich", "rtl", "sim"},
    "verification": {*LAYERS, "*"},
}

# Numba stays behind golden.kernels, the plain definitions above it.
MAY_NOT_IMPORT = {"golden": {"golden.kernels"}, "golden.params": {"golden.bits"}}


def imported_names(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rule_of(module: str, table: dict[str, set[str]]) -> tuple[str, set[str]]:
    matching = [layer for layer in table if within(module, layer)]
    layer = max(matching, key=len, default="")
    return layer, table.get(layer, set())


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def faults(module: str, source: str) -> list[str]:
    layer, allowed = rule_of(module, MAY_IMPORT)
    forbidden = (
        rule_of(module, MAY_NOT_IMPORT)[1] if not within(module, "golden.kernels") else set()
    )
    found = []
    for name in imported_names(source):
        standard = name.split(".")[0] in sys.stdlib_module_names
        permitted = standard or within(name, layer) or "*" in allowed
        permitted = permitted or any(within(name, package) for package in allowed)
        if not permitted or any(within(name, package) for package in forbidden):
            found.append(f"{module} imports {name}")
    return found


def modules() -> list[Path]:
    return sorted(p for layer in LAYERS for p in (ROOT / layer).rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_module_imports_only_what_its_layer_may(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    assert faults(module, path.read_text()) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("rtl.lfsr", "from golden.lfsr import Lfsr"),
        ("golden.lfsr", "import numba"),
        ("golden.sampler", "from golden.kernels import draw"),
        ("golden.bits", "from sim.work.files import write_whole"),
        ("sim.learn.head", "from numba import njit"),
        ("sim.learn.head", "from rtl import chip"),
        ("sim.cli", "import amaranth"),
        ("sim.learn.head", "import torch"),
        ("sim.cost.counts.sampler", "from golden.sampler import Sampler"),
        ("sim.cost.report.document", "from rtl.emit import Design"),
        ("sim.study.study", "import verification.bench"),
    ],
)
def test_planted_import_is_found(module: str, source: str) -> None:
    assert faults(module, source) != []


def test_only_rtl_commands_need_amaranth() -> None:
    commands = "sim.cli, sim.commands, sim.cost.command, sim.data.embed, sim.data.samples"
    check = f"import sys, {commands}; sys.exit('amaranth' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0


def test_no_environment_variable_is_read_outside_the_tests() -> None:
    for path in modules():
        if path.relative_to(ROOT).parts[0] != "verification":
            assert not re.search(r"os\.environ|getenv", path.read_text()), path
