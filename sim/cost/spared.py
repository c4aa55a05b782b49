# SPDX-License-Identifier: MIT
"""Prototypes whose upper planes keep the full supply while the others have a lower one."""

from collections.abc import Sequence
from dataclasses import dataclass

from sim.cost.failing import FailingLine
from sim.cost.totals import Total

__all__ = ["SPARED", "SparedPoint", "spared_points"]

#: Upper planes at the full supply that are tabled, if the codes have more.
SPARED = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class SparedPoint:
    """Planes at two supplies.

    Attributes
    ----------
    voltage : float
        V, the lower supply.
    share : float
        Cells of the lower planes that fail.
    memories : tuple of Total
        J, of the accesses to prototypes, for each number of spared planes.
    """

    voltage: float
    share: float
    memories: tuple[Total, ...]


def spared_points(
    line: FailingLine, width: int, spared: Sequence[int] = SPARED
) -> tuple[SparedPoint, ...]:
    """Price planes at two supplies: the sum over planes, each at its own.

    Parameters
    ----------
    line : FailingLine
        That of the prototypes; its first point has the upper supply.
    width : int
        Planes of a code.
    spared : sequence of int
        Planes at the upper supply, each in 0..width.

    Returns
    -------
    tuple of SparedPoint
        One for each point of the line.

    Raises
    ------
    ValueError
        If more planes are spared than there are.
    """
    for planes in spared:
        if not 0 <= planes <= width:
            raise ValueError(f"spared planes must be in 0..{width}, not {planes}")
    full = line.points[0].memory
    return tuple(
        SparedPoint(
            voltage=point.voltages[0],
            share=point.shares[0],
            memories=tuple(
                full * (planes / width) + point.memory * ((width - planes) / width)
                for planes in spared
            ),
        )
        for point in line.points
    )
