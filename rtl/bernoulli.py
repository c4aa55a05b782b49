# SPDX-License-Identifier: MIT
"""Comparators that draw bits from Bernoulli codes (contract, 5 and 7)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from golden.params import BernoulliParams

__all__ = ["Bernoulli", "SerialBernoulli"]


class Bernoulli(wiring.Component):
    """L comparator lanes that compare all planes at once.

    The block is combinational. A lane's bit is ``(r < m) or (r == m and msb(m))``. This equals
    ``2 r < 2 m + msb(m)``, the sign of a difference. So a lane is one chain of q + 2 carry cells,
    which is faster than a tree of lookup tables, and the tie needs no extra logic.

    Parameters
    ----------
    params : BernoulliParams

    Members
    -------
    words : In(ArrayLayout(L, q))
        Random bits, one word per plane, most significant plane first. Bit ``l`` is for lane ``l``.
    codes : In(ArrayLayout(q, L))
        Codes m, lane 0 first.
    bits : Out(L)
        Bit ``l`` drawn by lane ``l``.
    """

    #: Cycles from the inputs to the bits.
    latency = 0
    #: Cycles from one beat to the next.
    interval = 1

    def __init__(self, params: BernoulliParams) -> None:
        self.params = params
        super().__init__({
            "words": In(ArrayLayout(params.lanes, params.code_width)),
            "codes": In(ArrayLayout(params.code_width, params.lanes)),
            "bits": Out(params.lanes),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for lane, code in enumerate(self.codes):
            top = code[-1]
            r = Cat(self.words[plane][lane] for plane in reversed(range(self.params.code_width)))
            m.d.comb += self.bits[lane].eq((Cat(Const(0, 1), r) - Cat(top, code))[-1])
        return m


class SerialBernoulli(wiring.Component):
    """L comparator lanes that compare one plane a cycle until every live lane is decided.

    A lane is decided at the first plane in which random bit and code bit differ. Its output is the
    code bit of that plane. `bits` holds the beat from the cycle after its last plane (latency 1)
    until the next plane. `done` is set in the last cycle of a beat: that of plane q, or the one
    after the plane that decided the last live lane, in which nothing is compared. So a beat of n
    planes takes q cycles if n = q, and else n + 1; the next beat may follow at once. What has been
    decided is known from registers, because codes and words come too late in a cycle for a sum over
    all lanes to follow. Reset begins a new beat.

    A lane that is not decided writes the bit of its code that is compared, and one that the last
    plane does not decide writes the top bit. So only registers say which lanes write.

    Parameters
    ----------
    params : BernoulliParams

    Members
    -------
    en : In(1)
        Go on: compare the next plane, or end a beat that is decided.
    compares : Out(1)
        Not all live lanes are decided: with `en`, a plane is compared and its word is used.
    word : In(L)
        Random bits of that plane.
    codes : In(ArrayLayout(q, L))
        Codes m, lane 0 first; held for all planes of a beat.
    live : In(L)
        Lanes that must be decided; held for all planes of a beat. The codes of others are 0.
    done : Out(1)
        With `en`, this cycle is the last of the beat.
    bits : Out(L)
        Bit ``l`` drawn by lane ``l``.
    """

    #: Cycles from the last plane of a beat to its bits.
    latency = 1
    #: Cycles from one plane to the next in a beat.
    interval = 1

    def __init__(self, params: BernoulliParams) -> None:
        self.params = params
        super().__init__({
            "en": In(1),
            "compares": Out(1),
            "word": In(params.lanes),
            "codes": In(ArrayLayout(params.code_width, params.lanes)),
            "live": In(params.lanes),
            "done": Out(1),
            "bits": Out(params.lanes),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes, q = self.params.lanes, self.params.code_width
        plane = Signal(range(q))
        code_bits, decided, decided_before = Signal(lanes), Signal(lanes), Signal(lanes)
        with m.Switch(plane):
            for index in range(q):
                with m.Case(index):
                    column = Cat(self.codes[lane][q - 1 - index] for lane in range(lanes))
                    m.d.comb += code_bits.eq(column)
        m.d.comb += [
            decided.eq(decided_before | (self.word ^ code_bits)),
            self.compares.eq((plane == 0) | ~(decided_before | ~self.live).all()),
            self.done.eq((plane == q - 1) | ~self.compares),
        ]
        with m.If(self.en):
            m.d.sync += [
                plane.eq(Mux(self.done, 0, plane + 1)),
                decided_before.eq(Mux(self.done, 0, decided)),
            ]
            for lane, code in enumerate(self.codes):
                ties = (plane == q - 1) & ~(self.word ^ code_bits)[lane]
                with m.If(~decided_before[lane]):
                    m.d.sync += self.bits[lane].eq(Mux(ties, code[-1], code_bits[lane]))
        return m
