# SPDX-License-Identifier: MIT
"""A picture with a table of its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from golden.bits import unpack
from sim.data.bank import Bank
from sim.study.fidelity import Exemplars

__all__ = ["CLASS_COLOURS", "Picture", "Portrait", "bits_of_class", "mean_and_spread"]

#: Light and dark shade of each of four classes.
CLASS_COLOURS = (
    ("lightskyblue", "tab:blue"),
    ("navajowhite", "tab:orange"),
    ("lightgreen", "tab:green"),
    ("plum", "tab:purple"),
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One section of the report.

    Parameters
    ----------
    name : str
        Name of the image file, without its ending.
    title : str
    text : str
        Explanation of the picture and the numbers, and what the paper shows.
    figure : matplotlib.figure.Figure
    columns : sequence of str
        Headings of the table; the first column names the row.
    rows : sequence of sequence of str
    """

    name: str
    title: str
    text: str
    figure: Figure
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """Two draws of a generative memory after it has learnt every class.

    Parameters
    ----------
    label : str
        Legend of the method.
    drawn, again : Exemplars
        Each has as many exemplars of every class as there are real ones. The distance between the
        two draws shows the effect of chance alone.
    """

    label: str
    drawn: Exemplars
    again: Exemplars


def bits_of_class(exemplars: Exemplars, bank: Bank, label: int) -> NDArray[np.uint8]:
    """Return the bits of one class's exemplars.

    Parameters
    ----------
    exemplars : Exemplars
    bank : Bank
        Bank with the same number of features D.
    label : int
        The class.

    Returns
    -------
    ndarray of shape (n_samples, D), uint8
    """
    return unpack(exemplars.packed[exemplars.labels == label], bank.features)


def mean_and_spread(values: Sequence[float] | NDArray[np.float64], digits: int) -> str:
    """Return mean and standard deviation over classes as text."""
    deviation = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{deviation}"
