# SPDX-License-Identifier: MIT
"""The bus of a driver, and registers on it by their names."""

from collections.abc import Callable, Sequence
from typing import Protocol

from rtl.driver.fault import Fault, require
from rtl.registers import ALL_REGISTERS

__all__ = ["Bus", "Registers"]

_BY_NAME = {register.name: register for register in ALL_REGISTERS}


class Bus(Protocol):
    """How the chip is reached. What fails raises an exception of its own.

    A bus may also have ``wait() -> bool``, which is called between two looks at a register. It may
    sleep until `irq`, and gives up by returning False. Without it, the driver looks again at once.
    """

    def read(self, address: int) -> int:
        """Return the register of 32 bits at a byte address."""
        ...

    def write(self, address: int, value: int) -> None:
        """Write the register of 32 bits at a byte address."""
        ...

    def send(self, words: Sequence[int]) -> None:
        """Send a packet of 64-bit words; return once the chip has taken it."""
        ...

    def receive(self) -> tuple[list[int], int]:
        """Wait for the next packet; return its 64-bit words and the `tuser` of the last."""
        ...

    def flush(self) -> None:
        """Forget all words that came and were not received."""
        ...


class Registers:
    """The registers of a chip.

    Parameters
    ----------
    bus : Bus
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        #: Waits a while, unless the bus gives up.
        self.pause: Callable[[], bool] = getattr(bus, "wait", lambda: True)

    def get(self, name: str) -> int:
        """Read a register."""
        return self._bus.read(_BY_NAME[name].offset)

    def fields(self, name: str) -> dict[str, int]:
        """Read a register; return its fields by name."""
        value = self.get(name)
        return {f.name: (value & f.mask) >> f.low for f in _BY_NAME[name].fields}

    def set(self, name: str, **values: int) -> None:
        """Write a register; fields that are not named become 0."""
        low = {field.name: field.low for field in _BY_NAME[name].fields}
        word = sum(value << low[key] for key, value in values.items())
        self._bus.write(_BY_NAME[name].offset, word)

    def wait(self, name: str, **values: int) -> None:
        """Read a register until fields have these values, or until the bus gives up."""
        while not values.items() <= self.fields(name).items():
            require(self.pause(), Fault.WAIT)

    @staticmethod
    def constant(name: str, field: str) -> int:
        """Return the value that a constant field has in this register map."""
        (value,) = (f.reset for f in _BY_NAME[name].fields if f.name == field)
        return value
