# SPDX-License-Identifier: MIT
"""The section of a cost report on memories with a supply of their own, at which cells fail."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.cost.failing import BEARABLE, PHASE, FailingLine, FailingPoint
from sim.cost.formatting import bounds, nominal
from sim.learn.cells import CellCurve
from sim.report.figure import house_style, new_figure
from sim.report.tables import markdown_table

__all__ = ["PICTURE", "accuracy_by_supply", "failing_section"]

#: Name of the picture.
PICTURE = "accuracy_by_supply.png"

_COLUMNS = (
    "memory", "supply (V)", "cells that fail", "points lost", "low", "energy of a task", "high",
    "of these memories", "saved of the task",
)  # fmt: skip
_APART = 8  # per cent between two supplies that are written
_DEEPEST = 0.03  # accuracy lost down to which the picture goes
_COLOURS = {
    "prototypes": "tab:orange",
    "weights": "tab:blue",
    "both": "tab:green",
    "each": "tab:purple",
}
_NAMES = {
    "prototypes": "prototypes",
    "weights": "weights of the head",
    "both": "both at one supply",
    "each": "both, each at its own supply",
}

_SCOPE = """\
The memory of prototypes, that of the weights of the head, or both have a supply of their own, at \
which some of their cells fail for good, at the first supply of the table too; all else keeps its \
supply and the clock. The energy is that of the phase *{phase}*. The accuracy is that of {label} \
in the study, {accuracy:.1%} with sound memories, less what the share of failing cells costs \
there, between its shares on straight lines over their logarithm; a share below the least one \
tried costs what that one does. Both together are taken to lose the sum. Each at its own supply, \
all pairs are searched. Check bits of prototypes have the supply of their codes, but what they put \
right is not in the accuracy. Level shifters, further regulators and whether a memory keeps up at \
a low supply are not counted. The network that embeds images keeps sound memories, because no \
study of its weights is in these results."""


def failing_section(lines: Sequence[FailingLine], label: str, cells: CellCurve, node: float) -> str:
    """Return the section in Markdown.

    Parameters
    ----------
    lines : sequence of FailingLine
    label : str
        The method of the study.
    cells : CellCurve
    node : float
        That of the energies, in nm.
    """
    kind = {
        "silicon": "counted in silicon",
        "model": "a published model, not silicon",
        "illustrative": "**illustrative: no silicon stands behind them**",
    }[cells.evidence]
    source = "" if cells.evidence == "illustrative" else f" {cells.citation.rstrip('.')}."
    if cells.node not in (None, node):
        source += (
            f" **These cells are of {cells.node:g} nm, and the energies of {node:g} nm: supplies "
            "of cells of that node are others.**"
        )
    rows = []
    for line in lines:
        first, best = line.points[0], line.best
        shown = (first,) if best in (None, first) else (first, best)
        rows += [_row(line, point, first) for point in shown]
    parts = (
        "## Memories at a supply where cells fail",
        _SCOPE.format(phase=PHASE, label=label, accuracy=lines[0].accuracy),
        f"Cells: {cells.title} ({kind}).{source}",
        "\n".join(f"- {_sentence(line)}" for line in lines),
        markdown_table(_COLUMNS, rows),
        f"![accuracy against energy, the supply along the line]({PICTURE})",
    )
    return "\n\n".join(parts)


def _row(line: FailingLine, point: FailingPoint, first: FailingPoint) -> list[str]:
    saved = 1 - point.energy.nominal / first.energy.nominal
    return [
        _NAMES[line.name],
        _each(point.voltages, ".3g"),
        _each(point.shares, ".2g"),
        f"{100 * point.lost:.2f}",
        *bounds(point.energy, "J"),
        nominal(point.memory, "J"),
        f"{saved:.1%}",
    ]


def _each(values: tuple[float, ...], form: str) -> str:
    """Return the value of each memory in words, once if all are the same."""
    return " and ".join(format(value, form) for value in dict.fromkeys(values))


def _sentence(line: FailingLine) -> str:
    """Return what the least supply within `BEARABLE` brings."""
    first, best = line.points[0], line.best
    if best is None:
        return (
            f"{_NAMES[line.name].capitalize()}: no supply here loses at most {100 * BEARABLE:g} "
            "points."
        )
    own = 1 - best.memory.nominal / first.memory.nominal
    whole = 1 - best.energy.nominal / first.energy.nominal
    lowest = " That is the lowest supply of which anything is known." * (best is line.points[-1])
    return (
        f"{_NAMES[line.name].capitalize()}: the least energy with at most {100 * BEARABLE:g} "
        f"points lost is at {_each(best.voltages, '.3g')} V, where "
        f"{_each(best.shares, '.2g')} of the cells fail and {100 * best.lost:.2f} points are "
        f"lost. It saves {own:.0%} of the accesses to these memories, and {whole:.1%} of "
        f"a task.{lowest}"
    )


@house_style()
def accuracy_by_supply(lines: Sequence[FailingLine]) -> Figure:
    """Draw accuracy against energy: of the task, and of the memories alone.

    Parameters
    ----------
    lines : sequence of FailingLine
    """
    figure = new_figure(10, 4.2)
    whole, own = figure.subplots(1, 2, sharey=True)
    for line in lines:
        shown = [point for point in line.points if point.lost <= _DEEPEST]
        accuracies = [100 * (line.accuracy - point.lost) for point in shown]
        tasks = [1e3 * point.energy.nominal for point in shown]
        shares = [_share(point, line) for point in shown]
        colour = _COLOURS[line.name]
        for axes, values in ((whole, tasks), (own, shares)):
            axes.plot(values, accuracies, ".-", color=colour, ms=3, lw=1.2, label=_NAMES[line.name])
            if line.best is not None:
                best = shown.index(line.best)
                axes.plot(values[best], accuracies[best], "o", color=colour, ms=7, mfc="none")
    # At one supply, all lines have the same supplies at the same shares: one has the numbers.
    _write_supplies(own, next(line for line in reversed(lines) if line.name != "each"))
    for axes in (whole, own):
        axes.axhline(100 * (lines[0].accuracy - BEARABLE), color="0.4", lw=0.8, ls="--", zorder=0)
        axes.grid(alpha=0.3)
    whole.set_xlabel("energy of a task (mJ)")
    own.set_xlabel("accesses to these memories (% of their energy at the full supply)")
    whole.set_ylabel("average incremental accuracy (%)")
    own.legend(fontsize=8, frameon=False, loc="center right")
    return figure


def _share(point: FailingPoint, line: FailingLine) -> float:
    """Return the energy of the memories in per cent of that at the full supply."""
    return 100 * point.memory.nominal / line.points[0].memory.nominal


def _write_supplies(axes: Axes, line: FailingLine) -> None:
    """Write supplies above an axis of shares, far enough from each other to be read."""
    places, names, before = [], [], math.inf
    for point in line.points:
        here = _share(point, line)
        if point.lost <= _DEEPEST and before - here >= _APART:
            places.append(here)
            names.append(_each(point.voltages, ".3g"))
            before = here
    above = axes.secondary_xaxis("top")
    above.set_xticks(places, names, fontsize=8)
    above.set_xlabel("supply (V)", fontsize=9)
