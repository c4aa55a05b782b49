# SPDX-License-Identifier: MIT
"""The kinds of figures for papers, by name."""

from collections.abc import Callable, Sequence
from typing import get_args

from matplotlib.figure import Figure

from sim.study.plot import curves, rows
from sim.study.plot.results import Results
from sim.study.report.series import Axis
from sim.work.errors import UserError

__all__ = ["BITS", "KINDS", "axis_named", "drawn"]

#: The kind that has an axis to choose.
BITS = "bits"

_OTHERS: dict[str, Callable[[Sequence[Results], int], Figure]] = {
    "tasks": curves.tasks,
    "ages": curves.ages,
    "differences": rows.differences,
    "correlations": rows.correlations,
}

_HIGHEST = 190  # inches; more dots than a PNG of 300 an inch, and more points than a PDF, can have

#: Names of all kinds.
KINDS = (BITS, *_OTHERS)


def axis_named(name: str) -> Axis:
    """Return an axis of the kind `BITS` by its name.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    axes: tuple[Axis, ...] = get_args(Axis)
    for axis in axes:
        if axis == name:
            return axis
    raise UserError(f"--axis must be one of {', '.join(axes)}, not {name!r}")


def drawn(kind: str, results: Sequence[Results], columns: int, axis: Axis) -> Figure:
    """Return the figure of one kind.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    results : sequence of Results
        One for each panel.
    columns : int
        Columns of the page that the figure is as wide as, 1 or 2.
    axis : {"state", "memory", "chip"}
        Of the kind `BITS`.

    Raises
    ------
    UserError
        If some results cannot show the kind, or have more methods than a file can.
    """
    if kind == BITS:
        figure = curves.bits(results, columns, axis)
    else:
        figure = _OTHERS[kind](results, columns)
    if figure.get_size_inches()[1] > _HIGHEST:
        raise UserError(
            f"--kind {kind} would be over {_HIGHEST} inches high, too high for a file: give fewer "
            "results, or studies of fewer methods"
        )
    return figure
