# SPDX-License-Identifier: MIT
"""Figures of a report; each function makes one matplotlib figure from results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from sim.report.figure import house_style, new_figure
from sim.study.report.groups import MethodGroup, plain_or_all

__all__ = [
    "Axis",
    "accuracy_by_bits",
    "accuracy_by_task",
    "few",
    "look",
]

#: Bits that a figure of accuracy has as its axis.
Axis = Literal["state", "memory", "chip"]

_AXES = {
    "state": "all state that survives between tasks (kb)",
    "memory": "replay memory (kb, as the papers count it)",
    "chip": "network, classifier and replay memory (kb)",
}
_BOUNDS = {"joint": ("0.15", "-"), "none": ("0.55", ":")}
_COLOUR_MAPS = {
    "latent": "Blues",
    "herded": "GnBu",
    "gbm": "Oranges",
    "correlated": "YlOrBr",
    "likelihood": "Greens",
    "hamming": "Reds",
    "low_rank": "Purples",
    "quadratic": "RdPu",
}
_NAMES = {
    "latent": "latent replay",
    "herded": "herded exemplars",
    "gbm": "GBM",
    "correlated": "GBM with factors",
    "likelihood": "likelihood, no training",
    "hamming": "nearest prototype, no training",
    "low_rank": "low-rank discriminant, no training",
    "quadratic": "quadratic discriminant, no training",
}
_LINE = {
    "latent": "tab:blue",
    "herded": "tab:cyan",
    "gbm": "tab:orange",
    "correlated": "tab:brown",
    "likelihood": "tab:green",
    "hamming": "tab:red",
    "low_rank": "tab:purple",
    "quadratic": "tab:pink",
}
_LARGEST_FAMILY = {"latent": 4, "gbm": 4}  # most curves of a source by task; 2 for other sources
_LABELLED = {  # points with a label; labels at all points would overlap
    "exemplars": range(1_000_001),
    "code_width": (1, 2, 3, 4, 8, "float"),
    "components": range(2, 4097),
}


@house_style()
def accuracy_by_task(groups: Sequence[MethodGroup], seen: Sequence[int]) -> Figure:
    """Draw accuracy on all classes seen so far, after every task.

    Parameters
    ----------
    groups : sequence of MethodGroup
    seen : sequence of int
        Classes seen after each task.
    """
    figure = new_figure(8.5, 4.6)
    axes = figure.add_subplot()
    for group in few(plain_or_all(groups)):
        colour, style = look(group, groups)
        curve = 100 * group.values("accuracy_seen")
        mean = curve.mean(axis=0)
        axes.plot(seen, mean, style, color=colour, marker="o", markersize=3, label=group.label)
        if len(curve) > 1:
            spread = curve.std(axis=0, ddof=1)
            axes.fill_between(seen, mean - spread, mean + spread, color=colour, alpha=0.12, lw=0)
    axes.set_xlabel("classes seen")
    axes.set_ylabel("accuracy on all classes seen (%)")
    axes.set_xticks(list(seen))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", fontsize=8, frameon=False)
    return figure


@house_style()
def accuracy_by_bits(groups: Sequence[MethodGroup], axis: Axis, network_bits: int = 0) -> Figure:
    """Draw average incremental accuracy against bits.

    Parameters
    ----------
    groups : sequence of MethodGroup
    axis : {"state", "memory", "chip"}
        All state that survives between tasks; the replay memory as the papers count it; or all bits
        that the chip stores.
    network_bits : int
        Bits of the feature extractor, which the chip stores.
    """
    figure = new_figure(7.5, 4.8)
    axes = figure.add_subplot()
    groups = plain_or_all(groups)
    for series in _series(groups):
        _draw_series(axes, series, axis, network_bits)
    low, high = axes.get_ylim()
    for group in groups:
        if group.replay in _BOUNDS:
            colour, style = _BOUNDS[group.replay]
            accuracy = 100 * group.spread("average_incremental").mean
            label = f"{group.label} ({accuracy:.1f} %)"
            axes.axhline(accuracy, color=colour, ls=style, lw=1.2, label=label)
            high = max(high, accuracy + 1)
    # Fine-tuning lies so far below that it would compress the axis; only the legend has it.
    axes.set_ylim(low, high)
    axes.set_xscale("log")
    axes.margins(x=0.09)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda bits, _: f"{bits / 1e3:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(_AXES[axis])
    axes.set_ylabel("average incremental accuracy (%)")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=8)
    return figure


def look(group: MethodGroup, groups: Sequence[MethodGroup]) -> tuple[object, str]:
    """Return colour and line style: grey for bounds; more bits make a source's colour darker."""
    if group.replay in _BOUNDS:
        return _BOUNDS[group.replay]
    family = sorted({g.bits_paper for g in groups if g.replay == group.replay})
    shade = 0.35 + 0.6 * (family.index(group.bits_paper) + 1) / len(family)
    return mpl.colormaps[_COLOUR_MAPS.get(group.replay, "Greens")](shade), "-"


