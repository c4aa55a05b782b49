# SPDX-License-Identifier: MIT
"""A row for each method: its difference from the best one, or of its draws from real samples."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.replay import SOURCES
from sim.report.paper import paper_style
from sim.report.spread import CONFIDENCE, Spread
from sim.study.plot.panels import row_panels
from sim.study.plot.results import Results
from sim.study.report.groups import MethodGroup
from sim.work.errors import UserError

__all__ = ["Difference", "correlations", "differences", "paired_differences"]

_CLEAR, _UNCLEAR = "#0072B2", "white"
_DISTANCES = {  # key of the results: legend, colour, marker, place in the row
    "within_class": ("within class", "#0072B2", "o", -0.15),
    "pooled": ("pooled over classes", "#D55E00", "s", 0.15),
}


@dataclass(frozen=True)
class Difference:
    """A method, and its lead on the best one.

    Parameters
    ----------
    group : MethodGroup
    lead : Spread
        Average incremental accuracy (0..1) minus that of the best, over paired runs.
    best : bool
        Whether it is the best one itself.
    """

    group: MethodGroup
    lead: Spread
    best: bool

    @property
    def label(self) -> str:
        """Label of its row."""
        return f"{self.group.label} (best)" if self.best else self.group.label


def paired_differences(results: Results) -> list[Difference]:
    """Return the lead of every method on the best one, sorted from above.

    Runs of one network, order and seed are a pair. Methods that learn other tasks than the study's
    are left out. The best is the method of the largest mean that is no bound.

    Parameters
    ----------
    results : Results

    Raises
    ------
    UserError
        If there are no two methods to compare, or one of them lacks a run of another.
    """
    groups = [group for group in results.groups if group.increment is None]
    rivals = [group for group in groups if not SOURCES[group.replay].bound]
    if not rivals or len(groups) < 2:
        raise UserError(
            "--kind differences needs a method that is no bound, and another one, and "
            f"{results.path} has not both"
        )
    best = max(rivals, key=lambda group: group.spread("average_incremental").mean)
    paired = _accuracies(best)
    found = []
    for group in groups:
        own = _accuracies(group)
        if own.keys() != paired.keys():
            raise UserError(
                f"{results.path} must have runs of {group.label!r} on the networks, in the orders "
                f"and with the seeds of {best.label!r}: differences are taken run by run"
            )
        lead = best.independent([own[run] - paired[run] for run in paired])
        found.append(Difference(group, lead, group is best))
    return sorted(found, key=lambda difference: -difference.lead.mean)


@paper_style()
def differences(results: Sequence[Results], columns: int) -> Figure:
    """Draw the mean difference of every method from the best one with its confidence interval.

    Parameters
    ----------
    results : sequence of Results
    columns : int
        Columns of the page that the figure is as wide as.
    """
    found = [paired_differences(one) for one in results]
    panels, places = row_panels(
        [one.title for one in results],
        [[difference.label for difference in panel] for panel in found],
        columns,
        shared=True,
        label="average incremental accuracy minus that of the best (points)",
    )
    alone = all(d.lead.count == 1 for panel in found for d in panel)
    interval = f"{100 * CONFIDENCE:g} % interval"
    legends = {True: f"{interval} leaves out 0", False: f"{interval} holds 0"}
    if alone:
        legends = dict.fromkeys(legends, "a single run each: no interval")
    for axes, panel, rows in zip(panels.axes, found, places, strict=True):
        axes.axvline(0, color="0.3", lw=0.8)
        for clear, legend in legends.items():
            _draw_leads(
                axes,
                [(d, y) for d, y in zip(panel, rows, strict=True) if d.lead.clear == clear],
                _CLEAR if clear else _UNCLEAR,
                legend,
            )
    panels.add_legend()
    return panels.figure


@paper_style()
def correlations(results: Sequence[Results], columns: int) -> Figure:
    """Draw the Frobenius distance of real from drawn correlations for every generator.

    Parameters
    ----------
    results : sequence of Results
    columns : int
        Columns of the page that the figure is as wide as.

    Raises
    ------
    UserError
        If a study has no generator whose correlations were measured.
    """
    found = [[group for group in one.groups if _measured(group)] for one in results]
    for one, groups in zip(results, found, strict=True):
        if not groups:
            raise UserError(
                "--kind correlations needs runs with correlation_distance, which a study of "
                f"generative methods measures, and {one.path} has none"
            )
    panels, places = row_panels(
        [one.title for one in results],
        [[group.label for group in groups] for groups in found],
        columns,
        shared=len({one.features for one in results}) == 1,
        label="Frobenius distance of drawn from real correlations",
    )
    for axes, groups, rows in zip(panels.axes, found, places, strict=True):
        for key, (label, colour, marker, shift) in _DISTANCES.items():
            spreads = [Spread.of([r["correlation_distance"][key] for r in g.runs]) for g in groups]
            axes.errorbar(
                [spread.mean for spread in spreads],
                [row + shift for row in rows],
                xerr=[spread.deviation or 0 for spread in spreads],
                ls="none",
                color=colour,
                marker=marker,
                markersize=3.5,
                capsize=2,
                label=label,
            )
        axes.set_xlim(left=0)
    panels.add_legend()
    return panels.figure


def _draw_leads(
    axes: Axes, rows: Sequence[tuple[Difference, float]], colour: str, label: str
) -> None:
    """Draw the leads of some methods, in points, at their rows."""
    if rows:
        axes.errorbar(
            [100 * d.lead.mean for d, _ in rows],
            [y for _, y in rows],
            xerr=[100 * (d.lead.margin or 0) for d, _ in rows],
            ls="none",
            color=_CLEAR,
            marker="o",
            markersize=3.5,
            markerfacecolor=colour,
            capsize=2,
            label=label,
        )


def _accuracies(group: MethodGroup) -> dict[tuple[int, int | str, int], float]:
    """Return the average incremental accuracy of each run by its network, order and seed."""
    return {
        (run["bank"], run["order"], run["seed"]): run["average_incremental"] for run in group.runs
    }


def _measured(group: MethodGroup) -> bool:
    return all(run["correlation_distance"] for run in group.runs)
