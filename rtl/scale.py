# SPDX-License-Identifier: MIT
"""Scale of the thresholds of a lane, which follows from its loadings (contract, 13)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import CorrelatedSamplerParams
from golden.params.correlated import MAX_SHIFT, SCALE_WIDTH
from rtl.quantiles import deviation

__all__ = ["SHIFT_WIDTH", "Scale", "square_width"]

SHIFT_WIDTH = bits_for(MAX_SHIFT)  # bits of e
DIGITS = 10  # binary digits of the root
UNIT = 64  # a scale g multiplies a threshold by 1 + g / UNIT
HIGHEST = 2**SCALE_WIDTH - 1
# A root of 2 * (UNIT + HIGHEST) and all above give the highest scale: so does any number from here.
ENOUGH = 2 * DIGITS - 1  # as a power of two


def square_width(params: CorrelatedSamplerParams) -> int:
    """Return the bits of the largest sum of the R squared loadings of a lane."""
    return bits_for(params.rank * params.highest_loading**2)


class Scale(wiring.Component):
    """Unit that turns the sums of squared loadings into scales, one after the other.

    It multiplies the sum by n_f, then by 4 for each of e cycles. The root of ``2^14 * (1 + V/S^2)``
    follows, one of its 10 binary digits a cycle. The scale is offered `latency` + e cycles after
    the sum was taken. The next sum is taken in the cycle after the scale. Reset drops the current
    sum.

    Parameters
    ----------
    params : CorrelatedSamplerParams

    Members
    -------
    i : In(stream.Signature(square_width(params)))
        Sums of the squared loadings of a lane.
    shift : In(4)
        e, sampled with a sum.
    o : Out(stream.Signature(8))
        Scales g.
    """

    #: Cycles from a sum to its scale if e is 0.
    latency = DIGITS + 2
    #: Cycles from one sum to the next if e is 0.
    interval = latency + 1

    def __init__(self, params: CorrelatedSamplerParams) -> None:
        self.params = params
        super().__init__({
            "i": In(stream.Signature(square_width(params))),
            "shift": In(SHIFT_WIDTH),
            "o": Out(stream.Signature(SCALE_WIDTH)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params
        # 2^14 * V / S^2 is the variance without its lowest bits.
        dropped = 2 * (bits_for(deviation(p.prototypes.code_width) // (2 * UNIT)) - 1)
        largest = p.factor_width * p.rank * p.highest_loading**2
        variance = Signal(max(bits_for(largest), ENOUGH + dropped + 2))
        huge = Signal()  # the scale is the highest one
        steps = Signal(SHIFT_WIDTH)  # cycles that are left
        number = Signal(2 * DIGITS)
        root, rest = Signal(DIGITS), Signal(DIGITS + 2)
        trial, digit = Signal(DIGITS + 2), Signal()
        doubled = Signal(DIGITS + 2)  # the rest with the next two bits of the number
        m.d.comb += [
            doubled.eq(Cat(number[-2:], rest)),
            trial.eq(Cat(Const(1, 2), root)),
            digit.eq(doubled >= trial),
        ]
        with m.FSM():
            with m.State("idle"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [
                    variance.eq(self.i.payload * p.factor_width),
                    steps.eq(self.shift),
                    huge.eq(0),
                ]
                with m.If(self.i.valid):
                    m.next = "shift"
            with m.State("shift"):
                m.d.sync += [
                    huge.eq(huge | (variance >> (ENOUGH + dropped) != 0)),
                    variance.eq(variance << 2),
                    steps.eq(steps - 1),
                ]
                with m.If(steps == 0):
                    m.d.sync += [
                        number.eq((variance >> dropped)[:ENOUGH] + 4 * UNIT**2),
                        root.eq(0),
                        rest.eq(0),
                        steps.eq(DIGITS - 1),
                    ]
                    m.next = "root"
            with m.State("root"):
                m.d.sync += [
                    number.eq(number << 2),
                    rest.eq(Mux(digit, doubled - trial, doubled)),
                    root.eq(Cat(digit, root)),
                    steps.eq(steps - 1),
                ]
                with m.If(steps == 0):
                    m.next = "offer"
            with m.State("offer"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "idle"
        scale = Signal(DIGITS + 1)
        m.d.comb += [
            scale.eq(((root + 1) >> 1) - UNIT),
            self.o.payload.eq(Mux(huge | (scale > HIGHEST), HIGHEST, scale)),
        ]
        return m
