# SPDX-License-Identifier: MIT
"""The bus of a simulated chip, for the driver in Python (docs/driver.md)."""

import subprocess
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO

from rtl.output import Kind, user_layout
from rtl.registers import REGISTERS
from sim.work.errors import UserError
from sim.work.files import reason_of

__all__ = ["SimulatedBus"]

_ID = REGISTERS[0].offset  # a register that is read to learn that all before it has been told


class SimulatedBus:
    """A chip that was just reset, simulated by a program: a bus as `rtl.driver.access.Bus` has it.

    The program is that of `engram simulate`, which is given lines of a script as they are needed. A
    register is read at once; the answer comes when the chip is at rest. Leaving the bus as a
    context ends the program.

    Parameters
    ----------
    program : Path
        Program that `sim.hardware.simulator.Simulator.build` returned for one thread and no trace.
    patience : int, optional
        Cycles without a word in or out after which the simulation fails.
    """

    def __init__(self, program: Path, patience: int = 1_000_000) -> None:
        pipe = subprocess.PIPE
        try:
            self._child = subprocess.Popen(
                [str(program), str(patience), "1", "", "-"],
                stdin=pipe, stdout=pipe, stderr=pipe, text=True,
            )  # fmt: skip
        except OSError as error:
            raise UserError(
                f"{program} must be a simulator, as Simulator.build makes it: {reason_of(error)}"
            ) from error
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        assert self._child.stderr is not None
        self._in, self._err = self._child.stdin, self._child.stderr
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._packets: deque[tuple[list[int], int]] = deque()
        self._words: list[tuple[int, int]] = []
        self._told = ""  # why the simulation ended
        # The program waits while nobody takes what it writes, and then takes nothing itself.
        self._pump = Thread(target=_pump, args=(self._child.stdout, self._lines), daemon=True)
        self._pump.start()

    def __enter__(self) -> "SimulatedBus":
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._pump.join()  # it has read what was left, and nobody else reads that pipe
        self._child.communicate()

    def read(self, address: int) -> int:
        """Return the register of 32 bits at a byte address.

        Raises
        ------
        UserError
            If the chip refuses it, or if the simulation failed; so do the other calls.
        """
        self._say(f"read {address:#x}", "idle")
        return self._answer()

    def write(self, address: int, value: int) -> None:
        """Write the register of 32 bits at a byte address; a later call tells of a refusal."""
        self._say(f"write {address:#x} {value:#x}")

    def send(self, words: Sequence[int]) -> None:
        """Send a packet of 64-bit words."""
        self._say(*(f"{word:x}" for word in words), "")

    def receive(self) -> tuple[list[int], int]:
        """Return the 64-bit words of the next packet and the `tuser` of its last word.

        Raises
        ------
        UserError
            If the chip is at rest and none has come.
        """
        if not self._packets:
            self._drain()
        if not self._packets:
            raise UserError("The simulated chip sent no packet, and is at rest")
        return self._packets.popleft()

    def flush(self) -> None:
        """Forget all words that came and were not received."""
        self._drain()
        self._packets.clear()

    def _drain(self) -> None:
        """Take all that the chip sends until it is at rest."""
        self._say("idle", f"read {_ID:#x}", "idle")
        self._answer()

    def _say(self, *lines: str) -> None:
        try:
            self._in.write("\n".join(lines) + "\n")
            self._in.flush()
        except OSError:  # why it ended is told by who waits for its answer
            pass

    def _answer(self) -> int:
        """Return the next answer of a register, and note the packets before it."""
        refused = ""
        while line := self._lines.get():
            kind, *rest = line.split() or [""]
            if rest and rest[-1] == "refused":
                refused = refused or line.strip()
            if kind == "read":
                if refused:
                    raise UserError(f"The simulated chip refuses: {refused}")
                return int(rest[-1], 16)
            if kind == "write":
                continue
            if kind:
                self._words.append((int(kind, 16), _user(*rest)))
            else:
                words, users = zip(*self._words, strict=True)
                self._packets.append((list(words), users[-1]))
                self._words.clear()
        self._lines.put("")  # for the next call
        self._told = self._told or self._err.read().strip()
        raise UserError(f"The simulation ended: {self._told}")


def _pump(source: IO[str], lines: "SimpleQueue[str]") -> None:
    """Pass lines on as they come, and an empty text at their end."""
    for line in source:
        lines.put(line)
    lines.put("")


def _user(kind: str, label: str, aborted: str = "") -> int:
    """Return the `tuser` of a word as the program writes it."""
    fields = {"kind": Kind[kind.upper()], "aborted": int(bool(aborted)), "label": int(label)}
    return int(user_layout().const(fields).as_value().value)
