# SPDX-License-Identifier: MIT
"""Code of an exact mean: a count divided by its number, and rounded (contract, 14)."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

__all__ = ["MeanCode", "mean_layout"]


def mean_layout(count_width: int) -> StructLayout:
    """Return the layout of a mean ``count / number``."""
    return StructLayout({"count": count_width, "number": count_width})


class MeanCode(wiring.Component):
    """Divider that turns one mean after the other into the nearest code, the lower of two.

    It subtracts and shifts, one binary digit of ``2^q`` times the mean a cycle, the first of which
    has the weight 1 of a whole mean. A last subtraction says whether the rest exceeds one half. The
    code is offered `latency` cycles after the mean was taken. The next mean is taken in the cycle
    after the code, so a mean takes `interval` cycles. Reset drops the current mean.

    Parameters
    ----------
    code_width : int
        q, bits of a code, 1..16.
    count_width : int
        Bits of a count.

    Members
    -------
    i : In(stream.Signature(mean_layout(count_width)))
        Means, ``0 <= count <= number`` and ``number >= 1``.
    o : Out(stream.Signature(code_width))
        Codes.
    """

    def __init__(self, code_width: int, count_width: int) -> None:
        self.code_width, self.count_width = code_width, count_width
        #: Cycles from a mean to its code.
        self.latency = code_width + 2
        #: Cycles from one mean to the next.
        self.interval = self.latency + 1
        super().__init__({
            "i": In(stream.Signature(mean_layout(count_width))),
            "o": Out(stream.Signature(code_width)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        q, half = self.code_width, 2 ** (self.code_width - 1)
        number = Signal(self.count_width)
        left = Signal(self.count_width + 1)  # what is left of the count, doubled after each digit
        less = Signal(signed(self.count_width + 2))
        digit = Signal()
        quotient = Signal(q + 1)
        digits_left = Signal(range(q + 1))
        m.d.comb += [less.eq(left - number), digit.eq(less >= 0)]
        with m.FSM():
            with m.State("idle"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [
                    left.eq(self.i.payload.count),
                    number.eq(self.i.payload.number),
                    quotient.eq(0),
                    digits_left.eq(q),
                ]
                with m.If(self.i.valid):
                    m.next = "divide"
            with m.State("divide"):
                m.d.sync += [
                    left.eq(Mux(digit, less, left) << 1),
                    quotient.eq(Cat(digit, quotient)),
                    digits_left.eq(digits_left - 1),
                ]
                with m.If(digits_left == 0):
                    m.next = "round"
            with m.State("round"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "idle"
        # Codes from the middle on stand for one more than they say, so a quotient above it is
        # lowered by one. The middle becomes the code below it if nothing is left, else that above.
        # Both codes are made while the rest is compared, so that no sum follows the comparison.
        up = Mux(quotient == half, left != 0, (left > number) & (quotient != half - 1))
        code = (quotient - (quotient >= half))[:q]
        m.d.comb += self.o.payload.eq(Mux(up, code + 1, code))
        return m
