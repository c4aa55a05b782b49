# SPDX-License-Identifier: MIT
"""Codes of prototypes with a parity bit, replaced by those of the one before (contract, 19)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.faults import Codes, Faults
from golden.params import FaultParams, FaultyMemory
from golden.params.checks import check_integer

__all__ = ["ParityFaults"]


class ParityFaults(Faults):
    """Static faults of prototypes whose codes have a parity bit each.

    Where the parity is wrong, the code reads as the one of the prototype before, of the
    neighbouring class if a class has one prototype.

    Parameters
    ----------
    params : FaultParams
    protected : int
        u, upper planes that the parity covers, 1 or more.

    Raises
    ------
    ValueError
        If there are not so many planes.
    """

    def __init__(self, params: FaultParams, protected: int) -> None:
        super().__init__(params)
        check_integer("Protected planes", protected, 1, params.width)
        self.protected = protected
        self._parities = Faults(
            FaultParams(
                die=params.die,
                memory=FaultyMemory.PARITIES,
                threshold=params.threshold,
                lanes=params.lanes,
            )
        )

    @property
    def in_order(self) -> bool:
        return True

    def read(
        self, codes: NDArray[Codes], first: int = 0, before: NDArray[Any] | None = None
    ) -> NDArray[Codes]:
        """Return what vectors of codes read as, with replaced codes where the parity is wrong.

        Parameters
        ----------
        codes : ndarray of shape (n, D), unsigned integers
            Codes as they were written.
        first : int
            Vectors that lie before them.
        before : ndarray of shape (D,), optional
            What the vector before them reads as. There is none if `first` is 0.

        Raises
        ------
        ValueError
            If `before` is missing.
        """
        if first and before is None:
            raise ValueError(f"What vector {first - 1} reads as must be given for parity")
        read = super().read(codes, first)
        wrong = self._parity(read) != self._parities.read(self._parity(codes), first)
        for vector, bad in zip(read, wrong, strict=True):
            if before is not None:
                vector[bad] = before[bad]
            before = vector
        return read

    def _parity(self, codes: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the parity of the upper planes of each code."""
        high = codes >> codes.dtype.type(self.params.width - self.protected)
        return np.bitwise_count(high) & np.uint8(1)
