# SPDX-License-Identifier: MIT
"""Who may import whom, inside the project and outside it: the wings of `sim/` and their floors."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from verification.house import FLOORS, House, imported_names

ROOT = Path(__file__).parent.parent
LAYERS = ("golden", "rtl", "sim", "verification")

# What each wing of `sim/` imports of `golden`, of other wings, and from outside; no more, no less.
WINGS = {
    "work": ("", "", "dask distributed filelock numpy rich threadpoolctl"),
    "documents": ("", "work", "pydantic ruamel"),
    "measure": ("golden.params", "", "numpy"),
    "report": ("", "", "matplotlib numpy rich scipy"),
    "data": ("golden", "documents measure work", "PIL numpy pydantic sklearn"),
    "learn": ("golden", "documents measure", "numpy pydantic scipy sklearn"),
    "replay": ("golden", "documents learn measure work", "numpy pydantic"),
    "cost": (
        "golden.params",
        "data documents learn measure report work",
        "matplotlib numpy pydantic",
    ),
    "vectors": ("golden", "data documents work", "numpy"),
    "exchange": ("golden", "work", "google numpy onnx onnxruntime qonnx"),
    "study": (
        "golden",
        "data documents learn measure replay report work",
        "matplotlib numpy pandas pydantic scipy threadpoolctl",
    ),
    "hardware": (
        "golden",
        "cost data documents report work",
        "matplotlib numpy pydantic rich rtl",
    ),
    "compare": ("", "data documents measure report study work", "matplotlib numpy"),
    "pictures": (
        "golden",
        "data learn measure report study work",
        "matplotlib numpy scipy sklearn",
    ),
    "explore": (
        "golden.params",
        "cost data documents learn measure replay report study work",
        "matplotlib numpy optuna psycopg pydantic rich threadpoolctl",
    ),
    "images": (
        "golden",
        "data documents learn measure replay report study work",
        "matplotlib numpy pydantic rich threadpoolctl torch",
    ),
    "commands": (
        "golden.network",
        (
            "compare cost data documents exchange explore hardware images pictures replay report "
            "study vectors work"
        ),
        "numpy rich threadpoolctl",
    ),
    "cli": ("", "commands work", "rich typer"),
}

# The longest prefix of a module's name decides. Each may import itself and what is listed.
MAY_IMPORT = {
    "golden": {"numpy"},
    "golden.kernels": {"golden", "numpy", "numba", "llvmlite"},
    "rtl": {"amaranth", "golden.params", "golden.polynomials", "numpy"},
    **{
        f"sim.{wing}": {
            *golden.split(),
            *(f"sim.{other}" for other in wings.split()),
            *outside.split(),
        }
        for wing, (golden, wings, outside) in WINGS.items()
    },
    "engram": {"golden", "sim"},
    "verification": {*LAYERS, "*"},
}
for _command in ("binplay", "native", "pretrain", "pretrain_series", "resnet"):
    MAY_IMPORT[f"sim.commands.{_command}"] = {*MAY_IMPORT["sim.commands"], "sim.commands", "torch"}
MAY_IMPORT["sim.commands.rtl"] = {*MAY_IMPORT["sim.commands"], "sim.commands", "rtl"}

# Numba stays behind golden.kernels, the plain definitions above it.
MAY_NOT_IMPORT = {"golden": {"golden.kernels"}, "golden.params": {"golden.bits"}}


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
    return [
        ROOT / "engram.py",
        *sorted(p for layer in LAYERS for p in (ROOT / layer).rglob("*.py")),
    ]


def test_every_module_imports_only_what_its_layer_may() -> None:
    found = []
    for path in modules():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found += faults(module, path.read_text())
    assert found == []


def test_wings_are_those_of_the_table_and_import_just_what_it_says() -> None:
    house = House(ROOT)
    assert set(house.wings) == set(WINGS)
    assert house.arrows == {(a, b) for a, (_, below, _) in WINGS.items() for b in below.split()}


def test_a_wing_imports_only_wings_on_lower_floors() -> None:
    floor = {wing: number for number, wings in enumerate(FLOORS) for wing in wings}
    assert set(floor) == set(WINGS)
    assert [(a, b) for a, b in House(ROOT).arrows if floor[a] <= floor[b]] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert House(ROOT).file_circles == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("rtl.lfsr", "from golden.lfsr import Lfsr"),
        ("golden.lfsr", "import numba"),
        ("golden.sampler", "from golden.kernels import draw"),
        ("golden.bits", "from sim.work.files import write_whole"),
        ("sim.work.files", "from sim.documents.section import Section"),
        ("sim.documents.read", "from sim.data.bank import Bank"),
        ("sim.measure.ledger", "from sim.replay import SOURCES"),
        ("sim.report.tables", "from sim.study.report.groups import Group"),
        ("sim.data.bank", "from sim.study.config import StudyConfig"),
        ("sim.learn.head", "from numba import njit"),
        ("sim.replay.gbm", "from sim.study.experiment import Experiment"),
        ("sim.cost.counts.sampler", "from golden.sampler import Sampler"),
        ("sim.exchange.graph", "from sim.hardware.loading import network_files"),
        ("sim.cost.report.document", "from rtl.emit import Design"),
        ("sim.study.study", "import verification.bench"),
        ("sim.hardware.mapping", "from sim.explore.space.space import Space"),
        ("sim.compare.choice", "import torch"),
        ("sim.pictures.flips", "import optuna"),
        ("sim.explore.designs.chip", "from sim.images.device import choose_device"),
        ("sim.images.device", "from sim.commands.pretrain import PretrainCommand"),
        ("sim.commands.run", "import torch"),
        ("sim.commands.cost", "from rtl.emit import Design"),
        ("sim.cli", "import amaranth"),
        ("engram", "from rtl.emit import Design"),
    ],
)
def test_planted_import_is_found(module: str, source: str) -> None:
    assert faults(module, source) != []


def test_planted_circles_and_steps_back_up_are_found(tmp_path: Path) -> None:
    for name, source in {
        "work/files": "from sim.study.run import Run",
        "study/run": "import sim.report.tables",
        "report/tables": "from sim.work import files",
        "report/text": "from sim.report.tables import markdown_table",
    }.items():
        (tmp_path / "sim" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sim" / f"{name}.py").write_text(source + "\n")
    house = House(tmp_path)
    assert house.arrows == {("work", "study"), ("study", "report"), ("report", "work")}
    assert house.circles == [["report", "study", "work"]]
    assert house.file_circles == [["sim.report.tables", "sim.study.run", "sim.work.files"]]
    assert house.back_up == 3
    (tmp_path / "sim" / "report" / "tables.py").write_text("import sys\n")
    assert (House(tmp_path).circles, House(tmp_path).back_up) == ([], 0)
    assert House(tmp_path).floors == {"report": 1, "study": 2, "work": 3}


def test_only_commands_that_map_hardware_need_amaranth() -> None:
    commands = "sim.cli, sim.commands.run, sim.commands.bank, sim.cost.assessment"
    check = f"import sys, {commands}; sys.exit('amaranth' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0


def test_no_environment_variable_is_read_outside_the_tests_but_in_one_place() -> None:
    place = ROOT / "sim" / "cli" / "surroundings.py"
    assert "os.environ" in place.read_text()
    for path in modules():
        if path.relative_to(ROOT).parts[0] != "verification" and path != place:
            assert not re.search(r"os\.environ|getenv", path.read_text()), path
