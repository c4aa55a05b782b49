# SPDX-License-Identifier: MIT
"""Parameters of the faults of a memory's cells (contract, 19)."""

from dataclasses import dataclass
from enum import IntEnum

from golden.params.checks import check_integer

__all__ = ["FaultParams", "FaultyMemory"]

CERTAIN = 2**32  # the threshold at which every cell fails


class FaultyMemory(IntEnum):
    """The number of a memory; the weights of layer y of a network are memory ``LAYERS + y``."""

    PROTOTYPES = 0
    EXEMPLARS = 1
    CLASSIFIER = 2
    LAYERS = 16


@dataclass(frozen=True, kw_only=True)
class FaultParams:
    """Parameters of the faults of one memory on one die.

    Parameters
    ----------
    die : int
        S, seed of the die, ``0 .. 2**64 - 1``.
    memory : int
        i, number of the memory, ``0 .. 2**16 - 1``; see `FaultyMemory`.
    threshold : int
        T, ``0 .. 2**32``: a cell fails with the probability ``T / 2**32``.
    lanes, width : int
        A row of the memory holds `lanes` codes of `width` bits.
    planes : tuple of int, optional
        Planes whose cells can fail, 0 for the most significant bit of a code. All by default.
    """

    die: int
    memory: int
    threshold: int
    lanes: int
    width: int = 1
    planes: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_integer("Die", self.die, 0, 2**64 - 1)
        check_integer("Number of a memory", self.memory, 0, 2**16 - 1)
        check_integer("Threshold T of faults", self.threshold, 0, CERTAIN)
        check_integer("Lanes", self.lanes, 1)
        check_integer("Width of a code", self.width, 1, 32)
        for plane in self.planes or ():
            check_integer("Plane", plane, 0, self.width - 1)

    @property
    def failing_planes(self) -> tuple[int, ...]:
        """Planes whose cells can fail, in ascending order."""
        planes = range(self.width) if self.planes is None else self.planes
        return tuple(sorted(set(planes)))
