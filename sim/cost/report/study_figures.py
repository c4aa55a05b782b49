# SPDX-License-Identifier: MIT
"""Figures of a cost report with a study: its methods by energy and bits, a line for each sweep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.cost.replay import Point
from sim.cost.report.figures import plain_logs
from sim.report.figure import house_style, new_figure

__all__ = ["Sweep", "accuracy_by_energy", "energy_by_bits", "sweeps"]

# Colours as in the figures of a study.
_COLOURS = {"latent": "tab:blue", "gbm": "tab:orange", "likelihood": "tab:green"}
_NAMES = {"latent": "latent replay", "gbm": "GBM", "likelihood": "likelihood"}
_LETTERS = {"exemplars": "E", "components": "K", "width": "q"}


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Points of a method that differ in one number.

    Attributes
    ----------
    method : {"latent", "gbm", "likelihood"}
    along : {"exemplars", "components", "width"}
        The number that differs.
    label : str
    points : tuple of Point
        In the order of that number.
    """

    method: str
    along: str
    label: str
    points: tuple[Point, ...]

    def value(self, point: Point) -> str:
        """Return the number of a point as text, such as "q = 4"."""
        return f"{_LETTERS[self.along]} = {point.numbers[self.along]}"


def sweeps(points: Sequence[Point]) -> tuple[Sweep, ...]:
    """Return the sweeps of a study: over E, over q at the least K, and over K at one q.

    A point may belong to two sweeps. Points of no sweep are one each.
    """
    found = []
    for method, name in _NAMES.items():
        own = [point for point in points if point.method == method]
        for along, fixed in (("exemplars", None), ("width", "components"), ("components", "width")):
            group = [point for point in own if along in point.numbers]
            if fixed is not None and group:
                kept = _common(group, along, fixed)
                group = [point for point in group if point.numbers[fixed] == kept]
                label = f"{name}, {_LETTERS[along]} at {_LETTERS[fixed]} = {kept}"
            else:
                label = f"{name}, {_LETTERS[along]}"
            ordered = tuple(sorted(group, key=lambda point: point.numbers[along]))
            alone = along == "components" and len(ordered) < 2
            if ordered and not alone:
                found.append(Sweep(method=method, along=along, label=label, points=ordered))
    return tuple(found)


@house_style()
def energy_by_bits(points: Sequence[Point]) -> Figure:
    """Draw the energy of the past exemplars of a task against the bits of their memory."""
    figure = new_figure(9.5, 4.8)
    axes = figure.add_subplot()
    for sweep in sweeps([point for point in points if point.replay.nominal]):
        _draw(axes, sweep, lambda p: p.bits / 1e3, lambda p: 1e3 * p.replay.nominal)
    _finish(figure, axes)
    axes.set_yscale("log")
    plain_logs(axes.yaxis)
    axes.set_xlabel("memory of the past (kb, as the papers count it)")
    axes.set_ylabel("energy of the past's exemplars, a task (mJ)")
    return figure


@house_style()
def accuracy_by_energy(points: Sequence[Point]) -> Figure:
    """Draw accuracy against the energy of the past exemplars of a task.

    The images of a task take the same energy with every method, so that the exemplars are what
    distinguishes them. Methods without exemplars are levels at their best accuracy.
    """
    figure = new_figure(9.5, 4.8)
    axes = figure.add_subplot()
    for sweep in sweeps([point for point in points if point.replay.nominal]):
        _draw(axes, sweep, lambda p: 1e3 * p.replay.nominal, lambda p: 100 * p.accuracy)
    for sweep in sweeps([point for point in points if not point.replay.nominal]):
        best = max(sweep.points, key=lambda point: point.accuracy)
        axes.axhline(
            100 * best.accuracy, color=_COLOURS[sweep.method], ls=_line(sweep),
            label=f"{_NAMES[sweep.method]}, {_numbers(best)}: no exemplars",
        )  # fmt: skip
    _finish(figure, axes)
    axes.set_xlabel("energy of the past's exemplars, a task (mJ)")
    axes.set_ylabel("average incremental accuracy (%)")
    return figure


def _common(group: Sequence[Point], along: str, fixed: str) -> int:
    """Return the value of a number at which the other takes most values, the least of several."""
    taken = {point.numbers[fixed] for point in group}
    values = {
        number: len({p.numbers[along] for p in group if p.numbers[fixed] == number})
        for number in taken
    }
    return min(taken, key=lambda number: (-values[number], number))


def _draw(
    axes: Axes, sweep: Sweep, x: Callable[[Point], float], y: Callable[[Point], float]
) -> None:
    """Draw a sweep, with the number at its ends."""
    places = [(x(point), y(point)) for point in sweep.points]
    axes.plot(
        *zip(*places, strict=True), marker=_marker(sweep), ls=_line(sweep),
        color=_COLOURS[sweep.method], label=sweep.label, ms=5,
    )  # fmt: skip
    ends = (*sweep.points[:1], *sweep.points[1:][-1:])
    if sweep.along == "components":
        ends = ends[1:]  # the first one lies on the line over q
    for point in ends:
        first_width = sweep.along == "width" and point is sweep.points[0]
        offset = (-26, 3) if first_width else (-6, 6) if sweep.along == "components" else (5, -11)
        axes.annotate(
            sweep.value(point), (x(point), y(point)), xytext=offset,
            textcoords="offset points", fontsize=7, color=_COLOURS[sweep.method],
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
        )  # fmt: skip


def _finish(figure: Figure, axes: Axes) -> None:
    axes.set_xscale("log")
    axes.margins(x=0.09, y=0.09)
    plain_logs(axes.xaxis)
    axes.grid(alpha=0.3, which="both")
    figure.legend(loc="outside right center", fontsize=8, frameon=False)


def _line(sweep: Sweep) -> str:
    return "--" if sweep.along == "components" else "-"


def _marker(sweep: Sweep) -> str:
    return "s" if sweep.along == "components" else "o"


def _numbers(point: Point) -> str:
    return ", ".join(f"{_LETTERS[key]} = {value}" for key, value in point.numbers.items())
