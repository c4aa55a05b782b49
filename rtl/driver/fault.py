# SPDX-License-Identifier: MIT
"""What a call of the driver can fail with."""

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["DriverError", "Fault", "integers_of", "require"]


class Fault(IntEnum):
    """What a call can fail with: the numbers of `engram_error`, each with its text."""

    text: str

    def __new__(cls, number: int, text: str) -> "Fault":
        member = int.__new__(cls, number)
        member._value_ = number
        member.text = text
        return member

    OK = 0, "done"
    BUS = 1, "a function of the bus failed"
    WAIT = 2, "the wait function of the bus gave up"
    ID = 3, "no chip answers at this address"
    VERSION = 4, "the chip has another register map than this driver"
    ARGUMENT = 5, "an argument is out of the chip's range"
    FILE = 6, "this is no load file, or it is damaged"
    SIZES = 7, "the load file was made for a chip of other sizes"
    NETWORK = 8, "no network is loaded, or it has no head"
    PACKET = 9, "the chip found fault with a packet"
    DRAW = 10, "a draw goes on, or its classes have no weights"
    OVERFLOW = 11, "the class does not fit the prototype memory"
    UNKNOWN = 12, "the class is not there"
    ANSWER = 13, "a packet came that was not asked for"
    RESET = 14, "a soft reset cut a packet short"
    SLOT = 15, "the slot is not open, never was, or holds no exemplar"
    ROOM = 16, "the chip has more than ENGRAM_CLASSES or ENGRAM_SLOTS"
    BASIS = 17, "the chip refused the basis, because a sum is out of bounds"


class DriverError(RuntimeError):
    """A call failed with a `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


def require(holds: object, fault: Fault) -> None:
    """Raise a `DriverError` unless a condition holds."""
    if not holds:
        raise DriverError(fault)


def integers_of(values: ArrayLike, width: int, *, signed: bool = False) -> NDArray[np.integer]:
    """Return an argument of integers as an array, of its own shape.

    Parameters
    ----------
    values : array-like of integers
    width : int
        Their bits.
    signed : bool, optional
        Whether they are in two's complement.

    Raises
    ------
    DriverError
        If the values are ragged, are no integers (not even floats that are whole), or do not fit.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DriverError(Fault.ARGUMENT) from error
    if array.size == 0:
        array = array.astype(np.int64)  # NumPy takes an empty list for floats
    require(array.dtype.kind in "biu", Fault.ARGUMENT)
    lowest = -(2 ** (width - 1)) if signed else 0
    require(((array >= lowest) & (array < lowest + 2**width)).all(), Fault.ARGUMENT)
    return array
