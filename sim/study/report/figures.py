# SPDX-License-Identifier: MIT
"""Figures of a report; each function makes one matplotlib figure from results."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from sim.data.bank import Bank
from sim.report.figure import house_style, new_figure
from sim.study.fidelity import Exemplars, class_means, correlation
from sim.study.report.groups import MethodGroup, plain_or_all

__all__ = [
    "accuracy_by_bits",
    "accuracy_by_task",
    "class_images",
    "correlations",
    "few",
    "look",
]

_BOUNDS = {"joint": ("0.15", "-"), "none": ("0.55", ":")}
_COLOUR_MAPS = {
    "latent": "Blues",
    "gbm": "Oranges",
    "likelihood": "Greens",
    "hamming": "Reds",
}
_NAMES = {
    "latent": "latent replay",
    "gbm": "GBM",
    "correlated": "GBM with factors",
    "likelihood": "likelihood, no training",
    "hamming": "nearest prototype, no training",
}
_LINE = {
    "latent": "tab:blue",
    "gbm": "tab:orange",
    "likelihood": "tab:green",
    "hamming": "tab:red",
}
_LARGEST_CLASSES = 10  # classes shown as images
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
def accuracy_by_bits(groups: Sequence[MethodGroup], network_bits: int | None = None) -> Figure:
    """Draw average incremental accuracy against bits.

    Parameters
    ----------
    groups : sequence of MethodGroup
    network_bits : int, optional
        Bits of the feature extractor. If given, the axis shows all bits that the chip stores;
        otherwise it shows the replay memory as the papers count it.
    """
    figure = new_figure(7.5, 4.8)
    axes = figure.add_subplot()
    groups = plain_or_all(groups)
    for series in _series(groups):
        _draw_series(axes, series, network_bits)
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
    if network_bits is None:
        axes.set_xlabel("replay memory (kb, as the papers count it)")
    else:
        axes.set_xlabel("network, classifier and replay memory (kb)")
    axes.set_ylabel("average incremental accuracy (%)")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=8)
    return figure


@house_style()
def class_images(bank: Bank, generated: Sequence[tuple[str, Exemplars]]) -> Figure:
    """Draw class means of real and generated exemplars as images, and one exemplar of each.

    The bank's embeddings must be thermometer codes of pixels.
    """
    real = Exemplars.real(bank)
    rows: list[tuple[str, NDArray[np.float32]]] = [
        ("real, mean", class_means(real, bank.features, bank.n_classes)),
        ("real, one", _first_of_each(real, bank)),
    ]
    for label, exemplars in generated:
        rows.append((f"{label}\nmean", class_means(exemplars, bank.features, bank.n_classes)))
        rows.append((f"{label}\none", _first_of_each(exemplars, bank)))
    columns = min(bank.n_classes, _LARGEST_CLASSES)
    figure = new_figure(0.85 * columns + 1.6, 0.9 * len(rows) + 0.3)
    grid = np.atleast_2d(figure.subplots(len(rows), columns))
    for (label, values), cells in zip(rows, grid, strict=True):
        for c, axes in enumerate(cells):
            image = _decode(values[c], bank)
            axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
        cells[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
    for axes, name in zip(grid[0], bank.class_names, strict=False):
        axes.set_title(name, fontsize=9)
    return figure


@house_style()
def correlations(bank: Bank, generated: Sequence[tuple[str, Exemplars]]) -> Figure:
    """Draw real and generated within-class correlation matrices, and their distances."""
    sets = [("real", Exemplars.real(bank)), *generated]
    matrices = [(name, correlation(e, bank.features, within_class=True)) for name, e in sets]
    changing = np.abs(matrices[0][1]).sum(axis=0) > 0
    figure = new_figure(3.1 * len(sets) + 0.6, 6.3)
    grid = np.array(figure.subplots(2, len(sets))).reshape(2, len(sets))
    real = matrices[0][1]
    for (name, matrix), (above, below) in zip(matrices, grid.T, strict=True):
        _matrix(above, matrix[np.ix_(changing, changing)], name)
        distance = float(np.linalg.norm(real - matrix))
        difference = np.abs(real - matrix)[np.ix_(changing, changing)]
        _matrix(below, difference, f"|real - {name}|\nFrobenius distance {distance:.1f}")
    grid[1, 0].set_visible(False)
    figure.colorbar(
        grid[0, 0].images[0], ax=grid, shrink=0.6, label="correlation of features within a class"
    )
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


def _draw_series(axes: Axes, series: _Series, network_bits: int | None) -> None:
    def bits(group: MethodGroup) -> int:
        return group.bits_paper if network_bits is None else network_bits + group.bits_deployed

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


def _first_of_each(exemplars: Exemplars, bank: Bank) -> NDArray[np.float32]:
    """Return the first exemplar of every class, shape (n_classes, D); NaN for a class without."""
    classes, firsts = np.unique(exemplars.labels, return_index=True)
    one = Exemplars(packed=exemplars.packed[firsts], labels=classes)
    return class_means(one, bank.features, bank.n_classes)


def _decode(values: NDArray[np.float32], bank: Bank) -> NDArray[np.float32]:
    """Decode mean features into an image: the value of a thermometer is its share of ones."""
    p = bank.thermometer
    assert p is not None
    levels = values.reshape(p.input.height, p.input.width, p.input.channels, p.levels)
    image = levels.mean(axis=-1)
    return image[..., 0] if image.shape[-1] == 1 else image


def _matrix(axes: Axes, matrix: NDArray[np.float32], title: str) -> None:
    axes.set_title(title, fontsize=9)
    axes.set(xticks=[], yticks=[])
    axes.imshow(matrix, cmap="RdBu_r", vmin=-0.5, vmax=0.5, interpolation="antialiased")
