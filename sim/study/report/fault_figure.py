# SPDX-License-Identifier: MIT
"""What failing memories cost, as a picture: a panel a method, a line for what fails in it."""

from collections.abc import Sequence
from os.path import commonprefix

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from sim.report.figure import house_style, new_figure
from sim.study.methods import NETWORK_KEYS
from sim.study.report.faults import POINT, FaultLine

__all__ = ["points_by_share"]

_ACROSS = 3  # panels beside each other
_LINES = ("-", "--", ":")
_LEAST = 1e-4  # shares below it cost nothing that could be seen
_TICKS = (-1, 0, 1, 2, 5, 10, 20, 40)  # points


@house_style()
def points_by_share(lines: Sequence[FaultLine]) -> Figure:
    """Draw the points of accuracy that are lost against the share of cells that fail.

    Parameters
    ----------
    lines : sequence of FaultLine
    """
    panels: dict[str, list[FaultLine]] = {}
    for line in lines:
        panels.setdefault(line.sound.replay, []).append(line)
    across = min(_ACROSS, len(panels))
    down = -(-len(panels) // across)
    figure = new_figure(1 + 3.6 * across, 0.6 + 3.1 * down)
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for place, members in enumerate(panels.values()):
        _draw(grid.flat[place], members)
    for place in range(len(panels), down * across):
        grid.flat[place].set_visible(False)
        # The panel above has the numbers of its column.
        grid.flat[place - across].tick_params(labelbottom=True)
    first = grid.flat[0]
    leads = [line.lead(group) for line in lines for s, group in line.failing if s >= _LEAST]
    leads = leads or [line.lead(group) for line in lines for _, group in line.failing]
    ends = [lead.mean + sign * (lead.deviation or 0) for lead in leads for sign in (-1, 1)]
    lost = [-100 * end for end in ends]
    first.set_yscale("symlog", linthresh=1, linscale=0.6)
    first.set_yticks(_TICKS, [str(tick) for tick in _TICKS])
    first.yaxis.set_minor_locator(NullLocator())
    first.set_ylim(1.5 * max(*lost, 1), min(*lost, 0) - 0.4)  # ticks beyond it widen it
    first.set_xscale("log")
    first.xaxis.set_minor_formatter(NullFormatter())
    figure.supxlabel("share of cells that fail", fontsize=10)
    figure.supylabel("points of average incremental accuracy lost", fontsize=10)
    return figure


def _draw(axes: Axes, lines: Sequence[FaultLine]) -> None:
    """Draw the lines of one method."""
    title = _title([line.name for line in lines])
    beside = any(NETWORK_KEYS.keys() & line.failing[0][1].faults.keys() for line in lines)
    whole = "the past" if beside else "all cells"
    colours = mpl.colormaps["tab10"].colors  # type: ignore[attr-defined]
    axes.axhline(100 * POINT, color="0.4", lw=0.8, ls="--", zorder=0)
    for number, line in enumerate(lines):
        spreads = [(s, line.lead(group)) for s, group in line.failing if s >= _LEAST]
        spreads = spreads or [(s, line.lead(group)) for s, group in line.failing]
        axes.errorbar(
            [share for share, _ in spreads],
            [-100 * spread.mean for _, spread in spreads],
            yerr=[100 * (spread.deviation or 0) for _, spread in spreads],
            color=colours[number % len(colours)],
            ls=_LINES[number // len(colours) % len(_LINES)],
            marker="o",
            markersize=3,
            capsize=2,
            label=line.name.removeprefix(title).strip(", ") or whole,
        )
    axes.set_title(title, fontsize=9)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="lower left", frameon=False)


def _title(names: Sequence[str]) -> str:
    """Return what the names of lines begin with, up to a comma."""
    if len(set(names)) == 1:
        return names[0]
    common = commonprefix(list(names))
    whole = all(name == common or name[len(common)] == "," for name in names)
    return common if whole else common.rpartition(",")[0]
