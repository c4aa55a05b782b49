# SPDX-License-Identifier: MIT
"""The section of a cost report on memories with a supply of their own, at which cells fail."""

import math
from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.cost.failing import BEARABLE, PHASE, FailingLine, FailingPoint
from sim.cost.failing_results import Loss, Which
from sim.cost.formatting import bounds, nominal
from sim.learn.cells import CellCurve
from sim.report.figure import house_style, new_figure
from sim.report.tables import markdown_table
from sim.report.wording import listed

__all__ = ["PICTURE", "accuracy_by_supply", "failing_section"]

#: Name of the picture.
PICTURE = "accuracy_by_supply.png"

_COLUMNS = (
    "memory", "supply (V)", "cells that fail", "points lost", "low", "energy of a task", "high",
    "of these memories", "saved of the task",
)  # fmt: skip
_APART = 8  # per cent between two supplies that are written
_DEEPEST = 0.03  # accuracy lost down to which the picture goes
_NAMES: dict[Which, str] = {
    "prototypes": "prototypes",
    "weights": "weights of the head",
    "network": "weights of the network",
    "maps": "maps of the network",
}
_COLOURS: dict[Which, str] = {
    "prototypes": "tab:orange",
    "weights": "tab:blue",
    "network": "tab:red",
    "maps": "tab:cyan",
}
_OF_SEVERAL = ("tab:green", "tab:purple", "tab:brown", "tab:pink", "tab:olive", "tab:gray")

_SCOPE = """\
Of {memories}, one memory or several have a supply of their own, at which some of their cells fail \
for good, at the first supply of the table too; all else keeps its supply and the clock. The \
energy is that of the phase *{phase}*. The accuracy is that of {label} in the study, \
{accuracy:.1%} with sound memories, less what the share of failing cells costs there, between its \
shares on straight lines over their logarithm; a share below the least one tried costs what that \
one does, and none costs less than a smaller share or than nothing."""
_ESTIMATE = """\
What several lose is measured only at supplies between the shares that the study let fail at once. \
Else, and at the first supply, it is an estimate, the sum of what each loses alone; each at its \
own supply, all choices are searched."""
_CHECKS = """\
Check bits of prototypes have the supply of their codes, but what they put right is not in the \
accuracy."""
_NETWORK = """\
The weights of a head that lie in the memory of the network's weights do not fail in the study."""
_SOUND = """\
No study of {memories} is in these results, so that these keep sound memories."""
_LEFT_OUT = """\
Level shifters, further regulators and whether a memory keeps up at a low supply are not counted."""
_AT_ONCE_COLUMNS = ("memories", "cells that fail", "points lost at once", "sum of each alone")


