# SPDX-License-Identifier: MIT
"""A host at the other end of the wire, with the driver: the chip learns, draws and is reset."""

from collections import deque
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator

from golden.class_counter import ClassCounter
from golden.params import ChipParams
from golden.sampler import Sampler
from rtl.board import Board
from rtl.driver.driver import Driver
from rtl.driver.serial_bus import SerialBus, SerialError
from rtl.registers import REGISTERS
from rtl.uart import FRAME
from verification.rtl.chips import make_chip

DIVISOR = 4
AT = {register.name: register.offset for register in REGISTERS}


class Wire:
    """A serial port whose other end is a simulated board; time goes on only while it reads.

    Parameters
    ----------
    params : ChipParams
    low : bool, optional
        As of the board.
    patience : int, optional
        Cycles after which `read` gives up.
    """

    def __init__(self, params: ChipParams, low: bool = False, patience: int = 20_000) -> None:
        self.board, self._low = Board(params, DIVISOR, low), low
        self.patience, self.pressed = patience, False
        self._sent: deque[int] = deque()  # bits
        self._come: deque[int] = deque()  # bytes
        self._simulator = Simulator(Module.cast(self.board) if False else self.board)
        self._simulator.add_testbench(self._cycles)
        self.cycles = 0

    def write(self, data: bytes, /) -> None:
        for byte in data:
            self._sent.extend((0, *(byte >> i & 1 for i in range(8)), 1))

    def read(self, size: int, /) -> bytes:
        end = self.cycles + self.patience
        while len(self._come) < size and self.cycles < end:
            self._simulator.advance()
        return bytes(self._come.popleft() for _ in range(min(size, len(self._come))))

    def wait(self, cycles: int) -> None:
        """Let some cycles pass."""
        end = self.cycles + cycles
        while self.cycles < end:
            self._simulator.advance()

    async def _cycles(self, ctx: Any) -> None:
        board = self.board
        bits: list[int] = []  # of the byte that comes, each sampled once
        since = 0
        while True:
            if self.cycles % DIVISOR == 0:
                ctx.set(board.rx, self._sent.popleft() if self._sent else 1)
            ctx.set(board.button, self.pressed ^ self._low)
            tx = ctx.get(board.tx)
            if bits or not tx:
                if since % DIVISOR == DIVISOR // 2:
                    bits.append(tx)
                since += 1
                if len(bits) == FRAME:
                    assert (bits[0], bits[-1]) == (0, 1)
                    self._come.append(sum(bit << i for i, bit in enumerate(bits[1:-1])))
                    bits, since = [], 0
            ctx.set(board.clk, 1)
            await ctx.delay(1e-6)
            ctx.set(board.clk, 0)
            await ctx.delay(1e-6)
            self.cycles += 1
