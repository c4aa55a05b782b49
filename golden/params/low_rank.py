# SPDX-License-Identifier: MIT
"""Parameters of the low-rank discriminant (contract, 18)."""

from dataclasses import dataclass

from golden.params.checks import check_integer
from golden.params.sampling import PrototypesParams

__all__ = ["LowRankParams"]


@dataclass(frozen=True, kw_only=True)
class LowRankParams:
    """Parameters of the low-rank discriminant.

    Parameters
    ----------
    prototypes : PrototypesParams
        Parameters of the memory that it reads. They give D, L and q, at most 12.
    rank : int
        R, directions of the metric, 0..D.
    basis_width : int
        Bits of an entry of a direction, 1..8; with 1 it is -1 or +1.
    factor_width : int
        Bits of the factor of a direction, 1..16.
    """

    prototypes: PrototypesParams
    rank: int = 32
    basis_width: int = 4
    factor_width: int = 8

    def __post_init__(self) -> None:
        if not isinstance(self.prototypes, PrototypesParams):
            raise TypeError(f"Prototypes must be PrototypesParams, not {self.prototypes!r}")
        check_integer("Code width q of a discriminant", self.prototypes.code_width, 1, 12)
        check_integer("Rank R", self.rank, 0, self.prototypes.features)
        check_integer("Basis width", self.basis_width, 1, 8)
        check_integer("Factor width", self.factor_width, 1, 16)

    @property
    def highest_entry(self) -> int:
        """Largest magnitude of an entry of a direction."""
        return max(1, 2 ** (self.basis_width - 1) - 1)

    @property
    def projection_width(self) -> int:
        """Bits of the projection of a prototype, with its sign."""
        most = self.highest_entry * self.prototypes.features * 2**self.prototypes.code_width
        return most.bit_length() + 1
