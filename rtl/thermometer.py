# SPDX-License-Identifier: MIT
"""Thermometer code of pixels, packed into words (contract, 3)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import ThermometerParams
from golden.params.checks import check_integer
from rtl.lanes import lane_range

__all__ = ["Thermometer", "pixel_cycles", "word_layout"]


def word_layout(simd: int) -> data.StructLayout:
    """Return the layout of a word of a map; `last` is set in the last word of a pixel."""
    return data.StructLayout({"x": simd, "last": 1})


def pixel_cycles(colours: int, levels: int, simd: int) -> int:
    """Return the cycles of a pixel without waits, the sum of the words that each colour touches.

    Parameters
    ----------
    colours : int
        Colours of a pixel.
    levels : int
        T, channels of a colour.
    simd : int
        Channels of a word.
    """
    lanes = (colour * levels % simd for colour in range(colours))
    return sum(-(-(lane + levels) // simd) for lane in lanes)


class Thermometer(wiring.Component):
    """Encoder of pixels into words of `simd` channels.

    The first ``(v*T + 2**(b-1)) >> b`` bits of a colour are 1, so a colour is a range of lanes. It
    starts where the colour before ended. The part of the range beyond the word moves down by `simd`
    when the word leaves. A colour whose channels touch `n` words takes `n` cycles, and the next
    colour is taken in the last of these. A word is offered in the cycle after its last colour was
    taken, or after the word before. Reset drops the current pixel.

    Parameters
    ----------
    params : ThermometerParams
        Parameters. Their T is the largest that `levels` may set at run time.
    simd : int
        Channels of a word.

    Members
    -------
    levels : In(range(params.levels + 1))
        T, at least 1; held while a pixel is inside.
    i : In(stream.Signature(params.bits))
        Colour values in the order (row, column, colour).
    o : Out(stream.Signature(word_layout(simd)))
        Words of each pixel; lanes past its C*T channels are 0.
    """

    #: Cycles from a colour to the word that it completes.
    latency = 1
    #: Cycles of a colour for each word that its channels touch.
    interval = 1

    def __init__(self, params: ThermometerParams, simd: int) -> None:
        check_integer("Thermometer lanes SIMD", simd, 1)
        self.params, self.simd = params, simd
        super().__init__({
            "levels": In(range(params.levels + 1)),
            "i": In(stream.Signature(unsigned(params.bits))),
            "o": Out(stream.Signature(word_layout(simd))),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i, o = self.i, self.o
        # Lanes of the current colour, which may be beyond the word. The ones are ``low..high-1``,
        # and the channels end at `end`.
        low, high, end = (Signal(range(self.simd + self.params.levels)) for _ in range(3))
        colour = Signal(range(max(2, self.params.input.channels)))
        inside, final, full, done, step = (Signal() for _ in range(5))
        word, merged = Signal(self.simd), Signal(self.simd)
        m.d.comb += [
            final.eq(colour == self.params.input.channels - 1),
            full.eq(end >= self.simd),
            done.eq(end <= self.simd),
            merged.eq(word | lane_range(low, high, self.simd)),
            o.payload.x.eq(merged),
            o.payload.last.eq(final & done),
            o.valid.eq(inside & (full | final)),
            step.eq(inside & (~o.valid | o.ready)),
            i.ready.eq(~inside | (step & done)),
        ]
        start = Signal(range(self.simd))
        m.d.comb += start.eq(Mux(o.valid, 0, end))
        with m.If(step):
            m.d.sync += word.eq(Mux(o.valid, 0, merged))
            with m.If(done):
                m.d.sync += [inside.eq(0), end.eq(start), colour.eq(Mux(final, 0, colour + 1))]
            with m.Else():
                m.d.sync += [lane.eq(self._down(lane)) for lane in (low, high, end)]
        with m.If(i.ready & i.valid):
            m.d.sync += [
                inside.eq(1),
                low.eq(start),
                high.eq(self._end_of_ones(start)),
                end.eq(start + self.levels),
            ]
        return m

    def _end_of_ones(self, start: Signal) -> Value:
        """Return the lane after the ones of the colour at the input, of which `start` is the first.

        It is ``start + ((v*T + 2**(b-1)) >> b)``. The start stands above the b bits that are
        dropped, so that one adder follows the multiplier.
        """
        b = self.params.bits
        return (self.i.payload * self.levels + Cat(Const(2 ** (b - 1), b), start)) >> b

    def _down(self, lane: Signal) -> Value:
        """Return the number of a lane in the next word; it is 0 for a range that began before."""
        return Mux(lane < self.simd, 0, lane - self.simd)
