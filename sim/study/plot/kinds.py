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
        If some results cannot show the kind.
    """
    return curves.bits(results, columns, axis) if kind == BITS else _OTHERS[kind](results, columns)
