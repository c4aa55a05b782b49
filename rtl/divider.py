# SPDX-License-Identifier: MIT
"""Shares of a total, each rounded to the nearest of some fractional bits (contract, 12)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Divider"]


class Divider(wiring.Component):
    """Pipeline that divides one part after another by their total.

    A part x becomes ``(x * 2^f + total div 2) div total``: the share nearest to it, the upper of
    two. Each digit has a stage of its own, which subtracts and shifts, so that a part can be taken
    every cycle. Its share is offered `latency` cycles later. While a share waits, all parts wait.
    Reset drops all parts.

    Parameters
    ----------
    width : int
        Bits of a total.
    fraction : int
        f, fractional bits of a share.

    Members
    -------
    total : In(width)
        Total of the parts, at least 1. It stays while parts are under way.
    i : In(stream.Signature(width))
        Parts, 0..total.
    o : Out(stream.Signature(fraction + 1))
        Shares in units of ``2^-f``.
    """

    #: Cycles from one part to the next.
    interval = 1

    def __init__(self, width: int, fraction: int) -> None:
        self.width, self.fraction = width, fraction
        #: Cycles from a part to its share.
        self.latency = fraction + 2
        super().__init__({
            "total": In(width),
            "i": In(stream.Signature(width)),
            "o": Out(stream.Signature(fraction + 1)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        half, f = self.total[1:], self.fraction
        go = Signal()
        valid = Signal(self.latency)
        m.d.comb += [
            go.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(go),
            self.o.valid.eq(valid[-1]),
        ]
        left = Signal(self.width + 1, name="left_0")  # below twice the total
        quotient = Value.cast(Cat())
        with m.If(go):
            m.d.sync += [
                valid.eq(Cat(self.i.valid, valid)),
                left.eq(self.i.payload + half[f:]),
            ]
        for number in range(1, f + 2):
            less = Signal(signed(self.width + 2), name=f"less_{number}")
            rest = Signal(self.width + 1, name=f"left_{number}")
            digits = Signal(number, name=f"digits_{number}")
            place = f - number  # of the bit of the dividend that comes down
            down = half[place] if 0 <= place < len(half) else Const(0, 1)
            m.d.comb += less.eq(left - self.total)
            fits = less >= 0
            with m.If(go):
                m.d.sync += [
                    rest.eq(Cat(down, Mux(fits, less, left)[: self.width])),
                    digits.eq(Cat(fits, quotient)),
                ]
            left, quotient = rest, digits
        m.d.comb += self.o.payload.eq(quotient)
        return m