@dataclass(frozen=True)
class _Series:
    """Methods that one line joins, and the parameter that changes along it."""

    name: str
    replay: str
    groups: list[MethodGroup]
    along: str


def _series(groups: Sequence[MethodGroup]) -> list[_Series]:
    """Return the lines of the memory figure: for each source along E, along q at K = 1, along K."""
    series = []
    for replay, variant in dict.fromkeys((g.replay, g.variant) for g in groups):
        if replay in _BOUNDS:
            continue
        family = [g for g in groups if (g.replay, g.variant) == (replay, variant)]
        name = _NAMES.get(replay, replay) + variant
        if "exemplars" in family[0].params:
            series.append(_Series(name, replay, family, "exemplars"))
            continue
        single = [g for g in family if g.params.get("components", 1) == 1]
        wide = [g for g in single if "code_width" in g.params]
        if len(wide) > 1:
            title = f"{name}, K = 1" if "components" in wide[0].params else name
            series.append(_Series(title, replay, wide, "code_width"))
        joined = wide if len(wide) > 1 else []
        for width in dict.fromkeys(g.params.get("code_width") for g in family):
            deep = [g for g in family if g.params.get("code_width") == width]
            if len(deep) > 1 or deep[0] not in joined:
                title = name if width is None else f"{name}, q = {width}"
                series.append(_Series(title, replay, deep, "components"))
    return series


def few(groups: Sequence[MethodGroup]) -> list[MethodGroup]:
    """Return a few methods of each source, so that their curves can be told apart."""
    chosen = []
    for replay in dict.fromkeys(g.replay for g in groups):
        family = sorted((g for g in groups if g.replay == replay), key=lambda g: g.bits_paper)
        count = min(len(family), _LARGEST_FAMILY.get(replay, 2))
        places = {round(place) for place in np.linspace(0, len(family) - 1, count)}
        # The paper's choice is always among them.
        kept = {i for i, g in enumerate(family) if _is_papers_choice(g)}
        chosen += [family[place] for place in sorted(places | kept)]
    return chosen


def _is_papers_choice(group: MethodGroup) -> bool:
    return group.params.get("components") == 1 and group.params.get("code_width") == 8


def _draw_series(axes: Axes, series: _Series, axis: Axis, network_bits: int) -> None:
    def bits(group: MethodGroup) -> int:
        if axis == "state":
            return group.bits_full
        return group.bits_paper if axis == "memory" else network_bits + group.bits_deployed

    # The axis is logarithmic: a method that keeps no bits has no place on it.
    members = sorted((g for g in series.groups if bits(g)), key=bits)
    accuracies = [g.spread("average_incremental") for g in members]
    along_k = series.along == "components"
    # Methods that also differ in another parameter are drawn as points, not as a line.
    is_line = len({str(g.params.get(series.along)) for g in members}) == len(members)
    axes.errorbar(
        [bits(g) for g in members],
        [100 * a.mean for a in accuracies],
        yerr=[100 * (a.deviation or 0) for a in accuracies],
        color=_LINE.get(series.replay, "tab:purple"),
        ls=("--" if along_k else "-") if is_line else "none",
        marker="s" if along_k else "o",
        markersize=4,
        capsize=2,
        label=series.name,
    )
    letter = {"exemplars": "E", "code_width": "q", "components": "K"}[series.along]
    offset = (-6, 6) if along_k else (4, -11)
    for group, accuracy in zip(members, accuracies, strict=True):
        value = group.params.get(series.along)
        if series.replay not in _LARGEST_FAMILY or value not in _LABELLED[series.along]:
            continue
        where = (bits(group), 100 * accuracy.mean)
        text = f"{letter}={value}"
        axes.annotate(text, where, textcoords="offset points", xytext=offset, fontsize=7)
