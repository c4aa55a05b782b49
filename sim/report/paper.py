# SPDX-License-Identifier: MIT
"""Figures for print: their sizes and type, text broken to a width, legends, and bytes of a file."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.textpath import text_to_path

from sim.report.figure import house_style

__all__ = ["FORMATS", "TYPE", "WIDTHS", "legend_below", "paper_bytes", "paper_style", "wrapped"]

#: Width in inches of a figure over so many columns of a page.
WIDTHS = {1: 3.5, 2: 7.16}

#: Size in points of all text.
TYPE = 8

#: Formats of files, each with its metadata that would differ from day to day.
FORMATS: dict[str, dict[str, None]] = {
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
    "svg": dict.fromkeys(("Date", "Creator")),
    "png": {"Software": None},
}

_RESOLUTION = 300  # dots an inch of a PNG

_SETTINGS: Any = {
    "font.size": TYPE,
    "axes.titlesize": TYPE,
    "axes.labelsize": TYPE,
    "xtick.labelsize": TYPE,
    "ytick.labelsize": TYPE,
    "legend.fontsize": TYPE,
    "text.parse_math": False,  # titles and labels may hold a dollar
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "grid.linewidth": 0.4,
    "grid.alpha": 0.4,
    "lines.linewidth": 1.0,
    "pdf.fonttype": 42,  # publishers refuse fonts of type 3
    "svg.hashsalt": "engram",
}

# A legend in units of its type: the handle with its gap, and the gap between columns.
_HANDLE, _GAP = 2.6, 1.5


@contextmanager
def paper_style() -> Iterator[None]:
    """Context, and decorator of functions that draw, of `house_style` with the type of a paper."""
    with house_style():
        mpl.rcParams.update(_SETTINGS)
        yield


@paper_style()
def paper_bytes(figure: Figure, form: str) -> bytes:
    """Return a figure as a file, with the same bytes at every call.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Figure that was drawn in the context of `paper_style`.
    form : {"pdf", "svg", "png"}
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=_RESOLUTION, metadata=FORMATS[form])
    return buffer.getvalue()


def wrapped(text: str, width: float) -> str:
    """Return a text in lines that are no wider than so many inches.

    A long word stays whole, and so does an equation such as "K = 4".
    """
    lines: list[str] = []
    for word in re.split(r"(?<!=) +(?!=)", text.strip()):
        if lines and _width(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


@paper_style()
def legend_below(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> Legend:
    """Put a legend below all axes, in as many columns as fit, and make the figure higher by it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    handles : sequence
        As matplotlib's legends take them.
    labels : sequence of str
        Text of each handle; one that is too wide for the figure is broken into lines.
    """
    width, height = figure.get_size_inches()
    em = TYPE / 72
    texts = [wrapped(label, width - (_HANDLE + 1) * em) for label in labels]
    legend = figure.legend(
        handles,
        texts,
        loc="outside lower center",
        ncols=_columns([_widest(text) + _HANDLE * em for text in texts], width - em, _GAP * em),
        frameon=False,
        borderpad=0.2,
        borderaxespad=0.2,
        labelspacing=0.3,
        handlelength=_HANDLE - 0.6,
        handletextpad=0.6,
        columnspacing=_GAP,
    )
    figure.set_size_inches(width, height + legend.get_window_extent().height / figure.dpi)
    return legend


def _columns(widths: Sequence[float], available: float, gap: float) -> int:
    """Return the most columns in which entries of these widths fit, filled as matplotlib does."""
    for count in range(len(widths), 1, -1):
        columns = np.array_split(np.array(widths), count)
        if sum(column.max() + gap for column in columns) - gap <= available:
            return count
    return 1


def _widest(text: str) -> float:
    return max(_width(line) for line in text.split("\n"))


def _width(line: str) -> float:
    """Return the width of a line of text in inches."""
    width, _, _ = text_to_path.get_text_width_height_descent(
        line, FontProperties(size=TYPE), ismath=False
    )
    return width / 72
