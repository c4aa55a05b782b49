# SPDX-License-Identifier: MIT
"""What reports and figures for papers draw alike, into axes and in a look that they hand in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from sim.report.spread import Spread
from sim.study.report.groups import MethodGroup
from sim.study.report.series import Axis, Series

__all__ = [
    "AXES",
    "Look",
    "Looks",
    "draw_curves",
    "draw_levels",
    "draw_points",
    "draw_series",
    "legend_place",
]

#: Label of each axis of bits; `{unit}` is that of the numbers along it.
AXES: dict[Axis, str] = {
    "state": "all state that survives between tasks ({unit})",
    "memory": "replay memory ({unit}, as the papers count it)",
    "chip": "network, classifier and replay memory ({unit})",
}


@dataclass(frozen=True)
class Look:
    """How a method or a line is drawn: colour, line style, marker, and its size in points."""

    colour: Any
    line: str = "-"
    marker: str = "o"
    size: float = 4

    @property
    def ends(self) -> dict[str, Any]:
        """What `errorbar` takes for the points and the ends of their bars."""
        return {"color": self.colour, "marker": self.marker, "markersize": self.size, "capsize": 2}


Looks = Callable[[MethodGroup], Look]
_LONG_NAME = 45  # characters beyond which a name leaves no room for the axes beside it


def legend_place(names: Sequence[str]) -> tuple[Any, float]:
    """Return where a legend goes, and the inches that it adds: long names lie below the axes."""
    if max(map(len, names), default=0) <= _LONG_NAME:
        return "outside right center", 0
    return "outside lower center", 0.19 * len(names)


def draw_curves(
    axes: Axes, groups: Sequence[MethodGroup], places: Sequence[int], looks: Looks
) -> None:
    """Draw the accuracy on all classes seen after every task, with a band of one deviation.

    Parameters
    ----------
    axes : Axes
    groups : sequence of MethodGroup
    places : sequence of int
        Place of each task on the x axis.
    looks : callable
    """
    for group in groups:
        look = looks(group)
        curve = 100 * group.values("accuracy_seen")
        mean = curve.mean(axis=0)
        axes.plot(
            places,
            mean,
            ls=look.line,
            color=look.colour,
            marker=look.marker,
            markersize=look.size,
            label=group.label,
        )
        if len(curve) > 1:
            spread = curve.std(axis=0, ddof=1)
            low, high = mean - spread, mean + spread
            axes.fill_between(places, low, high, color=look.colour, alpha=0.12, lw=0)


def draw_series(axes: Axes, series: Series, axis: Axis, network_bits: int, look: Look) -> None:
    """Draw the average incremental accuracy of a line against bits, each with its deviation.

    Parameters
    ----------
    axes : Axes
    series : Series
    axis : {"state", "memory", "chip"}
        Bits along x, as in `bits_of`.
    network_bits : int
        Bits of the feature extractor.
    look : Look
    """
    members = series.placed(axis, network_bits)
    accuracies = [group.spread("average_incremental") for _, group in members]
    axes.errorbar(
        [bits for bits, _ in members],
        [100 * a.mean for a in accuracies],
        yerr=[100 * (a.deviation or 0) for a in accuracies],
        ls=look.line if series.is_line else "none",
        label=series.name,
        **look.ends,
    )


def draw_levels(
    axes: Axes, groups: Sequence[MethodGroup], looks: Looks, label: Callable[[MethodGroup], str]
) -> None:
    """Draw the average incremental accuracy of bounds as levels.

    A level far below all points would compress the axis: only the legend has it.

    Parameters
    ----------
    axes : Axes
    groups : sequence of MethodGroup
        The bounds.
    looks : callable
    label : callable
        Legend of each bound.
    """
    low, high = axes.get_ylim()
    for group in groups:
        look = looks(group)
        accuracy = 100 * group.spread("average_incremental").mean
        axes.axhline(accuracy, color=look.colour, ls=look.line, lw=1.2, label=label(group))
        high = max(high, accuracy + 1)
    axes.set_ylim(low, high)


def draw_points(
    axes: Axes,
    groups: Sequence[MethodGroup],
    measures: tuple[Callable[[MethodGroup], Spread], Callable[[MethodGroup], Spread]],
    looks: Looks,
) -> None:
    """Draw methods as points of a plane of two accuracies, with the deviations of both.

    Parameters
    ----------
    axes : Axes
    groups : sequence of MethodGroup
    measures : pair of callables
        Accuracies (0..1) along x and along y.
    looks : callable
    """
    for group in groups:
        along, up = (measure(group) for measure in measures)
        axes.errorbar(
            100 * along.mean,
            100 * up.mean,
            xerr=100 * (along.deviation or 0),
            yerr=100 * (up.deviation or 0),
            ls="none",
            label=group.label,
            **looks(group).ends,
        )
