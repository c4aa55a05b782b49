# SPDX-License-Identifier: MIT
"""Shared parts of all benchmarks: a stopwatch, a fit of growth, and the tables of results.

A benchmark module exposes ``run(quick: bool = False) -> list[Table]`` and is listed in
``verification.bench.__main__``. Every speed it states is a ratio to a peer or a limit measured in
the same run, because seconds alone mean nothing on another machine.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

__all__ = ["Curve", "Table", "best_of", "growth_exponent", "growth_table"]


@dataclass(frozen=True)
class Curve:
    """Seconds against one size, with all others fixed. The growth figure of the report shows it.

    Parameters
    ----------
    label : str
        What grows, such as ``"EM: features D"``.
    sizes : tuple of float
        At least two, all positive.
    seconds : tuple of float
        One for each size.
    """

    label: str
    sizes: tuple[float, ...]
    seconds: tuple[float, ...]

    @property
    def exponent(self) -> float:
        """The ``e`` of the best fit ``seconds = c * sizes**e``."""
        return growth_exponent(self.sizes, self.seconds)


@dataclass(frozen=True)
class Table:
    """A table of measurements.

    Parameters
    ----------
    title : str
    columns : tuple of str
        Headings, units included.
    rows : tuple of tuple
        Cells: str, int, float or None, one for each column.
    note : str
        One or two sentences on what was compared and how to read it.
    curves : tuple of Curve
        Curves of this table in the growth figure; most tables have none.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    note: str = ""
    curves: tuple[Curve, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"Row of table {self.title!r} must have {len(self.columns)} cells, not {row!r}"
                )


def best_of(fn: Callable[[], object], repeats: int = 5) -> float:
    """Return the shortest wall-clock time of `fn` in seconds, after one call to warm up.

    The minimum is the least noisy estimate of what the machine can do, because other processes can
    only add time. A call shorter than a millisecond is repeated between two readings of the clock.
    """
    start = perf_counter()
    fn()
    warm_up = perf_counter() - start
    calls = 1 if warm_up > 1e-3 else math.ceil(1e-3 / max(warm_up, 1e-7))
    best = math.inf
    for _ in range(repeats):
        start = perf_counter()
        for _ in range(calls):
            fn()
        best = min(best, (perf_counter() - start) / calls)
    return best


def growth_exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the slope of ``log(seconds)`` against ``log(sizes)``, by least squares.

    Raises
    ------
    ValueError
        If there are fewer than two different sizes, or a value is not positive.
    """
    x, y = np.asarray(sizes, np.float64), np.asarray(seconds, np.float64)
    if x.shape != y.shape or len(set(x.tolist())) < 2 or min(x.min(), y.min()) <= 0:
        raise ValueError(
            "Growth must be given at two or more different positive sizes, "
            f"not {list(sizes)} with seconds {list(seconds)}"
        )
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def growth_table(title: str, curves: Sequence[Curve], note: str = "") -> Table:
    """Return the table of growth curves, a row for each with its exponent.

    Parameters
    ----------
    title : str
    curves : sequence of Curve
    note : str
        Text below the table.
    """
    return Table(
        title,
        ("what grows", "sizes", "milliseconds", "exponent"),
        tuple(
            (
                curve.label,
                ", ".join(f"{size:g}" for size in curve.sizes),
                ", ".join(f"{1e3 * seconds:.3g}" for seconds in curve.seconds),
                round(curve.exponent, 2),
            )
            for curve in curves
        ),
        note,
        tuple(curves),
    )
