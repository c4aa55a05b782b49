# SPDX-License-Identifier: MIT
"""Figures of an exploration."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from sim.explore.found.outcome import Outcome
from sim.explore.search.trials import TrialRecord
from sim.explore.space.space import REPLAY
from sim.report.figure import house_style, new_figure

__all__ = ["front_figure", "sensitivity_figure"]

_COLOURS = mpl.colormaps["tab10"].colors  # type: ignore[attr-defined]
_MARKERS = "osD^vPX*<>"


@house_style()
def front_figure(outcome: Outcome) -> Figure:
    """Draw accuracy against every other objective, by method; designs on the front are filled.

    Pruned trials are left out, because their accuracy is over fewer tasks.
    """
    exact = [o for o in outcome.objectives if o.static]
    columns = min(2, max(1, len(exact)))
    rows = max(1, -(-len(exact) // columns))
    figure = new_figure(4.6 * columns + 1.4, 3.6 * rows)
    grid = np.atleast_1d(figure.subplots(rows, columns, sharey=True)).ravel()
    names = list(dict.fromkeys(str(r.parameters[REPLAY]) for r in outcome.designs))
    front = {record.number for record in outcome.front}
    for axes, objective in zip(grid, exact, strict=False):
        for number, name in enumerate(names):
            for on_front in (False, True):
                members = [
                    r for r in outcome.designs
                    if r.parameters[REPLAY] == name and (r.number in front) == on_front
                ]  # fmt: skip
                x, y = _xy(members, objective.name)
                colour = _COLOURS[number % len(_COLOURS)]
                axes.plot(x, y, _MARKERS[number % len(_MARKERS)], color=colour, markersize=5,
                          fillstyle="full" if on_front else "none",
                          label=name if on_front else "_")  # fmt: skip
        if outcome.reference is not None:
            x, y = _xy([outcome.reference], objective.name)
            axes.plot(x, y, "+", color="black", markersize=13, markeredgewidth=1.8,
                      label="reference")  # fmt: skip
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(f"{objective.label} ({objective.unit})")
        axes.grid(alpha=0.3, which="both")
    for axes in grid[len(exact) :]:
        axes.set_visible(False)
    for axes in grid[::columns]:
        axes.set_ylabel("average incremental accuracy (%)")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside right upper", fontsize=8,
                  frameon=False)  # fmt: skip
    return figure


@house_style()
def sensitivity_figure(outcome: Outcome) -> Figure:
    """Draw the share of every objective's variance that each parameter explains."""
    shares = outcome.sensitivity
    parameters = list(dict.fromkeys(s.parameter for s in shares))
    objectives = [o.name for o in outcome.objectives]
    table = np.full((len(parameters), len(objectives)), np.nan)
    for s in shares:
        table[parameters.index(s.parameter), objectives.index(s.objective)] = s.share
    figure = new_figure(1.0 * len(objectives) + 3.2, 0.26 * len(parameters) + 1.2)
    axes = figure.add_subplot()
    image = axes.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(table):
        if not np.isnan(share):
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=8,
                      color="white" if share > 0.6 else "black")  # fmt: skip
    axes.set_xticks(range(len(objectives)), objectives)
    axes.set_yticks(range(len(parameters)), parameters, fontsize=8)
    figure.colorbar(image, label="share of the variance")
    return figure


def _xy(records: Sequence[TrialRecord], objective: str) -> tuple[list[float], list[float]]:
    return (
        [record.values[objective] for record in records],
        [record.values["accuracy"] for record in records],
    )
