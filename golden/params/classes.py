# SPDX-License-Identifier: MIT
"""Parameters of the blocks that learn and name classes without training (contract, 14 and 16)."""

from dataclasses import dataclass

from golden.params.checks import check_integer
from golden.params.sampling import PrototypesParams

__all__ = ["ClassCounterParams", "OnlineMixtureParams"]

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


@dataclass(frozen=True, kw_only=True)
class OnlineMixtureParams:
    """Parameters of the components of a class that compete for its exemplars.

    Parameters
    ----------
    features : int
        D.
    components : int
        K.
    code_width : int
        q, bits of a code.
    handicap_shift : int
        s: a component that is ``2^s / K`` exemplars ahead of its fair share loses one feature.
    """

    features: int
    components: int
    code_width: int
    handicap_shift: int = 4

    def __post_init__(self) -> None:
        check_integer("Features D", self.features, 1)
        check_integer("Components K", self.components, 1)
        check_integer("Code width q", self.code_width, 1, 16)
        check_integer("Handicap shift s", self.handicap_shift, 0, 31)
