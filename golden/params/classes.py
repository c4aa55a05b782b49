# SPDX-License-Identifier: MIT
"""Parameters of the blocks that learn and name classes without training (contract, 14 to 16)."""

from dataclasses import dataclass

from golden.params.checks import check_integer
from golden.params.sampling import PrototypesParams

__all__ = ["ClassCounterParams", "OnlineMixtureParams", "PrototypeClassifierParams"]

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

    def check_fits(self, prototypes: PrototypesParams) -> None:
        """Raise ValueError unless classes of K components fit a memory of prototypes."""
        own, other = ((params.features, params.code_width) for params in (self, prototypes))
        if own != other:
            raise ValueError(
                f"Features D and code width q must be those of the memory, {other}, not {own}"
            )
        check_integer("Components K", self.components, 1, prototypes.class_components)


@dataclass(frozen=True, kw_only=True)
class PrototypeClassifierParams:
    """Parameters of the classifier by prototypes.

    Parameters
    ----------
    prototypes : PrototypesParams
        Parameters of the memory that it reads. They give D, L and q.
    table_width : int
        t, bits of a base and of a weight, 1..40.
    fold : int
        Cycles that a row of L lanes takes. It divides L: each table serves so many lanes in turn.
    """

    prototypes: PrototypesParams
    table_width: int = 18
    fold: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.prototypes, PrototypesParams):
            raise TypeError(f"Prototypes must be PrototypesParams, not {self.prototypes!r}")
        check_integer("Table width t", self.table_width, 1, 40)
        check_integer("Bits of a cost", self.cost_width, 1, 62)
        check_integer("Fold", self.fold, 1, self.prototypes.lanes)
        if self.prototypes.lanes % self.fold:
            raise ValueError(
                f"Fold must divide the lanes L = {self.prototypes.lanes}, not {self.fold}"
            )

    @property
    def tables(self) -> int:
        """Tables, and lanes whose costs are looked up in a cycle."""
        return self.prototypes.lanes // self.fold

    @property
    def table_rows(self) -> int:
        """Rows of the table, one for each distance of a code from the middle."""
        return 2 ** (self.prototypes.code_width - 1)

    @property
    def highest_entry(self) -> int:
        """Largest base and largest weight."""
        return 2**self.table_width - 1

    @property
    def cost_width(self) -> int:
        """Bits of a cost. No component costs all ones, as the highest cost is even."""
        return (2 * self.prototypes.features * self.highest_entry).bit_length()
