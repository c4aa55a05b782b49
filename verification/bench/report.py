# SPDX-License-Identifier: MIT
"""Files of a benchmark run: a page, the numbers, and a figure of the growth of each part."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from sim.report.figure import figure_bytes, house_style, new_figure
from sim.work.folder import write_folder
from verification.bench.harness import Curve, Table

__all__ = ["Machine", "format_cell", "write_report"]

Results = Mapping[str, Sequence[Table]]  # tables by benchmark name
_HOW_TO_READ = (
    "Times are the best of several repeats; every speed is a ratio to a peer or a limit measured "
    "in the same run."
)
_PACKAGES = ("engram", "numpy", "numba", "scikit-learn", "stepmix")


@dataclass(frozen=True)
class Machine:
    """The machine of a run: CPU model, threads that this process may use, versions by package."""

    cpu: str
    threads: int
    versions: dict[str, str]

    @classmethod
    def current(cls) -> "Machine":
        """Describe the machine that runs this process."""
        versions = {"python": platform.python_version()}
        for package in _PACKAGES:
            try:
                versions[package] = metadata.version(package)
            except metadata.PackageNotFoundError:
                versions[package] = "not installed"
        return cls(_cpu_model(), _thread_count(), versions)


def format_cell(value: object) -> str:
    """Return a cell as text: a float to three digits, thousands separated, a dash for None."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def write_report(out: Path, results: Results, command: str, machine: Machine) -> list[Path]:
    """Write ``report.md``, ``results.json`` and, where there are curves, ``growth.png`` into `out`.

    All files appear in one step; a run that fails leaves `out` as it was.

    Parameters
    ----------
    out : Path
        Folder, created if it is absent.
    results : mapping of str to sequence of Table
        Tables by the name of the benchmark.
    command : str
        Command line that repeats the run.
    machine : Machine
        Machine that ran the benchmarks.

    Returns
    -------
    list of Path
        The files written.
    """
    has_curves = any(table.curves for tables in results.values() for table in tables)
    files: dict[str, bytes | str] = {"growth.png": _growth(results)} if has_curves else {}
    files["report.md"] = _page(results, command, machine, has_curves)
    files["results.json"] = _numbers(results, command, machine)
    write_folder(out, files)
    return [out / name for name in files]


def _page(results: Results, command: str, machine: Machine, has_curves: bool) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    blocks = [
        "# Benchmarks",
        f"    {command}",
        f"{machine.cpu}, {machine.threads} threads; {versions}.",
        _HOW_TO_READ,
    ]
    if has_curves:
        blocks.append("![How the time of each part grows](growth.png)")
    for name, tables in results.items():
        blocks.append(f"## {name}")
        for table in tables:
            lines = [table.columns, ("---",) * len(table.columns)]
            lines += [tuple(format_cell(cell) for cell in row) for row in table.rows]
            blocks.append(f"### {table.title}")
            blocks.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
            if table.note:
                blocks.append(table.note)
    return "\n\n".join(blocks) + "\n"


def _numbers(results: Results, command: str, machine: Machine) -> str:
    content = {
        "command": command,
        **asdict(machine),
        "benchmarks": {
            name: [asdict(table) for table in tables] for name, tables in results.items()
        },
    }
    # NumPy scalars have `item`. Any other value that JSON lacks is a mistake of the benchmark.
    return (
        json.dumps(content, indent=1, allow_nan=False, default=lambda scalar: scalar.item()) + "\n"
    )


@house_style()
def _growth(results: Results) -> bytes:
    """Return the figure of time against size, relative to the smallest. A slope is an exponent."""
    panels = {
        name: curves
        for name, tables in results.items()
        if (curves := [curve for table in tables for curve in table.curves])
    }
    figure = new_figure(5.4 * len(panels), 4.4)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (name, curves) in zip(axes, panels.items(), strict=True):
        _draw_panel(ax, name, curves)
    axes[0].set_ylabel("time / time at the smallest size")
    return figure_bytes(figure, resolution=150)


def _draw_panel(ax: Axes, name: str, curves: Sequence[Curve]) -> None:
    colours = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
    markers = "osD^vP"
    widest = max(max(curve.sizes) / min(curve.sizes) for curve in curves)
    ax.plot([1, widest], [1, widest], color="0.75", linestyle="--", linewidth=1, label="linear")
    for i, curve in enumerate(curves):
        ax.plot(
            [size / curve.sizes[0] for size in curve.sizes],
            [seconds / curve.seconds[0] for seconds in curve.seconds],
            color=colours[i % len(colours)],
            marker=markers[i % len(markers)],
            markersize=5,
            linewidth=1.6,
            label=f"{curve.label}   $\\propto x^{{{curve.exponent:.2f}}}$",
        )
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}x")
        axis.set_minor_formatter(NullFormatter())
    ax.grid(color="0.92")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(name, loc="left", fontweight="bold")
    ax.set_xlabel("size / smallest size")
    ax.legend(frameon=False, fontsize="small", loc="upper left")


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _thread_count() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
