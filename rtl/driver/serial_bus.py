# SPDX-License-Identifier: MIT
"""The bus of a chip at the other end of a serial port, for the driver in Python (docs/board.md)."""

import secrets
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from rtl.axi_lite import OKAY
from rtl.serial_bridge import LONGEST, LOST, MOST_WORDS, Answer, Request

__all__ = ["Port", "SerialBus", "SerialError"]

_SIZES = {Request.READ: 5, Request.WRITE: 1, Request.SEND: 1, Request.SEND_LAST: 1, Request.ECHO: 9}
_TAG = 8  # bytes of an echo


class Port(Protocol):
    """A serial port, such as `serial.Serial` of pyserial with a timeout."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes; fewer if they do not come in time."""
        ...

    def write(self, data: bytes, /) -> object:
        """Send all bytes."""
        ...


class SerialError(OSError):
    """The board is silent, lost bytes, or refuses an address."""


class SerialBus:
    """A bus as `rtl.driver.access.Bus` has it, over a serial port.

    Whatever was sent before is ended first, and whatever came before is forgotten. After an error
    or an interrupted call, a new bus is in step again.

    Parameters
    ----------
    port : Port

    Raises
    ------
    SerialError
        If no board answers; so do the other calls. Also if bytes were lost, or if the chip refuses
        an address.
    ValueError
        If an address has more than 16 bits, a register more than 32, or a word more than 64.
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        self._packets: deque[tuple[list[int], int]] = deque()
        self._words: list[int] = []
        self._headless = False  # the words that come belong to a packet that was forgotten
        # They end a request that somebody left unfinished; what is left of them asks for nothing.
        port.write(bytes([Request.NOTHING]) * LONGEST)
        tag = secrets.token_bytes(_TAG)
        port.write(bytes([Request.ECHO]) + tag)
        seen = b""
        while not seen.endswith(tag):
            seen = seen[1 - _TAG :] + self._take(1)

    def read(self, address: int) -> int:
        """Return the register of 32 bits at a byte address."""
        data = self._ask(Request.READ, _bytes("address", address, 2), f"address {address:#x}")
        return int.from_bytes(data, "little")

    def write(self, address: int, value: int) -> None:
        """Write the register of 32 bits at a byte address."""
        data = _bytes("address", address, 2) + _bytes("value", value, 4)
        self._ask(Request.WRITE, data, f"address {address:#x}")

    def send(self, words: Sequence[int]) -> None:
        """Send a packet of 64-bit words; return once the chip has taken it."""
        for begin in range(0, len(words), MOST_WORDS):
            part = words[begin : begin + MOST_WORDS]
            ends = begin + MOST_WORDS >= len(words)
            request = Request.SEND_LAST if ends else Request.SEND
            data = b"".join(_bytes("a word", word, 8) for word in part)
            self._ask(request, bytes([len(part)]) + data, "a packet")

    def receive(self) -> tuple[list[int], int]:
        """Return the 64-bit words of the next packet, and the `tuser` of its last word."""
        while not self._packets:
            kind = self._take(1)[0]
            if kind not in (Answer.WORD, Answer.WORD_LAST):
                raise SerialError(f"The board must send a word of the chip, not byte {kind:#04x}")
            self._note(kind)
        return self._packets.popleft()

    def flush(self) -> None:
        """Forget all words that came and were not received, and the rest of their last packet."""
        self._ask(Request.ECHO, bytes(_TAG), "an echo")
        self._packets.clear()
        self._headless |= bool(self._words)
        self._words.clear()

    def _ask(self, request: Request, data: bytes, what: str) -> bytes:
        """Make a request; return the data of its answer, and note the words before it."""
        self._port.write(bytes([request]) + data)
        while (kind := self._take(1)[0]) in (Answer.WORD, Answer.WORD_LAST):
            self._note(kind)
        if kind != request:
            raise SerialError(f"The board must answer with byte {request:#04x}, not {kind:#04x}")
        status, *rest = self._take(_SIZES[request])
        if status & LOST:
            raise SerialError("The board lost bytes: its clock or its baud rate may be another")
        if status != OKAY:
            raise SerialError(f"The chip refuses {what}")
        return bytes(rest)

    def _note(self, kind: int) -> None:
        """Take the rest of a word of the chip."""
        data = self._take(2 + 8)
        if not self._headless:
            self._words.append(int.from_bytes(data[2:], "little"))
        if kind == Answer.WORD_LAST:
            if not self._headless:
                self._packets.append((self._words, int.from_bytes(data[:2], "little")))
            self._words, self._headless = [], False

    def _take(self, size: int) -> bytes:
        data = self._port.read(size)
        if len(data) < size:
            raise SerialError(
                "The board is silent: it must be on, with its bitstream loaded, at the end of this "
                "port, and the port must have its baud rate"
            )
        return data


def _bytes(what: str, value: int, size: int) -> bytes:
    if not 0 <= value < 1 << 8 * size:
        raise ValueError(f"{what} must be at least 0 and have {8 * size} bits, not {value:#x}")
    return value.to_bytes(size, "little")
