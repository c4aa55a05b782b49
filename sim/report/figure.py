# SPDX-License-Identifier: MIT
"""Figures whose bytes are the same on every machine, whatever its user asks of matplotlib."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.figure import Figure

__all__ = ["figure_bytes", "house_style", "new_figure"]

_RESOLUTION = 110  # dots an inch


@contextmanager
def house_style() -> Iterator[None]:
    """Context, and decorator of functions that draw, in which a matplotlibrc has no effect.

    Matplotlib reads its settings when it makes a figure, at every call that draws, and when it
    writes the file; all three belong in the context. The settings of the caller come back at the
    end.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, whose parts find their places by themselves.

    Parameters
    ----------
    width, height : float
        Size in inches.
    """
    return Figure(figsize=(width, height), layout="constrained")


@house_style()
def figure_bytes(figure: Figure, resolution: int = _RESOLUTION) -> bytes:
    """Return a figure as a PNG file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Figure that was drawn in the context of `house_style`.
    resolution : int
        Dots an inch.
    """
    buffer = io.BytesIO()
    # Leave out the software version, so that the same figure has the same bytes.
    figure.savefig(buffer, format="png", dpi=resolution, metadata={"Software": None})
    return buffer.getvalue()
