# SPDX-License-Identifier: MIT
"""Integer square root."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Root"]


class Root(wiring.Component):
    """Unit that finds the square roots of numbers, rounded down, one binary digit a cycle.

    A root is offered `latency` cycles after its number was taken. The next number is taken in the
    cycle after the root, so that one takes `interval` cycles. Reset drops the current number.

    Parameters
    ----------
    digits : int
        n, bits of a root.

    Members
    -------
    i : In(stream.Signature(2 * digits))
        Numbers.
    o : Out(stream.Signature(digits))
        Their roots.
    """

    def __init__(self, digits: int) -> None:
        self.digits = digits
        #: Cycles from a number to its root.
        self.latency = digits + 1
        #: Cycles from one number to the next.
        self.interval = self.latency + 1
        super().__init__({
            "i": In(stream.Signature(2 * digits)),
            "o": Out(stream.Signature(digits)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        n = self.digits
        number = Signal(2 * n)
        root = self.o.payload
        rest = Signal(n + 1)
        quadrupled = Signal(n + 2)  # the rest with the next two bits of the number
        trial = Signal(n + 2)
        digit = Signal()
        digits_left = Signal(range(n))
        m.d.comb += [
            quadrupled.eq(Cat(number[-2:], rest)),
            trial.eq(Cat(Const(1, 2), root)),
            digit.eq(quadrupled >= trial),
        ]
        with m.FSM():
            with m.State("idle"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [
                    number.eq(self.i.payload),
                    root.eq(0),
                    rest.eq(0),
                    digits_left.eq(n - 1),
                ]
                with m.If(self.i.valid):
                    m.next = "find"
            with m.State("find"):
                m.d.sync += [
                    number.eq(number << 2),
                    rest.eq(quadrupled - Mux(digit, trial, 0)),
                    root.eq(Cat(digit, root)),
                    digits_left.eq(digits_left - 1),
                ]
                with m.If(digits_left == 0):
                    m.next = "offer"
            with m.State("offer"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "idle"
        return m
