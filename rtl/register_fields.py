# SPDX-License-Identifier: MIT
"""What registers of the chip are made of: fields of bits, with what can be done with them."""

from dataclasses import dataclass

__all__ = ["ACCESSES", "Field", "Register", "bit", "constant", "halves", "whole"]

#: What can be done with a field.
ACCESSES = {
    "ro": "read only",
    "rw": "read and write",
    "w1c": "set by the chip, cleared by writing 1",
    "w1s": "writing 1 starts something; reads 0",
    "wc": "counted by the chip, cleared by any write",
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """Some bits of a register.

    Attributes
    ----------
    name : str
    access : {"ro", "rw", "w1c", "w1s", "wc"}
    low, width : int
        Lowest bit and number of bits.
    reset : int
        Value after a reset. A constant field always has it.
    constant : bool
        Whether the value never changes. The field then has no port.
    text : str
        Description.
    """

    name: str
    access: str
    text: str
    low: int = 0
    width: int = 32
    reset: int = 0
    constant: bool = False

    @property
    def bits(self) -> str:
        """Bit range in the form of datasheets, ``high:low``."""
        high = self.low + self.width - 1
        return str(high) if self.width == 1 else f"{high}:{self.low}"

    @property
    def mask(self) -> int:
        """Mask with ones at the bits of the field."""
        return ((1 << self.width) - 1) << self.low


@dataclass(frozen=True, kw_only=True)
class Register:
    """A 32-bit register: its byte `offset`, and its fields, the lowest first."""

    name: str
    offset: int
    text: str
    fields: tuple[Field, ...]

    @property
    def writable(self) -> bool:
        """Whether a write is accepted, that is, whether some field is not read-only."""
        return any(field.access != "ro" for field in self.fields)

    def port(self, field: Field) -> str:
        """Return the name of the register file's port for `field`."""
        return self.name if len(self.fields) == 1 else f"{self.name}_{field.name}"


def whole(
    name: str,
    offset: int,
    text: str,
    access: str = "ro",
    reset: int = 0,
    constant: bool = False,
) -> Register:
    """Return a register of one field.

    Parameters
    ----------
    name, offset, text : str, int, str
        As of `Register`.
    access, reset, constant : str, int, bool
        As of `Field`.
    """
    field = Field(name="value", access=access, text=text, reset=reset, constant=constant)
    return Register(name=name, offset=offset, text=text, fields=(field,))


def halves(name: str, offset: int, text: str, low: str, high: str) -> Register:
    """Return a read-only register of two fields of 16 bits.

    Parameters
    ----------
    name, offset, text : str, int, str
        As of `Register`.
    low, high : str
        The fields, each ``name: text``.
    """
    named = [half.split(": ", 1) for half in (low, high)]
    fields = tuple(
        Field(name=key, access="ro", low=16 * i, width=16, text=value)
        for i, (key, value) in enumerate(named)
    )
    return Register(name=name, offset=offset, text=text, fields=fields)


def bit(name: str, low: int, text: str, access: str = "ro", reset: int = 0) -> Field:
    """Return a field of one bit.

    Parameters
    ----------
    name, low, text, access, reset : str, int, str, str, int
        As of `Field`.
    """
    return Field(name=name, access=access, low=low, width=1, reset=reset, text=text)


def constant(name: str, low: int, value: int, text: str) -> Field:
    """Return a field of 16 bits that never changes.

    Parameters
    ----------
    name, low, text : str, int, str
        As of `Field`.
    value : int
        What it reads.
    """
    return Field(name=name, access="ro", low=low, width=16, reset=value, constant=True, text=text)
