# SPDX-License-Identifier: MIT
"""The figure of a study in image space: accuracy after each task, and against memory."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.images.native.groups import PlanGroup
from sim.images.native.published import Published, published_runs
from sim.report.figure import house_style, new_figure

__all__ = ["accuracies"]

_COLOUR_MAPS = {"native": "Oranges", "latent": "Blues", "float": "Greens", "joint": "Greys"}
_LINE = {"native": "tab:orange", "latent": "tab:blue", "float": "tab:green", "joint": "0.3"}
_PUBLISHED = {"ls": ":", "lw": 1.2, "marker": "x", "markersize": 4}


@house_style()
def accuracies(groups: Sequence[PlanGroup], seen: Sequence[int], increment: int) -> Figure:
    """Draw every method after each task, and its final accuracy against the bits of its memory.

    Parameters
    ----------
    groups : sequence of PlanGroup
    seen : sequence of int
        Classes seen after each task.
    increment : int
        Classes of a task; published runs with another number are left out.
    """
    figure = new_figure(13, 4.8)
    left, right = figure.subplots(1, 2)
    for group in groups:
        colour = _shade(group, groups)
        style = "--" if group.plan.ideal else "-"
        left.plot(
            seen, 100 * group.by_task, style, color=colour, marker="o", ms=3, label=group.plan.label
        )
        if group.published and len(group.published.by_task) == len(seen):
            left.plot(seen, [100 * a for a in group.published.by_task], color=colour, **_PUBLISHED)
    for replay, ideal in dict.fromkeys((g.plan.replay, g.plan.ideal) for g in groups):
        _by_bits(right, [g for g in groups if (g.plan.replay, g.plan.ideal) == (replay, ideal)])
    _published_by_bits(right, {(g.plan.replay, g.plan.ideal) for g in groups}, increment)
    left.set(xlabel="classes seen", ylabel="accuracy on all classes seen (%)", xticks=list(seen))
    right.set(xlabel="memory of the past (Mb)", ylabel="final accuracy (%)", xscale="log")
    right.xaxis.set_major_formatter(lambda megabits, _: f"{megabits:g}")
    dotted = Line2D([], [], color="0.4", label="ISCAS'24 slides, read off", **_PUBLISHED)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    right.legend(handles=[*right.get_legend_handles_labels()[0], dotted], fontsize=7)
    figure.legend(
        handles=[*left.get_legend_handles_labels()[0], dotted],
        loc="outside right center",
        fontsize=8,
        frameon=False,
        title="left",
    )
    return figure


def _by_bits(axes: Axes, family: Sequence[PlanGroup]) -> None:
    """Draw final accuracies of one method over its budgets; a level line if it has no budget."""
    plan = family[0].plan
    if plan.megabits is None:
        accuracy = 100 * family[0].spread("final").mean
        axes.axhline(accuracy, color=_LINE[plan.replay], lw=1.2, label=plan.name)
        return
    points = sorted((g.plan.megabits or 0, 100 * g.spread("final").mean) for g in family)
    style = "--" if plan.ideal else "-"
    axes.plot(
        *zip(*points, strict=True),
        style,
        color=_LINE[plan.replay],
        marker="o",
        ms=4,
        label=plan.name,
    )


def _published_by_bits(axes: Axes, methods: set[tuple[str, bool]], increment: int) -> None:
    for replay, ideal in sorted(methods):
        runs = [p for p in published_runs() if _shown(p, replay, ideal, increment)]
        points = sorted((p.megabits or 0, 100 * p.final) for p in runs)
        if points:
            look = {**_PUBLISHED, "ls": "-." if ideal else ":"}
            axes.plot(*zip(*points, strict=True), color=_LINE[replay], **look)


def _shown(run: Published, replay: str, ideal: bool, increment: int) -> bool:
    same = (run.replay, run.ideal, run.increment) == (replay, ideal, increment)
    return same and run.megabits is not None


def _shade(group: PlanGroup, groups: Sequence[PlanGroup]) -> object:
    """Return the colour of a method; a larger memory makes it darker."""
    budgets = sorted({g.plan.megabits or 0 for g in groups if g.plan.replay == group.plan.replay})
    place = (budgets.index(group.plan.megabits or 0) + 1) / len(budgets)
    return mpl.colormaps[_COLOUR_MAPS[group.plan.replay]](0.35 + 0.6 * place)
