# SPDX-License-Identifier: MIT
"""Quotients of any lengths, and how far they are from the exact ones."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

__all__ = ["Quotient", "dividend_layout", "quotient_layout"]


def dividend_layout(number_width: int, divisor_width: int) -> StructLayout:
    """Return the layout of a dividend, ``rest * 2^digits + number``, and of its divisor.

    Returns
    -------
    StructLayout
        ``number``: its `digits` bits are the highest, the bits below them are 0. ``rest``: less
        than the divisor, so that the quotient has `digits` bits. ``divisor``, ``digits``: at
        least 1.
    """
    return StructLayout({
        "number": number_width,
        "rest": divisor_width,
        "divisor": divisor_width,
        "digits": bits_for(number_width),
    })  # fmt: skip


def quotient_layout(number_width: int) -> StructLayout:
    """Return the layout of a quotient, rounded down.

    Returns
    -------
    StructLayout
        ``quotient``. ``above``: what is left exceeds one half of the divisor. ``half``: it is one
        half of it.
    """
    return StructLayout({"quotient": number_width, "above": 1, "half": 1})


class Quotient(wiring.Component):
    """Divider that subtracts and shifts, one binary digit of a quotient a cycle.

    A quotient of n digits is offered ``n + latency`` cycles after its dividend was taken. The next
    dividend is taken in the cycle after the quotient, so that one takes ``n + interval`` cycles.
    Reset drops the current dividend.

    Parameters
    ----------
    number_width : int
        Most digits of a quotient.
    divisor_width : int
        Bits of a divisor.

    Members
    -------
    i : In(stream.Signature(dividend_layout(number_width, divisor_width)))
        Dividends with their divisors.
    o : Out(stream.Signature(quotient_layout(number_width)))
        Quotients.
    """

    #: Cycles from a dividend to its quotient, beside one a digit.
    latency = 1
    #: Cycles from one dividend to the next, beside one a digit.
    interval = latency + 1

    def __init__(self, number_width: int, divisor_width: int) -> None:
        self.number_width, self.divisor_width = number_width, divisor_width
        super().__init__({
            "i": In(stream.Signature(dividend_layout(number_width, divisor_width))),
            "o": Out(stream.Signature(quotient_layout(number_width))),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.divisor_width
        # Digits of the quotient come where those of the number have gone.
        number = Signal(self.number_width)
        digits_left = Signal(bits_for(self.number_width))
        divisor = Signal(width)
        rest = Signal(width)
        doubled = Signal(width + 1)  # the rest with the next bit of the number
        less = Signal(signed(width + 2))
        digit = Signal()
        m.d.comb += [
            doubled.eq(Cat(number[-1], rest)),
            less.eq(doubled - divisor),
            digit.eq(less >= 0),
            self.o.payload.quotient.eq(number),
            self.o.payload.above.eq(rest << 1 > divisor),
            self.o.payload.half.eq(rest << 1 == divisor),
        ]
        with m.FSM():
            with m.State("idle"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [
                    number.eq(self.i.payload.number),
                    rest.eq(self.i.payload.rest),
                    divisor.eq(self.i.payload.divisor),
                    digits_left.eq(self.i.payload.digits),
                ]
                with m.If(self.i.valid):
                    m.next = "divide"
            with m.State("divide"):
                m.d.sync += [
                    number.eq(Cat(digit, number)),
                    rest.eq(Mux(digit, less, doubled)),
                    digits_left.eq(digits_left - 1),
                ]
                with m.If(digits_left == 1):
                    m.next = "offer"
            with m.State("offer"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "idle"
        return m
