# SPDX-License-Identifier: MIT
"""A panel of axes for each result, side by side or one below the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report.figure import new_figure
from sim.report.paper import TYPE, WIDTHS, legend_below, paper_style, wrapped

__all__ = ["Panels", "grid_panels", "row_panels"]

_LINE = 1.25 * TYPE / 72  # height in inches of a line of text
_BESIDE = 0.6  # inches that labels and numbers take beside a panel
_LARGEST_GRID = 3  # panels side by side


@dataclass(frozen=True)
class Panels:
    """A figure and the axes of its panels, one for each result in order."""

    figure: Figure
    axes: Sequence[Axes]

    def add_legend(self) -> None:
        """Add one legend of all that the panels show, each label once."""
        entries: dict[str, Any] = {}
        for axes in self.axes:
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                entries.setdefault(label, handle)
        legend_below(self.figure, list(entries.values()), list(entries))


@paper_style()
def grid_panels(
    titles: Sequence[str], columns: int, *, shared: bool, labels: tuple[str, str]
) -> Panels:
    """Return panels in a grid; with `shared`, all have the same limits.

    Parameters
    ----------
    titles : sequence of str
        One for each panel.
    columns : int
        Columns of the page that the figure is as wide as.
    shared : bool
    labels : pair of str
        Of the x axis and the y axis.
    """
    across = _across(len(titles)) if columns > 1 else 1
    down = -(-len(titles) // across)
    width = WIDTHS[columns]
    panel = (width - _BESIDE) / across
    high = 2.3 if columns == 1 else {1: 3.3, 2: 2.5}.get(across, 2.1)
    texts = [wrapped(title, panel - 0.1) for title in titles]
    figure = new_figure(width, down * high + _heights(texts, across))
    made: list[Axes] = []
    for place, text in enumerate(texts):
        first = made[0] if made and shared else None
        axes = figure.add_subplot(down, across, place + 1, sharex=first, sharey=first)
        axes.set_title(text)
        axes.grid(visible=True)
        axes.set_axisbelow(True)
        if place + across >= len(titles):
            axes.set_xlabel(wrapped(labels[0], panel))
        if place % across == 0:
            axes.set_ylabel(wrapped(labels[1], high - 0.35))
        elif shared:
            axes.tick_params(labelleft=False)
        made.append(axes)
    return Panels(figure, made)


@paper_style()
def row_panels(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    columns: int,
    *,
    shared: bool,
    label: str,
) -> tuple[Panels, list[list[float]]]:
    """Return panels below each other, whose y axes have a labelled row for each method.

    Parameters
    ----------
    titles : sequence of str
        One for each panel.
    rows : sequence of sequences of str
        Labels of each panel's rows, from above; a wide one is broken into lines.
    columns : int
        Columns of the page that the figure is as wide as.
    shared : bool
        Whether all panels have the same limits along x.
    label : str
        Of the x axis.

    Returns
    -------
    Panels
    list of list of float
        Place of each row on the y axis of its panel.
    """
    width = WIDTHS[columns]
    texts = [[wrapped(row, 0.48 * width) for row in panel] for panel in rows]
    lines = [[text.count("\n") + 1 for text in panel] for panel in texts]
    heights = [_LINE * (sum(panel) + 0.25 * len(panel)) for panel in lines]
    heads = [wrapped(title, width - 0.3) for title in titles]
    figure = new_figure(width, sum(heights) + _heights(heads, 1) + 0.45 * len(titles))
    grid = figure.add_gridspec(len(titles), 1, height_ratios=heights)
    made: list[Axes] = []
    places: list[list[float]] = []
    for number, panel in enumerate(texts):
        axes = figure.add_subplot(grid[number], sharex=made[0] if made and shared else None)
        axes.set_title(heads[number], loc="right")  # it reaches over the labels
        places.append(_places(lines[number]))
        axes.set_yticks(places[-1], panel)
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(places[-1][-1] + 0.5 * lines[number][-1] + 0.4, -0.5 * lines[number][0] - 0.4)
        axes.grid(visible=True, axis="x")
        axes.set_axisbelow(True)
        made.append(axes)
    made[-1].set_xlabel(wrapped(label, 0.5 * width))
    return Panels(figure, made), places


def _places(lines: Sequence[int]) -> list[float]:
    """Return the middles of rows of so many lines each, a quarter of a line apart."""
    places, top = [], -0.5 * lines[0]
    for count in lines:
        places.append(top + 0.5 * count)
        top += count + 0.25
    return places


def _across(count: int) -> int:
    if count <= _LARGEST_GRID:
        return count
    return 2 if count == 4 else _LARGEST_GRID


def _heights(titles: Sequence[str], across: int) -> float:
    """Return the height of the titles of all rows of a grid."""
    lines = [title.count("\n") + 1 for title in titles]
    rows = [max(lines[start : start + across]) for start in range(0, len(lines), across)]
    return _LINE * sum(rows)
