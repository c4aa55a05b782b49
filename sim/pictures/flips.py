# SPDX-License-Identifier: MIT
"""Heat map of a class: some features hardly ever flip, others nearly half the time."""

import numpy as np
from numpy.typing import NDArray

from sim.data.bank import Bank
from sim.pictures.picture import Picture, bits_of_class
from sim.report.figure import house_style, new_figure
from sim.study.fidelity import Exemplars

__all__ = ["flip_rates", "heat_map"]

SHOWN_CLASSES = 3
SHOWN_SAMPLES = 80  # samples of each class
RARE = 0.1  # flip rate below which a feature is typical of its class


def flip_rates(bits: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return how often each feature differs from its more frequent value, in 0..1/2.

    Parameters
    ----------
    bits : ndarray of shape (n_samples, D), uint8 in {0, 1}

    Returns
    -------
    ndarray of shape (D,), float64
    """
    means = bits.mean(axis=0)
    return np.minimum(means, 1 - means)


@house_style()
def heat_map(bank: Bank) -> Picture:
    """Draw samples of the first classes, with features sorted by the first class's flip rates."""
    real = Exemplars.real(bank)
    shown = range(min(SHOWN_CLASSES, bank.n_classes))
    order = np.argsort(flip_rates(bits_of_class(real, bank, 0)), kind="stable")
    figure = new_figure(9, 6.5)
    *maps, curve = figure.subplots(
        len(shown) + 1, 1, sharex=True, height_ratios=[3] * len(shown) + [2]
    )
    for axes, label in zip(maps, shown, strict=True):
        bits = bits_of_class(real, bank, label)
        axes.imshow(bits[:SHOWN_SAMPLES, order], cmap="gray_r", aspect="auto", interpolation="none")
        axes.set(
            yticks=[], ylabel=f"{bank.class_names[label]}\n{len(bits[:SHOWN_SAMPLES])} samples"
        )
        rates = flip_rates(bits)[order]
        curve.plot(rates, "." if label else "-", markersize=2, label=bank.class_names[label])
    curve.set(xlabel=f"features, by their flip rate in {bank.class_names[0]}", ylabel="flip rate")
    curve.set_ylim(0, 0.75)  # room for the legend
    curve.legend(fontsize=8, ncols=len(shown), loc="upper left", markerscale=4)
    return Picture(
        name="flip_rates",
        title="Features of a class (Figure 1a)",
        text=(
            f"{SHOWN_SAMPLES} samples of each class, black is 1. A feature's flip rate is how "
            "often it is not what it is most often in its class: 0 never, 0.5 a coin. Within one "
            f"class features lean to a side; in the order of {bank.class_names[0]}, other classes "
            "lean otherwise. That is why one mean a feature says much of a class."
        ),
        figure=figure,
        columns=("samples of", "mean flip rate", f"features that flip in less than {RARE:.0%}"),
        rows=_rows(real, bank),
    )


def _rows(real: Exemplars, bank: Bank) -> list[list[str]]:
    classes = [flip_rates(bits_of_class(real, bank, c)) for c in range(bank.n_classes)]
    pooled = np.concatenate([bits_of_class(real, bank, c) for c in range(bank.n_classes)])
    return [
        _row("one class, mean over all", np.array(classes)),
        _row(f"{bank.class_names[0]}", classes[0]),
        _row("all classes together", flip_rates(pooled)),
    ]


def _row(name: str, rates: NDArray[np.float64]) -> list[str]:
    return [name, f"{rates.mean():.3f}", f"{100 * (rates < RARE).mean():.1f} %"]
