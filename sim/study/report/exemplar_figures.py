# SPDX-License-Identifier: MIT
"""Figures of generated exemplars beside real ones: as images, and by their correlations."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.data.bank import Bank
from sim.report.figure import house_style, new_figure
from sim.study.fidelity import Exemplars, class_means, correlation

__all__ = ["class_images", "correlations"]

_LARGEST_CLASSES = 10  # classes shown as images


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
