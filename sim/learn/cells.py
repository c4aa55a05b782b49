# SPDX-License-Identifier: MIT
"""The share of cells that fail: given, or by a supply and a normal variable or published curve."""

import math
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Protocol, Self

import pydantic
from pydantic import Field

from golden.params.faults import CERTAIN
from sim.documents.read import load
from sim.documents.section import Section

__all__ = [
    "CURVES",
    "CellCurve",
    "CellModel",
    "Cells",
    "FailingCells",
    "cell_names",
    "load_cells",
]

#: Folder of the curves, one ``<name>.yaml`` each.
CURVES = Path(__file__).parent / "cell_curves"

_Voltage = Annotated[float, Field(gt=0, le=10)]
_Text = Annotated[str, Field(min_length=1)]


class Cells(Protocol):
    """Cells of a memory, of which more fail at a lower supply."""

    @property
    def legend(self) -> str:
        """What tells them from other cells."""
        ...

    def share(self, voltage: float) -> float:
        """Return the share of cells that fail at a supply of `voltage` V."""
        ...


class CellModel(Section):
    """Least supply at which a cell works, a normal variable over the cells of a die.

    Attributes
    ----------
    mean : float
        Mean of the least supply, in V.
    deviation : float
        Its standard deviation, in V.
    """

    mean: _Voltage
    deviation: _Voltage

    @property
    def legend(self) -> str:
        """What tells it from other cells."""
        return f"least supply {self.mean:g} ± {self.deviation:g} V"

    def share(self, voltage: float) -> float:
        """Return the share of cells that fail at a supply of `voltage` V."""
        return 0.5 * math.erfc((voltage - self.mean) / (self.deviation * math.sqrt(2)))