def failing_section(
    lines: Sequence[FailingLine], losses: Sequence[Loss], cells: CellCurve, node: float
) -> str:
    """Return the section in Markdown.

    Parameters
    ----------
    lines : sequence of FailingLine
    losses : sequence of Loss
        What the lines come from.
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
    at_once = _at_once(losses)
    parts = (
        "## Memories at a supply where cells fail",
        _scope(lines, losses[0]),
        f"Cells: {cells.title} ({kind}).{source}",
        "\n".join(f"- {_sentence(line)}" for line in lines),
        markdown_table(_COLUMNS, rows),
        *([markdown_table(_AT_ONCE_COLUMNS, at_once)] if at_once else []),
        f"![accuracy against energy, the supply along the line]({PICTURE})",
    )
    return "\n\n".join(parts)


def _scope(lines: Sequence[FailingLine], loss: Loss) -> str:
    """Return what the lines are of, and what they leave out."""
    tried = {which for line in lines for which in line.members}
    memories = listed([_NAMES[which] for which in _NAMES if which in tried])
    sound = [_NAMES[which] for which in ("network", "maps") if which not in tried]
    parts = [
        _SCOPE.format(
            memories=memories,
            phase=PHASE,
            label=loss.label,
            accuracy=loss.accuracy,
        ),
        _ESTIMATE * (len(lines) > 1),
        _CHECKS * ("prototypes" in tried),
        _NETWORK * ("network" in tried),
        _SOUND.format(memories=listed(sound)) if sound else "",
        _LEFT_OUT,
    ]
    return " ".join(filter(None, parts))


def _at_once(losses: Sequence[Loss]) -> list[list[str]]:
    """Return what memories lose that failed at once, beside the sum of what each lost alone."""
    alone = {loss.members[0]: loss for loss in losses if len(loss.members) == 1}
    rows = []
    for loss in losses:
        for share, lost in loss.points if len(loss.members) > 1 else ():
            each = [dict(alone[which].points) for which in loss.members if which in alone]
            known = [points[share] for points in each if share in points]
            whole = len(known) == len(loss.members)
            rows.append([
                listed([_NAMES[which] for which in loss.members]),
                f"{share:g}",
                f"{100 * lost:.2f}",
                f"{100 * sum(known):.2f}" if whole else "-",
            ])  # fmt: skip
    return rows


def _name(line: FailingLine) -> str:
    """Return the name of a line."""
    names = listed([_NAMES[which] for which in line.members])
    if len(line.members) == 1:
        return names
    if line.measured:
        return f"{names} at one supply, measured at once"
    whole = "both" if len(line.members) == 2 else f"all {len(line.members)}"
    return f"{whole}, each at its own supply (estimate)" if line.apart else (
        f"{whole} at one supply (estimate)"
    )  # fmt: skip


def _row(line: FailingLine, point: FailingPoint, first: FailingPoint) -> list[str]:
    saved = 1 - point.energy.nominal / first.energy.nominal
    return [
        _name(line),
        _each(point.voltages, ".3g"),
        _each(point.shares, ".2g"),
        f"{100 * point.lost:.2f}",
        *bounds(point.energy, "J"),
        nominal(point.memory, "J"),
        f"{saved:.1%}",
    ]


def _each(values: tuple[float, ...], form: str) -> str:
    """Return the value of each memory in words, once if all are the same."""
    shown = values if len(set(values)) > 1 else values[:1]
    return listed([format(value, form) for value in shown])


def _sentence(line: FailingLine) -> str:
    """Return what the least supply within `BEARABLE` brings."""
    first, best = line.points[0], line.best
    if best is None:
        return f"{_begun(_name(line))}: no supply here loses at most {100 * BEARABLE:g} points."
    own = 1 - best.memory.nominal / first.memory.nominal
    whole = 1 - best.energy.nominal / first.energy.nominal
    lowest = " That is the lowest supply of which anything is known." * (best is line.points[-1])
    return (
        f"{_begun(_name(line))}: the least energy with at most {100 * BEARABLE:g} "
        f"points lost is at {_each(best.voltages, '.3g')} V, where "
        f"{_each(best.shares, '.2g')} of the cells fail and {100 * best.lost:.2f} points are "
        f"lost. It saves {own:.0%} of the accesses to these memories, and {whole:.1%} of "
        f"a task.{lowest}"
    )


def _begun(text: str) -> str:
    return text[0].upper() + text[1:]


@house_style()
def accuracy_by_supply(lines: Sequence[FailingLine]) -> Figure:
    """Draw accuracy against energy: of the task, and of the memories alone.

    Parameters
    ----------
    lines : sequence of FailingLine
    """
    figure = new_figure(10, 4.4 + 0.1 * len(lines))
    whole, own = figure.subplots(1, 2, sharey=True)
    several = cycle(_OF_SEVERAL)
    for line in lines:
        shown = [point for point in line.points if point.lost <= _DEEPEST]
        accuracies = [100 * (line.accuracy - point.lost) for point in shown]
        tasks = [1e3 * point.energy.nominal for point in shown]
        shares = [_share(point, line) for point in shown]
        colour = _COLOURS[line.members[0]] if len(line.members) == 1 else next(several)
        style = {"color": colour, "ms": 3, "lw": 1.2, "ls": "-" if line.measured else "--"}
        for axes, values in ((whole, tasks), (own, shares)):
            axes.plot(values, accuracies, marker=".", label=_name(line), **style)
            if line.best is not None:
                best = shown.index(line.best)
                axes.plot(values[best], accuracies[best], "o", color=colour, ms=7, mfc="none")
    # At one supply, all lines have the same supplies at the same shares: one has the numbers.
    _write_supplies(own, next(line for line in reversed(lines) if not line.apart))
    for axes in (whole, own):
        axes.axhline(100 * (lines[0].accuracy - BEARABLE), color="0.4", lw=0.8, ls="--", zorder=0)
        axes.grid(alpha=0.3)
    whole.set_xlabel("energy of a task (mJ)")
    own.set_xlabel("accesses to these memories (% of the full supply)")
    whole.set_ylabel("average incremental accuracy (%)")
    handles, labels = own.get_legend_handles_labels()
    columns = 2 if len(lines) > 2 else 1
    figure.legend(
        handles, labels, fontsize=8, frameon=False, loc="outside lower center", ncols=columns
    )
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
