# SPDX-License-Identifier: MIT
"""Old classes against new ones: the table of accuracies by age, and the picture of both."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.report.figure import house_style, new_figure
from sim.report.spread import Spread
from sim.study.report.drawing import Looks, draw_points, legend_place
from sim.study.report.figures import look
from sim.study.report.groups import MethodGroup, Run, plain_or_all
from sim.study.report.series import few

__all__ = [
    "AGE_COLUMNS",
    "NEW",
    "OLD",
    "age_rows",
    "draw_ages",
    "draw_means",
    "has_ages",
    "stability_plasticity",
]

#: Labels of the axes of `stability_plasticity`.
OLD = "final accuracy on the classes of the first task (%)"
NEW = "final accuracy on later classes (%)"

Measure = Callable[[Run], float]


def _last(run: Run) -> NDArray[np.float64]:
    """Return the accuracy on the classes of each task, after the last task."""
    return np.array(run["accuracy_matrix"][-1], np.float64)


def _base(run: Run) -> float:
    return float(_last(run)[0])


def _later(run: Run) -> float:
    # All later tasks bring as many classes.
    return float(_last(run)[1:].mean())


_MEASURES: dict[str, Measure] = {
    "average incremental": lambda run: run["average_incremental"],
    "without the first": lambda run: float(np.mean(run["accuracy_seen"][1:])),
    "mean over tasks": lambda run: float(_last(run).mean()),
    "first task's classes": _base,
    "later classes": _later,
    "newest classes": lambda run: float(_last(run)[-1]),
}

AGE_COLUMNS = ("method", *(f"{name} (%)" for name in _MEASURES))


def has_ages(tasks: Sequence[range]) -> bool:
    """Return whether later tasks bring classes of their own."""
    return len(set(tasks)) > 1


def age_rows(groups: Sequence[MethodGroup]) -> list[list[str]]:
    """Return one row of text for each method, in the columns `AGE_COLUMNS`.

    Parameters
    ----------
    groups : sequence of MethodGroup
        Methods that learn in tasks of which `has_ages` is true.
    """
    return [
        [group.label, *(_spread(group, measure).percent() for measure in _MEASURES.values())]
        for group in groups
    ]


@house_style()
def stability_plasticity(groups: Sequence[MethodGroup]) -> Figure:
    """Draw the final accuracy on later classes against that on the classes of the first task.

    A method that keeps the old lies to the right, one that learns the new lies high. On a dotted
    line both accuracies have the same mean.

    Parameters
    ----------
    groups : sequence of MethodGroup
        Methods that learn in tasks of which `has_ages` is true.
    """
    shown = few(plain_or_all(groups))
    place, room = legend_place([group.label for group in shown])
    figure = new_figure(8.5, 4.8 + room)
    axes = figure.add_subplot()
    draw_ages(axes, shown, lambda group: look(group, groups))
    draw_means(axes)
    axes.set_xlabel(OLD)
    axes.set_ylabel(NEW)
    axes.grid(alpha=0.3)
    figure.legend(loc=place, fontsize=8, frameon=False)
    return figure


def draw_ages(axes: Axes, groups: Sequence[MethodGroup], looks: Looks) -> None:
    """Draw a point for every method: later classes (y) against those of the first task (x).

    Parameters
    ----------
    axes : Axes
    groups : sequence of MethodGroup
        Methods that learn in tasks of which `has_ages` is true.
    looks : callable
    """
    draw_points(axes, groups, (lambda g: _spread(g, _base), lambda g: _spread(g, _later)), looks)


def draw_means(axes: Axes) -> None:
    """Draw lines of equal means of both accuracies, ten points apart, within the axes."""
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    for mean in range(10, 100, 10):
        ends = (left, right)
        axes.plot(ends, [2 * mean - end for end in ends], color="0.75", ls=":", lw=0.8, zorder=0)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)


def _spread(group: MethodGroup, measure: Measure) -> Spread:
    return Spread.of([measure(run) for run in group.runs])