class CellCurve(Section):
    """A curve of failing cells with its source.

    Attributes
    ----------
    title : str
        The cells in words.
    citation, locator : str
        The paper, and the place of the numbers.
    evidence : {"silicon", "model", "illustrative"}
        Whether cells were counted, or a model of them is published, or neither.
    node : float or null
        Their process, in nm.
    note : str or null
        Remark for the reader.
    points : list of (float, float)
        Supplies in V, rising, with the cells that fail there; fewer at every higher supply.
    cells : int
        Of so many; 1 where `points` are shares.
    safe : float or null
        Supply in V from which on no cell was seen to fail.
    normal : CellModel or null
        In place of `points`.
    """

    title: _Text
    citation: _Text
    locator: _Text
    evidence: Literal["silicon", "model", "illustrative"]
    node: Annotated[float, Field(gt=0)] | None = None
    note: _Text | None = None
    points: tuple[tuple[_Voltage, Annotated[float, Field(gt=0)]], ...] = ()
    cells: int = Field(default=1, ge=1)
    safe: _Voltage | None = None
    normal: CellModel | None = None

    @pydantic.model_validator(mode="after")
    def _falls(self) -> Self:
        if bool(self.points) == bool(self.normal):
            raise ValueError("either points or normal must be given")
        steps = self.steps
        for (low, more), (high, fewer) in zip(steps, steps[1:], strict=False):
            if low >= high or more <= fewer:
                raise ValueError(f"points must rise in supply and fall in cells, not at {high:g} V")
        if steps and steps[0][1] > 1:
            raise ValueError(f"points must have at most the {self.cells} cells, not more")
        if self.safe is not None and (not steps or self.safe <= steps[-1][0]):
            raise ValueError("safe must lie above the supplies of points")
        return self

    @property
    def steps(self) -> tuple[tuple[float, float], ...]:
        """Supplies in V, rising, with the share of cells that fail there; empty if `normal`."""
        return tuple((voltage, count / self.cells) for voltage, count in self.points)

    @property
    def legend(self) -> str:
        """What tells it from other cells."""
        return self.title

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest supply, in V, at which the share is known."""
        if self.normal is not None:
            return 0.0, math.inf
        steps = self.steps
        return steps[0][0], steps[-1][0] if self.safe is None else math.inf

    def share(self, voltage: float) -> float:
        """Return the share of cells that fail at a supply of `voltage` V.

        It lies on the straight line between two points, over its logarithm. Between the highest
        point and `safe` it is that of the point.

        Raises
        ------
        ValueError
            If nothing is known of that supply.
        """
        if self.normal is not None:
            return self.normal.share(voltage)
        low, high = self.range
        if not low <= voltage <= high:
            most = "on" if high == math.inf else f"to {high:g} V"
            raise ValueError(
                f"voltage must be from {low:g} V {most} for {self.title}, not {voltage:g}"
            )
        if self.safe is not None and voltage >= self.safe:
            return 0.0
        steps = self.steps
        for (here, more), (there, fewer) in zip(steps, steps[1:], strict=False):
            if voltage <= there:
                part = (voltage - here) / (there - here)
                return math.exp((1 - part) * math.log(more) + part * math.log(fewer))
        return steps[-1][1]


def cell_names() -> tuple[str, ...]:
    """Return the names of the curves, in alphabetical order."""
    return tuple(sorted(path.stem for path in CURVES.glob("*.yaml")))


@cache
def load_cells(name: str) -> CellCurve:
    """Read a curve; later calls with the same name return the same object.

    Raises
    ------
    ValueError
        If there is no such curve.
    """
    if name not in cell_names():
        raise ValueError(f"cell must be one of {', '.join(cell_names())}, not {name!r}")
    return load(CellCurve, str(CURVES / f"{name}.yaml"), CURVES)[0]


class FailingCells(Section):
    """How many cells of a memory fail for good, and on which die.

    Attributes
    ----------
    share : float or null
        Probability that a cell fails, 0..1. Half of the cells that fail hold the right bit.
    voltage : float or null
        Supply of the memory in V, in place of `share`; it needs `cell`.
    cell : CellModel, str or null
        At which supply cells fail: a normal variable, or the name of a published curve, one of
        `sim.learn.cells.cell_names`.
    die : int or null
        Seed of the die; null takes the run's, so that every seed is another die.
    """

    share: float | None = Field(default=None, ge=0, le=1)
    voltage: float | None = Field(default=None, gt=0, le=10)
    cell: CellModel | str | None = None
    die: int | None = Field(default=None, ge=0, lt=2**64)

    @pydantic.model_validator(mode="after")
    def _share_or_voltage(self) -> Self:
        if (self.share is None) == (self.voltage is None):
            raise ValueError("faults must have either share or voltage")
        if (self.voltage is None) != (self.cell is None):
            raise ValueError("faults must have both voltage and cell, or neither")
        if self.voltage is not None and self.cells is not None:
            self.cells.share(self.voltage)  # says what is known
        return self

    @property
    def cells(self) -> Cells | None:
        """The cells that `cell` describes or names."""
        return load_cells(self.cell) if isinstance(self.cell, str) else self.cell

    @property
    def probability(self) -> float:
        """Probability that a cell fails."""
        if self.voltage is not None and self.cells is not None:
            return self.cells.share(self.voltage)
        assert self.share is not None
        return self.share

    @property
    def threshold(self) -> int:
        """T, ``2**32`` times that."""
        return round(CERTAIN * self.probability)

    def die_of(self, seed: int) -> int:
        """Return the seed of the die in a run with the seed `seed`."""
        return seed if self.die is None else self.die

    @property
    def supply(self) -> str:
        """What a legend says of the supply; empty where the share is given."""
        return f" at {self.voltage} V, {self.cells.legend}" if self.cells is not None else ""

    @property
    def said(self) -> str:
        """The share in a few digits."""
        return str(self.share) if self.share else f"{self.probability:.3g}"

    def legend(self, whose: str) -> str:
        """Return a few words for the legend of a method.

        Parameters
        ----------
        whose : str
            The cells, such as ``"cells"``.
        """
        die = f", die {self.die}" if self.die is not None else ""
        return f"{self.said} of {whose} fail{self.supply}{die}"
