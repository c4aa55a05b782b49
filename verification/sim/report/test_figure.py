# SPDX-License-Identifier: MIT
"""Figures: the same bytes whatever a user asks of matplotlib, since all are drawn in one style."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from sim.report.figure import figure_bytes, house_style, new_figure

ROOT = Path(__file__).parents[3]

HOSTILE = """\
text.usetex: True
font.size: 40
font.family: serif
figure.dpi: 17
figure.facecolor: black
savefig.bbox: tight
axes.prop_cycle: cycler("color", ["pink"])
axes.formatter.use_locale: True
lines.linewidth: 9
path.sketch: 10, 10, 10
"""


@house_style()
def drawn() -> Figure:
    figure = new_figure(3, 2)
    axes = figure.subplots()
    axes.plot([1, 2], [3, 10_000], label="line")
    axes.set_title("$x^2$")
    axes.legend()
    return figure


def test_settings_of_the_caller_change_no_byte_and_come_back() -> None:
    plain = figure_bytes(drawn())
    with mpl.rc_context({"font.size": 40, "lines.linewidth": 9, "savefig.bbox": "tight"}):
        assert figure_bytes(drawn()) == plain
        assert mpl.rcParams["font.size"] == 40
    assert figure_bytes(drawn(), resolution=50) != plain


def test_a_matplotlibrc_changes_no_file_of_a_report(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(HOSTILE)
    call = "from sim.cli import main; main()"
    command = [sys.executable, "-c", call, "cost", "--out", "cost"]
    folders = []
    asked = {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc")}
    for name, more in (("hostile", asked), ("plain", {})):
        (tmp_path / name).mkdir()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
        done = subprocess.run(
            command, cwd=tmp_path / name, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        folders.append({f.name: f.read_bytes() for f in (tmp_path / name / "cost").iterdir()})
    assert sum(name.endswith(".png") for name in folders[0]) >= 3
    assert folders[0] == folders[1]


#: Contexts in which a figure may be drawn, and the modules that may write one.
STYLES = {"house_style()", "paper_style()"}
WRITERS = [ROOT / "sim" / "report" / name for name in ("figure.py", "paper.py")]


def faults(source: str) -> list[str]:
    """Return what a module does to figures that `WRITERS` alone may do."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            if name in ("Figure", "savefig"):
                found.append(f"line {node.lineno} calls {name}")
        elif isinstance(node, ast.FunctionDef):
            calls = {ast.unparse(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
            styles = {ast.unparse(decorator) for decorator in node.decorator_list}
            if "new_figure" in calls and not styles & STYLES:
                found.append(f"{node.name} draws outside the style of the house")
        elif isinstance(node, ast.Import | ast.ImportFrom) and "pyplot" in ast.unparse(node):
            found.append(f"line {node.lineno} imports pyplot")
    return found


def test_every_figure_is_made_and_written_in_the_style_of_the_house() -> None:
    modules = [p for layer in ("sim", "verification/bench") for p in (ROOT / layer).rglob("*.py")]
    assert {p: f for p in modules if p not in WRITERS and (f := faults(p.read_text()))} == {}
    assert sum("new_figure(" in p.read_text() for p in modules) > 10


def test_planted_figures_are_found() -> None:
    planted = """
import matplotlib.pyplot as plt
def one(): return Figure(figsize=(1, 2))
def two():
    new_figure(1, 2).savefig("two.png")
"""
    assert faults(planted) == [
        "line 2 imports pyplot",
        "two draws outside the style of the house",
        "line 3 calls Figure",
        "line 5 calls savefig",
    ]
