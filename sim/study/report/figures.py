# SPDX-License-Identifier: MIT
"""Figures of a report; each function makes one matplotlib figure from results."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from sim.report.figure import house_style, new_figure
from sim.study.report.drawing import (
    AXES,
    Look,
    draw_curves,
    draw_levels,
    draw_series,
    legend_place,
)
from sim.study.report.groups import MethodGroup, plain_or_all
from sim.study.report.series import BOUNDS, Axis, Series, few, series_of

__all__ = ["accuracy_by_bits", "accuracy_by_task", "look"]

_BOUNDS = {
    "joint": Look("0.15", "-"),
    "logistic": Look("0.35", "-."),
    "none": Look("0.55", ":"),
}
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
_LINE = {
    "latent": "tab:blue",
    "herded": "tab:cyan",
    "gbm": "tab:orange",
    "correlated": "tab:brown",
    "likelihood": "tab:green",
    "hamming": "tab:red",
    "ncm": "tab:olive",
    "fetril": "teal",
    "low_rank": "tab:purple",
    "quadratic": "tab:pink",
}
_LABELLED = {  # points with a label; labels at all points would overlap
    "exemplars": range(1_000_001),
    "code_width": (1, 2, 3, 4, 8, "float"),
    "components": range(2, 4097),
}
_LETTERS = {"exemplars": "E", "code_width": "q", "components": "K"}
_ANNOTATED = ("latent", "gbm")  # sources whose points have labels
_ROOM = (28, 12)  # width and height of a label, in dots
_MARKS = 12  # most tasks that have a number at their axis
_DECADE = 10  # below this ratio of its ends, an axis has no three marks at 1, 2 and 5


@house_style()
def accuracy_by_task(groups: Sequence[MethodGroup], seen: Sequence[int]) -> Figure:
    """Draw accuracy on all classes seen so far, after every task.

    Parameters
    ----------
    groups : sequence of MethodGroup
    seen : sequence of int
        Classes seen after each task.
    """
    groups = plain_or_all(groups)
    shown = few(groups)
    place, room = legend_place([group.label for group in shown])
    figure = new_figure(8.5, 4.6 + room)
    axes = figure.add_subplot()
    draw_curves(axes, shown, seen, lambda group: look(group, groups, 3))
    axes.set_xlabel("classes seen")
    axes.set_ylabel("accuracy on all classes seen (%)")
    axes.set_xticks(list(seen)[:: -(-len(seen) // _MARKS)])
    axes.grid(alpha=0.3)
    figure.legend(loc=place, fontsize=8, frameon=False)
    return figure


@house_style()
def accuracy_by_bits(groups: Sequence[MethodGroup], axis: Axis, network_bits: int = 0) -> Figure:
    """Draw average incremental accuracy against bits.

    Parameters
    ----------
    groups : sequence of MethodGroup
    axis : {"state", "memory", "chip"}
        Bits along x, as in `bits_of`.
    network_bits : int
        Bits of the feature extractor, which the chip stores.
    """
    groups = plain_or_all(groups)
    lines, variants = series_of(groups), _variant_colours(groups)
    place, room = legend_place([series.name for series in lines])
    figure = new_figure(9.5, 4.8 + room)
    axes = figure.add_subplot()
    for series in lines:
        draw_series(axes, series, axis, network_bits, _line_look(series, variants))
    bounds = [group for group in groups if group.replay in BOUNDS]
    draw_levels(axes, bounds, lambda group: _BOUNDS[group.replay], _bound_label)
    axes.set_xscale("log")
    axes.margins(x=0.09)
    low, high = axes.get_xlim()
    few_ticks = MaxNLocator(6) if high < _DECADE * low else LogLocator(subs=(1, 2, 5))
    axes.xaxis.set_major_locator(few_ticks)
    axes.xaxis.set_major_formatter(lambda bits, _: f"{bits / 1e3:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(AXES[axis].format(unit="kb"))
    axes.set_ylabel("average incremental accuracy (%)")
    axes.grid(alpha=0.3, which="both")
    figure.legend(loc=place, fontsize=8, frameon=False)
    taken: list[NDArray[np.float64]] = []
    for series in lines:
        if series.replay in _ANNOTATED:
            _annotate(axes, series, axis, network_bits, taken)
    return figure


def look(group: MethodGroup, groups: Sequence[MethodGroup], size: float = 6) -> Look:
    """Return the look of a method: grey for bounds; more bits make a source's colour darker.

    Variants of one method have a colour each.

    Parameters
    ----------
    group : MethodGroup
    groups : sequence of MethodGroup
        All methods of the figure.
    size : float
        Of the marker, in points.
    """
    if group.replay in _BOUNDS:
        bound = _BOUNDS[group.replay]
        return Look(bound.colour, bound.line, size=size)
    variants = _variant_colours(groups)
    if variants:
        return Look(variants[group.variant], size=size)
    family = sorted({g.bits_paper for g in groups if g.replay == group.replay})
    shade = 0.35 + 0.6 * (family.index(group.bits_paper) + 1) / len(family)
    colour = mpl.colormaps[_COLOUR_MAPS.get(group.replay, "Greens")](shade)
    return Look(colour, size=size)


def _variant_colours(groups: Sequence[MethodGroup]) -> dict[str, str]:
    """Return a colour for each variant if all methods but bounds are variants of one source."""
    own = [group for group in groups if group.replay not in _BOUNDS]
    variants = list(dict.fromkeys(group.variant for group in own))
    if len(variants) < 2 or len({group.replay for group in own}) > 1:
        return {}
    return {variant: f"C{number % 10}" for number, variant in enumerate(variants)}


def _line_look(series: Series, variants: Mapping[str, str]) -> Look:
    colour = variants.get(series.groups[0].variant, _LINE.get(series.replay, "tab:purple"))
    return Look(colour, "--", "s") if series.along == "components" else Look(colour)


def _bound_label(group: MethodGroup) -> str:
    return f"{group.label} ({100 * group.spread('average_incremental').mean:.1f} %)"


def _annotate(
    axes: Axes, series: Series, axis: Axis, network_bits: int, taken: list[NDArray[np.float64]]
) -> None:
    """Write the parameter that changes along a line beside those of its points that have room.

    Parameters
    ----------
    axes : Axes
    series : Series
    axis : {"state", "memory", "chip"}
    network_bits : int
    taken : list of ndarray of shape (2,), float64
        Places of the texts so far, in dots; those of this line are added.
    """
    offset = (-6, 6) if series.along == "components" else (4, -11)
    for bits, group in series.placed(axis, network_bits):
        value = group.params.get(series.along)
        if value not in _LABELLED[series.along]:
            continue
        where = (bits, 100 * group.spread("average_incremental").mean)
        place = axes.transData.transform(where) + np.array(offset)
        if any((np.abs(place - other) < _ROOM).all() for other in taken):
            continue
        taken.append(place)
        text = f"{_LETTERS[series.along]}={value}"
        axes.annotate(text, where, textcoords="offset points", xytext=offset, fontsize=7)
