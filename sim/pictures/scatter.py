# SPDX-License-Identifier: MIT
"""Real and drawn exemplars side by side: t-SNE maps, and a test by nearest neighbours."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from sim.data.bank import Bank
from sim.pictures.modes import embed_in_plane
from sim.pictures.picture import (
    CLASS_COLOURS,
    Picture,
    Portrait,
    bits_of_class,
    mean_and_spread,
)
from sim.report.figure import house_style, new_figure
from sim.study.fidelity import Exemplars, class_means

__all__ = ["maps", "same_kind_share"]

SHOWN_CLASSES = len(CLASS_COLOURS)
SHOWN_SAMPLES = 150  # of each class, real and drawn

Bits = NDArray[np.uint8]


def same_kind_share(real: Bits, drawn: Bits) -> float:
    """Return the share of exemplars whose nearest neighbour is of their kind, real or drawn.

    If both kinds follow the same distribution, the share is one half (two-sample test by nearest
    neighbours).

    Parameters
    ----------
    real, drawn : ndarray of shape (n_samples, D), uint8
        Equally many of each kind.

    Returns
    -------
    float
        In 0..1. Of equally near neighbours the first counts; real ones come before drawn ones.
    """
    bipolar = np.concatenate([real, drawn]).astype(np.float32) * 2 - 1
    agreement = bipolar @ bipolar.T
    np.fill_diagonal(agreement, -np.inf)
    is_real = np.arange(len(bipolar)) < len(real)
    return float((is_real[agreement.argmax(axis=1)] == is_real).mean())


@house_style()
def maps(bank: Bank, portraits: Sequence[Portrait], seed: int) -> Picture:
    """Draw t-SNE of some initial and some late classes, for the smallest and the largest memory.

    Parameters
    ----------
    bank : Bank
    portraits : sequence of Portrait
        The smallest memory comes first.
    seed : int
        Seed of t-SNE.
    """
    tasks = {"initial": bank.tasks[0], "later": bank.tasks[-1]}
    shown = [portraits[0], portraits[-1]] if len(portraits) > 1 else list(portraits)
    figure = new_figure(5 * len(shown), 8.6)
    grid = np.array(figure.subplots(2, len(shown))).reshape(2, len(shown))
    for row, (when, task) in zip(grid, tasks.items(), strict=True):
        for axes, portrait in zip(row, shown, strict=True):
            _draw_map(axes, bank, portrait, task[:SHOWN_CLASSES], seed)
            axes.set_title(f"{when} classes, {portrait.label}", fontsize=10)
    return Picture(
        name="maps",
        title="Real and drawn exemplars (Figures 5a and 5b)",
        text=(
            f"t-SNE of {SHOWN_SAMPLES} samples (light) and as many exemplars drawn (dark, crosses) "
            "of each class. *Same kind* is the share of a class's samples and drawn exemplars "
            "whose nearest neighbour is of their own kind: 50 % if nothing tells them apart, 100 % "
            f"if everything does; mean and deviation over {bank.n_classes} classes. The paper sees "
            "a single prototype leave the outskirts of a class uncovered, and later classes closer "
            f"together than initial ones; here class means are {_apart(bank, tasks)}."
        ),
        figure=figure,
        columns=("memory", "same kind (%)"),
        rows=[[p.label, mean_and_spread(_same_kind(bank, p), 1)] for p in portraits],
    )


def _draw_map(axes: Axes, bank: Bank, portrait: Portrait, classes: range, seed: int) -> None:
    kinds = [Exemplars.real(bank), portrait.drawn]
    parts = [bits_of_class(e, bank, c)[:SHOWN_SAMPLES] for c in classes for e in kinds]
    plane = embed_in_plane(np.concatenate(parts), seed)
    places = np.split(plane, np.cumsum([len(part) for part in parts])[:-1])
    for i, c in enumerate(classes):
        light, dark = CLASS_COLOURS[i]
        axes.scatter(*places[2 * i].T, c=light, s=16, label=bank.class_names[c])
        label = "exemplars drawn" if i == len(classes) - 1 else None
        axes.scatter(*places[2 * i + 1].T, c=dark, s=12, marker="x", lw=0.8, label=label)
    axes.set(xticks=[], yticks=[])
    axes.legend(fontsize=8)


def _same_kind(bank: Bank, portrait: Portrait) -> list[float]:
    real = Exemplars.real(bank)
    return [
        100 * same_kind_share(bits_of_class(real, bank, c), bits_of_class(portrait.drawn, bank, c))
        for c in range(bank.n_classes)
    ]


def _apart(bank: Bank, tasks: dict[str, range]) -> str:
    """Return a text on the mean distances between class means, of initial and of later classes."""
    means = class_means(Exemplars.real(bank), bank.features, bank.n_classes).astype(np.float64)
    groups = {"initial": tasks["initial"], "later": range(tasks["initial"].stop, bank.n_classes)}
    apart = {
        name: [np.linalg.norm(means[a] - means[b]) for a in group for b in group if a < b]
        for name, group in groups.items()
    }
    return " and ".join(
        f"{np.mean(distances):.2f} apart among {name} classes"
        for name, distances in apart.items()
        if distances
    )
