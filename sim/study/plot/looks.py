# SPDX-License-Identifier: MIT
"""Colours and markers that stay apart for colour-blind eyes and in grey."""

from collections.abc import Iterable

from sim.study.report.drawing import Look

__all__ = ["BOUND_LOOKS", "Palette"]

# Okabe and Ito's colours without black and yellow, then some of Tol's, all dark enough on white.
_COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#332288", "#882255",
    "#999933", "#44AA99",
)  # fmt: skip
_MARKERS = "osD^vP<X>*dp"
_LINES = ("-", "--", "-.", ":")

#: Looks of the sources that are levels.
BOUND_LOOKS = {
    "joint": Look("0.0", "-", "8", 3.5),
    "logistic": Look("0.25", "-.", "h", 3.5),
    "none": Look("0.45", ":", "x", 3.5),
}


class Palette:
    """A look for every name; no two of the first 60 names have both colour and marker in common.

    Parameters
    ----------
    names : iterable of str
        In the order in which they take their looks; further names of the same text are no matter.
    size : float
        Of the markers, in points.
    """

    def __init__(self, names: Iterable[str], size: float = 3.5) -> None:
        self._places = {name: i for i, name in enumerate(dict.fromkeys(names))}
        self._size = size

    def __getitem__(self, name: str) -> Look:
        """Return the look of a name."""
        place = self._places[name]
        return Look(
            _COLOURS[place % len(_COLOURS)],
            _LINES[place // len(_COLOURS) % len(_LINES)],
            _MARKERS[place % len(_MARKERS)],
            self._size,
        )
