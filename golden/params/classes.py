# SPDX-License-Identifier: MIT
"""Parameters of the blocks that learn and name classes without training (contract, 14)."""

from dataclasses import dataclass

from golden.params.checks import check_integer
from golden.params.sampling import PrototypesParams

__all__ = ["ClassCounterParams"]

MAX_COUNT = 65535  # most exemplars that a class counter counts


@dataclass(frozen=True, kw_only=True)
class ClassCounterParams:
    """Parameters of the class counter.

    Parameters
    ----------
    prototypes : PrototypesParams
        Parameters of the memory to which classes are appended. They give D, L and q.
    slots : int
        S, classes whose counts are kept.
    """

    prototypes: PrototypesParams
    slots: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.prototypes, PrototypesParams):
            raise TypeError(f"Prototypes must be PrototypesParams, not {self.prototypes!r}")
        check_integer("Slots of a class counter", self.slots, 1)

    @property
    def rows(self) -> int:
        """Rows of the memory of counts."""
        return self.slots * self.prototypes.beats
