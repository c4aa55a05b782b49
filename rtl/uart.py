# SPDX-License-Identifier: MIT
"""Bytes on a wire: the receiver and the transmitter of a serial port (8 data bits, no parity)."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["FRAME", "LEAST_DIVISOR", "UartReceiver", "UartTransmitter", "checked_divisor"]

#: Bits of a byte on the wire: start, 8 data bits with the lowest first, stop.
FRAME = 10
#: Least cycles of a bit. With fewer, the middle of a bit is not inside the bit.
LEAST_DIVISOR = 4


class UartReceiver(wiring.Component):
    """Receiver that samples each bit once, in its middle.

    A byte is offered when the middle of its stop bit has passed. A byte that nobody has taken when
    the next one is whole stays, and the next one is lost. A byte without a stop bit is lost, and
    the wire must rest before the next one. `lost` tells of both. Reset drops the current byte.

    Parameters
    ----------
    divisor : int
        Cycles of a bit, at least 4.

    Members
    -------
    rx : In(1)
        The wire, of any clock. It rests at 1.
    o : Out(stream.Signature(8))
        Bytes.
    lost : Out(1)
        A byte was lost in this cycle.
    """

    #: Cycles from the middle of the stop bit on the wire to the byte.
    latency = 3

    def __init__(self, divisor: int) -> None:
        self.divisor = checked_divisor(divisor)
        #: Cycles from one byte to the next.
        self.interval = FRAME * divisor
        super().__init__({
            "rx": In(1, init=1),
            "o": Out(stream.Signature(8)),
            "lost": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        wait = Signal(range(self.divisor))  # cycles to the next sample, less 1
        bits = Signal(8)
        left = Signal(range(8))
        m.d.sync += wait.eq(wait - 1)
        with m.If(wait == 0):
            m.d.sync += wait.eq(self.divisor - 1)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.FSM():
            with m.State("rest"):
                m.d.sync += wait.eq(self.divisor // 2 - 1)
                with m.If(~line):
                    m.next = "start"
            with m.State("start"):
                m.d.sync += left.eq(7)
                with m.If(line):  # a disturbance that is shorter than half a bit
                    m.next = "rest"
                with m.Elif(wait == 0):
                    m.next = "data"
            with m.State("data"), m.If(wait == 0):
                m.d.sync += [bits.eq(Cat(bits[1:], line)), left.eq(left - 1)]
                with m.If(left == 0):
                    m.next = "stop"
            with m.State("stop"), m.If(wait == 0):
                full = self.o.valid & ~self.o.ready
                m.d.comb += self.lost.eq(~line | full)
                with m.If(line & ~full):
                    m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(bits)]
                m.next = "rest"  # at once: the next start bit may begin half a bit later or sooner
                with m.If(~line):
                    m.next = "high"
            with m.State("high"), m.If(line):
                m.next = "rest"
        return m


class UartTransmitter(wiring.Component):
    """Transmitter whose bytes may follow each other without a gap. Reset ends the current byte.

    Parameters
    ----------
    divisor : int
        Cycles of a bit, at least 4.

    Members
    -------
    i : In(stream.Signature(8))
        Bytes.
    tx : Out(1)
        The wire. It rests at 1.
    """

    #: Cycles from a byte to its start bit on the wire.
    latency = 1

    def __init__(self, divisor: int) -> None:
        self.divisor = checked_divisor(divisor)
        #: Cycles from one byte to the next.
        self.interval = FRAME * divisor
        super().__init__({
            "i": In(stream.Signature(8)),
            "tx": Out(1, init=1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        wait = Signal(range(self.divisor))
        rest = Signal(FRAME - 1)  # bits that are still to come
        left = Signal(range(FRAME + 1))
        ended = Signal()
        m.d.comb += [
            ended.eq((left == 0) | ((left == 1) & (wait == 0))),
            self.i.ready.eq(ended),
        ]
        m.d.sync += wait.eq(wait - 1)
        with m.If(ended):
            m.d.sync += [left.eq(0), self.tx.eq(1)]
            with m.If(self.i.valid):
                m.d.sync += [
                    self.tx.eq(0),
                    rest.eq(Cat(self.i.payload, Const(1, 1))),
                    left.eq(FRAME),
                    wait.eq(self.divisor - 1),
                ]
        with m.Elif(wait == 0):
            m.d.sync += [
                Cat(self.tx, rest).eq(rest),
                left.eq(left - 1),
                wait.eq(self.divisor - 1),
            ]
        return m


def checked_divisor(divisor: int) -> int:
    """Return the cycles of a bit.

    Raises
    ------
    ValueError
        If they are too few.
    """
    if divisor < LEAST_DIVISOR:
        raise ValueError(f"divisor must be at least {LEAST_DIVISOR}, not {divisor}")
    return divisor
