# SPDX-License-Identifier: MIT
"""A host at the other end of the wire, with the driver: the chip learns, draws and is reset.

A byte takes 40 cycles of the whole chip, so that the tests with a board are slow ones.
"""

from collections import deque
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator

from golden.bits import pack, unpack
from golden.class_counter import ClassCounter
from golden.params import ChipParams
from golden.sampler import Sampler
from rtl.board import Board
from rtl.driver.access import Registers
from rtl.driver.driver import Driver
from rtl.driver.serial_bus import SerialBus, SerialError
from rtl.registers import REGISTERS
from rtl.requests import Source
from rtl.serial_bridge import LOST, Answer, Request
from rtl.uart import FRAME
from verification.rtl.chips import make_chip

DIVISOR = 4


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
        self._simulator = Simulator(self.board)
        self._simulator.add_testbench(self._cycles)
        self.cycles = self.frames_without_stop = 0

    def write(self, data: bytes, /) -> None:
        for byte in data:
            self._sent.extend((0, *(byte >> i & 1 for i in range(8)), 1))

    def read(self, size: int, /) -> bytes:
        end = self.cycles + self.patience
        while len(self._come) < size and self.cycles < end:
            self._simulator.advance()
        return bytes(self._come.popleft() for _ in range(min(size, len(self._come))))

    def rest(self, cycles: int) -> None:
        """Let some cycles pass."""
        end = self.cycles + cycles
        while self.cycles < end:
            self._simulator.advance()

    def press(self) -> None:
        """Press the button for a while."""
        for self.pressed in (True, False):
            self.rest(10)

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
                    self.frames_without_stop += bits[-1] == 0
                    self._come.append(sum(bit << i for i, bit in enumerate(bits[1:-1])))
                    bits, since = [], 0
            ctx.set(board.clk, 1)
            await ctx.delay(1e-6)
            ctx.set(board.clk, 0)
            await ctx.delay(1e-6)
            self.cycles += 1


@pytest.fixture(scope="module")
def params() -> ChipParams:
    return make_chip(lanes=8, features=20, slots=1, seed=3)


def unpacked(words: Any, features: int = 20) -> list[list[int]]:
    return unpack(np.asarray(words), features).tolist()


def learn_and_draw(driver: Driver, params: ChipParams) -> None:
    """Count a class and draw from it: all that comes equals golden."""
    counter, sampler = ClassCounter(params.counter), Sampler(params.sampler)
    vectors = np.random.default_rng(1).integers(0, 2, (5, 20), np.uint8)
    driver.open_slot(0, 0)
    counter.open(0, 0)
    for vector in vectors:
        driver.count(0, vector)
        counter.learn(pack(vector)[None], [0])
    driver.close_slot(0)
    sampler.prototypes.write(0, [counter.close(0)])
    exemplars, labels = driver.draw(Source.SAMPLER, 0, 3)
    assert exemplars.tolist() == unpacked(sampler.draw([0] * 3)[0])
    assert labels.tolist() == [0] * 3


@pytest.mark.slow
def test_a_host_teaches_the_chip_and_draws_what_golden_draws(params: ChipParams) -> None:
    wire = Wire(params)
    bus = SerialBus(wire)
    driver = Driver(bus)
    assert (driver.features, driver.lanes, driver.slots) == (20, 8, 1)
    learn_and_draw(driver, params)
    with pytest.raises(SerialError, match="The chip refuses address 0xffc"):
        bus.read(0xFFC)
    with pytest.raises(SerialError, match="The chip refuses address 0xf000"):
        bus.write(0xF000, 1)
    # Words that nobody received are forgotten, and the next answer is the right one.
    registers = Registers(bus)
    registers.set("draw_count", value=2)
    registers.set("control", draw=1)
    words, _ = bus.receive()
    assert len(words) == driver.beats
    wire.rest(2000)
    bus.flush()
    assert registers.get("id") == constant("id")
    # The button resets all, also what no soft reset does.
    assert (registers.get("n_classes"), registers.get("draw_count")) == (1, 2)
    wire.press()
    assert (registers.get("n_classes"), registers.get("draw_count")) == (0, constant("draw_count"))
    assert wire.frames_without_stop == 0


def constant(name: str) -> int:
    (register,) = (r for r in REGISTERS if r.name == name)
    return sum(field.reset << field.low for field in register.fields)


@pytest.mark.slow
@pytest.mark.parametrize("half", [[2], [2, 4, 0, 255], [4, 31, 1, 2, 3], [4, 255], [5, 1, 2], [9]])
def test_a_host_finds_a_bridge_that_another_left_in_a_request(
    params: ChipParams, half: list[int]
) -> None:
    wire = Wire(params, low=True)
    wire.write(bytes(half))
    bus = SerialBus(wire)
    assert bus.read(0) == constant("id")


@pytest.mark.parametrize("divisor", [0, 3])
def test_a_bit_too_short_is_refused(params: ChipParams, divisor: int) -> None:
    with pytest.raises(ValueError, match=f"divisor must be at least 4, not {divisor}"):
        Board(params, divisor)


def test_a_silent_board_is_told() -> None:
    class Silent:
        def read(self, size: int, /) -> bytes:
            return b""

        def write(self, data: bytes, /) -> None: ...

    with pytest.raises(SerialError, match="The board is silent: it must be on"):
        SerialBus(Silent())


class Script:
    """A port that answers an echo, and then says what it was told to."""

    def __init__(self, *rest: int) -> None:
        self._data, self._rest = b"", bytes(rest)

    def write(self, data: bytes, /) -> None:
        if data[0] == Request.ECHO:
            self._data += bytes([Request.ECHO, 0]) + data[1:] + self._rest

    def say(self, *data: int) -> None:
        self._data += bytes(data)

    def read(self, size: int, /) -> bytes:
        data, self._data = self._data[:size], self._data[size:]
        return data


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ([Request.READ, LOST, 1, 2, 3, 4], "The board lost bytes"),
        ([Request.WRITE, 0], "must answer with byte 0x01, not 0x02"),
        ([Request.READ, 0, 1], "The board is silent"),
    ],
)
def test_what_a_board_must_not_answer_is_told(rest: list[int], told: str) -> None:
    with pytest.raises(SerialError, match=told):
        SerialBus(Script(*rest)).read(4)


def test_the_rest_of_a_packet_that_was_forgotten_never_comes() -> None:
    """Words of a packet come before and behind the echo; the next packet is whole."""
    word = [0] * 10
    port = Script()
    bus = SerialBus(port)
    port.say(Answer.WORD, *word)
    bus.flush()
    port.say(Answer.WORD_LAST, *word, Answer.WORD, *word, Answer.WORD_LAST, 7, *word[1:])
    assert bus.receive() == ([0, 0], 7)


@pytest.mark.parametrize("call", [("read", -1), ("read", 2**16), ("write", 4, 2**32)])
def test_a_number_that_is_too_wide_is_told(call: tuple[Any, ...]) -> None:
    name, *arguments = call
    with pytest.raises(ValueError, match="must be at least 0 and have (16|32) bits, not "):
        getattr(SerialBus(Script()), name)(*arguments)


def test_an_answer_where_a_word_must_come_is_told() -> None:
    with pytest.raises(SerialError, match="must send a word of the chip, not byte 0x02"):
        SerialBus(Script(Request.WRITE)).receive()
