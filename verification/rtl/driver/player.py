# SPDX-License-Identifier: MIT
"""Scripts of a host of the chip on a compiled model: packets wait in line, and nothing else runs.

The operations are those of `verification.rtl.cocotb_chip`, as many as a host of loads and batches
needs. A model that the benches of the drivers have compiled runs them a hundred times as fast.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from verification.rtl.driver.library import Model
from verification.rtl.engine import BenchError

__all__ = ["Player"]

STEP = 10  # cycles between two looks


class Player:
    """Host of a model that runs the operations of scripts, one script after the other.

    Parameters
    ----------
    model : Model
    patience : int, optional
        Cycles that an operation may take.

    Attributes
    ----------
    noted : list of tuple of int and int
        Addresses of registers and their values, as `note` read them.
    aborted : int
        Packets that a soft reset ended.
    """

    def __init__(self, model: Model, patience: int = 100_000) -> None:
        self.model, self.patience = model, patience
        self.noted: list[tuple[int, int]] = []
        self.aborted = 0
        self._received: dict[int, list[list[list[int]]]] = defaultdict(list)
        self._packet: list[tuple[int, int]] = []

    def play(self, operations: list[list[Any]]) -> None:
        """Run operations; one that fails, or takes too long, is named by its number."""
        for number, (name, *arguments) in enumerate(operations):
            try:
                getattr(self, f"_{name}")(*arguments)
            except BenchError as error:
                raise BenchError(f"operation {number}, {name}: {error}") from None

    def forget(self) -> None:
        """Forget the packets that have come, but not the part of one that has."""
        self._sort()
        self._received.clear()

    def take(self, kind: int) -> list[int]:
        """Return the words of the next packet of a kind, whatever they are."""
        self._until(lambda: self._received[kind])
        return self._received[kind].pop(0)[0]

    def _until(self, holds: Callable[[], Any]) -> None:
        for _ in range(0, self.patience, STEP):
            self._sort()
            if holds():
                return
            self.model.pass_cycles(STEP)
        raise BenchError("it never ended")

    def _sort(self) -> None:
        while self.model.words:
            word, user, last = self.model.receive_word()
            self._packet.append((word, user))
            if not last:
                continue
            packet, self._packet = self._packet, []
            if user & 8:
                self.aborted += 1
                continue
            kinds = {user & 7 for _, user in packet}
            if len(kinds) != 1:
                raise BenchError(f"a packet of several kinds came: {packet}")
            words = [[word for word, _ in packet], [user >> 4 for _, user in packet]]
            self._received[kinds.pop()].append(words)

    def _write(self, address: int, data: int) -> None:
        self.model.write(address, data)

    def _read(self, address: int, expected: int) -> None:
        value = self.model.read(address)
        if value != expected:
            raise BenchError(f"{address:#x} is {value:#x}; expected {expected:#x}")

    def _poll(self, address: int, mask: int, expected: int) -> None:
        self._until(lambda: self.model.read(address) & mask == expected)

    def _note(self, address: int) -> None:
        self.noted.append((address, self.model.read(address)))

    def _send(self, words: list[int]) -> None:
        self.model.push(words)

    def _sent(self) -> None:
        self._until(lambda: not self.model.left)

    def _cycles(self, count: int) -> None:
        self.model.pass_cycles(count)

    def _expect(self, kind: int, packets: list[list[list[int]]]) -> None:
        for number, wanted in enumerate(packets):
            self._until(lambda: self._received[kind])
            packet = self._received[kind].pop(0)
            if packet != wanted:
                message = f"packet {number} of kind {kind} is {packet}, expected {wanted}"
                raise BenchError(message)

    def _skip(self, kind: int) -> None:
        self.take(kind)

    def _nothing(self) -> None:
        self.model.pass_cycles(50)
        self._sort()
        left = {kind: len(packets) for kind, packets in self._received.items() if packets}
        if left or self._packet:
            raise BenchError(f"packets came that nobody expects: {left} by kind")

    def _discard(self) -> None:
        self.model.pass_cycles(200)
        self._sort()
        self._received.clear()
        self._packet = []
