# SPDX-License-Identifier: MIT
"""What a head keeps between tasks against what it reaches, as a picture: a line a memory."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from sim.report.figure import house_style, new_figure
from sim.study.report.head_state import HeadStates

__all__ = ["accuracy_by_head_state"]


@house_style()
def accuracy_by_head_state(memories: Sequence[HeadStates]) -> Figure:
    """Draw average incremental accuracy against all state, for memories beside several heads.

    Parameters
    ----------
    memories : sequence of HeadStates
        What `head_states` found; each is a line.
    """
    figure = new_figure(8.5, 4)
    axes = figure.add_subplot()
    for states in memories:
        labels = [group.label.split(", ") for group in states.groups]
        shared = [part for part in labels[0] if all(part in parts for parts in labels)]
        spreads = [group.spread("average_incremental") for group in states.groups]
        bits = [group.bits_full for group in states.groups]
        drawn = axes.errorbar(
            bits,
            [100 * spread.mean for spread in spreads],
            yerr=[100 * (spread.deviation or 0) for spread in spreads],
            marker="o",
            markersize=4,
            capsize=2,
            label=", ".join(shared),
        )
        for place, spread, parts in zip(bits, spreads, labels, strict=True):
            axes.annotate(
                ", ".join(part for part in parts if part not in shared) or "all of it",
                (place, 100 * spread.mean),
                textcoords="offset points",
                xytext=(5, 6),
                fontsize=7,
                color=drawn.lines[0].get_color(),
            )
    axes.set_xscale("log")
    axes.margins(x=0.14, y=0.12)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda bits, _: f"{bits / 1e3:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("all state that survives between tasks (kb)")
    axes.set_ylabel("average incremental accuracy (%)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)
    return figure
