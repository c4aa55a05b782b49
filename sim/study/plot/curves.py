# SPDX-License-Identifier: MIT
"""Accuracy against bits and task by task, and old classes against new ones."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from sim.report.paper import paper_style
from sim.study.plot.looks import BOUND_LOOKS, Palette
from sim.study.plot.panels import Panels, grid_panels
from sim.study.plot.results import Results
from sim.study.report.ages import NEW, OLD, draw_ages, draw_means
from sim.study.report.drawing import AXES, Looks, draw_curves, draw_levels, draw_series
from sim.study.report.groups import MethodGroup
from sim.study.report.series import Axis
from sim.work.errors import UserError

__all__ = ["ages", "bits", "tasks"]


@paper_style()
def bits(results: Sequence[Results], columns: int, axis: Axis) -> Figure:
    """Draw average incremental accuracy against bits, a line a family, bounds as levels.

    Parameters
    ----------
    results : sequence of Results
    columns : int
        Columns of the page that the figure is as wide as.
    axis : {"state", "memory", "chip"}
        Bits along x, as in `bits_of`.

    Raises
    ------
    UserError
        If a study has no memory to draw, or does not say the bits of its network.
    """
    drawn = [_placed(one, axis) for one in results]
    points = [place for panel in drawn for place, _ in panel]
    mega = max(points) >= 1e7
    unit, scale = ("Mb", 1e6) if mega else ("kb", 1e3)
    labels = (AXES[axis].format(unit=unit), "average incremental accuracy (%)")
    panels = _panels(results, columns, labels)
    looks = Palette(series.name for one in results for series in one.series)
    for one, axes in zip(results, panels.axes, strict=True):
        for series in one.series:
            if series.placed(axis, _network_bits(one, axis)):
                look = looks[series.name]
                draw_series(axes, series, axis, _network_bits(one, axis), look)
    for one, axes in zip(results, panels.axes, strict=True):
        draw_levels(axes, one.bounds, lambda g: BOUND_LOOKS[g.replay], lambda g: _level(g, results))
    for axes in panels.axes:
        _logarithmic(axes, scale)
    panels.add_legend()
    return panels.figure


@paper_style()
def tasks(results: Sequence[Results], columns: int) -> Figure:
    """Draw the accuracy on all classes seen after each task, with bands of one deviation.

    Parameters
    ----------
    results : sequence of Results
    columns : int
        Columns of the page that the figure is as wide as.
    """
    along = "tasks learnt" if all(one.again for one in results) else "classes seen"
    panels = _panels(results, columns, (along, "accuracy on all classes seen (%)"))
    looks = _looks(results)
    for one, axes in zip(results, panels.axes, strict=True):
        draw_curves(axes, one.shown, one.places, looks)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        if one.again and along == "classes seen":
            axes.set_xlabel("tasks learnt")
    panels.add_legend()
    return panels.figure


@paper_style()
def ages(results: Sequence[Results], columns: int) -> Figure:
    """Draw the final accuracy on later classes against that on the first task's classes.

    Parameters
    ----------
    results : sequence of Results
    columns : int
        Columns of the page that the figure is as wide as.

    Raises
    ------
    UserError
        If a study has no later tasks with classes of their own.
    """
    for one in results:
        if one.again or len(one.places) < 2:
            raise UserError(
                f"--kind ages needs later tasks that bring classes of their own, and {one.path} "
                "has none"
            )
    panels = _panels(results, columns, (OLD, NEW))
    looks = _looks(results, 4.5)  # larger, so that crossed bars do not hide them
    for one, axes in zip(results, panels.axes, strict=True):
        draw_ages(axes, one.shown, looks)
    for axes in panels.axes:
        draw_means(axes)
    panels.add_legend()
    return panels.figure


def _panels(results: Sequence[Results], columns: int, labels: tuple[str, str]) -> Panels:
    shared = len({one.data for one in results}) == 1
    return grid_panels([one.title for one in results], columns, shared=shared, labels=labels)


def _looks(results: Sequence[Results], size: float = 3.5) -> Looks:
    """Return the looks of all methods that are shown, the same in every panel."""
    names = [g.label for one in results for g in one.shown if g.replay not in BOUND_LOOKS]
    palette = Palette(names, size)
    return lambda group: BOUND_LOOKS.get(group.replay) or palette[group.label]


def _placed(results: Results, axis: Axis) -> list[tuple[int, MethodGroup]]:
    """Return all points of a panel; refuse a panel without any."""
    network_bits = _network_bits(results, axis)
    points = [p for series in results.series for p in series.placed(axis, network_bits)]
    if not points:
        raise UserError(
            f"--kind bits needs methods that keep bits, and {results.path} has only bounds"
        )
    return points


def _network_bits(results: Results, axis: Axis) -> int:
    if axis != "chip":
        return 0
    if results.network_bits is None:
        raise UserError(
            f"--axis chip needs the bits of the network of the embeddings, and {results.path} does "
            "not have them: it must be the results of a bank whose network is known"
        )
    return results.network_bits


def _level(group: MethodGroup, results: Sequence[Results]) -> str:
    """Return the legend of a bound: its name, and its level in each panel."""
    levels = []
    for one in results:
        found = [g for g in one.bounds if g.label == group.label]
        mean = found and f"{100 * found[0].spread('average_incremental').mean:.1f}"
        levels.append(mean or "-")
    return f"{group.label} ({', '.join(levels)} %)"


def _logarithmic(axes: Axes, scale: float) -> None:
    axes.set_xscale("log")
    axes.margins(x=0.09)
    low, high = axes.get_xlim()
    decades = math.log10(high / low)
    steps = (1, 2, 5) if decades < 2.2 else (1, 3) if decades < 3.2 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=steps))
    axes.xaxis.set_major_formatter(lambda place, _: f"{place / scale:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
