# SPDX-License-Identifier: MIT
"""Log of a pre-training: a table of its epochs and a figure of their curves."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields

from sim.images.pretrain.train import Epoch
from sim.report.figure import figure_bytes, house_style, new_figure

__all__ = ["curves", "log_table"]

_RESOLUTION = 120  # dots per inch


def log_table(epochs: Sequence[Epoch]) -> str:
    """Return the epochs as comma-separated values, one row each."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    for epoch in epochs:
        row = {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in asdict(epoch).items()}
        writer.writerow(row)
    return text.getvalue()


@house_style()
def curves(epochs: Sequence[Epoch], title: str) -> bytes:
    """Return a figure, in PNG, of loss and accuracies against epochs."""
    numbers = [epoch.epoch for epoch in epochs]
    figure = new_figure(6.4, 4.2)
    axes = figure.subplots()
    axes.plot(numbers, [100 * e.test_accuracy for e in epochs], "C0-", label="test, golden")
    axes.plot(numbers, [100 * e.train_accuracy for e in epochs], "C0:", label="training")
    axes.set(title=title, xlabel="epoch", ylabel="accuracy (%)")
    axes.grid(alpha=0.3)
    losses = axes.twinx()
    losses.plot(numbers, [e.loss for e in epochs], "C3-", lw=1, label="training loss (right)")
    losses.set_ylabel("loss")
    lines = [*axes.lines, *losses.lines]
    axes.legend(lines, [str(line.get_label()) for line in lines], loc="center right", fontsize=8)
    return figure_bytes(figure, _RESOLUTION)
