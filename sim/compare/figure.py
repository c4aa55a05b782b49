# SPDX-License-Identifier: MIT
"""The figure of a comparison: accuracy against all bits of the memory, one line a family."""

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from sim.compare.outcome import BudgetRow, Outcome
from sim.report.figure import house_style, new_figure

__all__ = ["accuracy_by_budget"]

_COLOURS = mpl.colormaps["tab10"].colors  # type: ignore[attr-defined]
_MARKERS = "osD^vPX*<>ph"
_BOUND_STYLES = (("0.15", "-"), ("0.55", "--"), ("0.35", "-."))
_UPPER = 6  # points of accuracy that the upper part shows
_MARGIN = 0.5  # points above the highest level


@house_style()
def accuracy_by_budget(outcome: Outcome) -> Figure:
    """Draw the average incremental accuracy of the chosen candidates.

    A line joins the chosen memories of a family in the order of their bits. A dotted line goes on
    from the last choice to the largest budget. Bounds are horizontal lines. The upper part shows
    only the highest accuracies, where families lie close together.

    Parameters
    ----------
    outcome : Outcome
    """
    figure = new_figure(12.0, 7.2)
    upper, lower = figure.subplots(2, sharex=True)
    for axes in (upper, lower):
        for number, (family, rows) in enumerate(outcome.families.items()):
            _draw_family(axes, number, family, list(rows.values()), outcome.budgets[-1])
        _draw_bounds(axes, outcome)
        axes.set_ylabel("average incremental accuracy (%)")
        axes.grid(alpha=0.3)
    highest = max(_levels(outcome)) + _MARGIN
    upper.set_ylim(highest - _UPPER, highest)
    lower.set_xscale("log")
    lower.xaxis.set_major_locator(FixedLocator(list(outcome.budgets)))
    lower.xaxis.set_minor_locator(NullLocator())
    lower.xaxis.set_major_formatter(lambda bits, _: f"{bits:g}")
    what = "of the memory of the past" if outcome.covers == "memory" else "that survive"
    lower.set_xlabel(f"all bits {what} (Mb); ticks are the budgets")
    figure.legend(
        *lower.get_legend_handles_labels(), loc="outside right upper", fontsize=8, frameon=False
    )
    return figure


def _draw_family(
    axes: Axes, number: int, family: str, rows: list[BudgetRow], largest: float
) -> None:
    colour = _COLOURS[number % len(_COLOURS)]
    points = {row.candidate.bits / 1e6: row.accuracy for row in rows}
    bits = sorted(points)
    axes.errorbar(
        bits,
        [100 * points[b].mean for b in bits],
        yerr=[100 * (points[b].deviation or 0) for b in bits],
        color=colour,
        ls="-" if number < len(_COLOURS) else "--",
        marker=_MARKERS[number % len(_MARKERS)],
        markersize=5,
        capsize=2,
        label=family if any(row.head_bits for row in rows) else f"{family} (no head)",
    )
    last = rows[-1]
    level = [100 * last.accuracy.mean] * 2
    axes.plot([last.candidate.bits / 1e6, largest], level, color=colour, ls=":", lw=1)


def _draw_bounds(axes: Axes, outcome: Outcome) -> None:
    for number, bound in enumerate(outcome.bounds):
        colour, style = _BOUND_STYLES[number % len(_BOUND_STYLES)]
        level = 100 * bound.spread("average_incremental").mean
        axes.axhline(level, color=colour, ls=style, lw=1.2, label=f"{bound.label} ({level:.1f} %)")


def _levels(outcome: Outcome) -> list[float]:
    """Return the mean accuracies (%) of all rows and bounds."""
    groups = [*(row.group for row in outcome.rows), *outcome.bounds]
    return [100 * group.spread("average_incremental").mean for group in groups]
