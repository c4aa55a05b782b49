# SPDX-License-Identifier: MIT
"""Tiles of output bits put together to the words of a pixel (contract, 3)."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import AcceleratorParams
from rtl.descriptor import descriptor_layout, tag_layout

__all__ = ["Collector", "neurons_layout"]


def neurons_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a tile of output bits, and of where they go."""
    return data.StructLayout({"bits": params.mvu.pe, "tag": tag_layout(params)})


class Collector(wiring.Component):
    """Pixel of an output map, filled tile by tile and sent word by word.

    A tile whose outputs stay side by side and begin at a multiple of `pe` is stored in one cycle.
    Others, the shuffled ones above all, go bit by bit, a tile of `n` outputs in `n` cycles. In the
    cycle after the last tile of a pixel was taken its first word is offered; no tile is taken until
    all words have left. The pixel leaves by shifting, which also clears it for the next one, so
    bits are only ever set, and lanes without a channel are 0. Reset drops the pixel under way.

    Parameters
    ----------
    params : AcceleratorParams

    Members
    -------
    i : In(stream.Signature(neurons_layout(params)))
        Tiles: the first `lanes` of `bits` are outputs; `place` of the first, in tiles or in
        channels; `last` ends a pixel.
    whole : In(1)
        Tiles are stored in one cycle, and places count tiles. Like the next two it is held while a
        pixel is inside.
    place_stride : In
        Channels from one bit to the next, if not `whole`.
    pixel_words : In
        Words of a pixel.
    o : Out(stream.Signature(params.mvu.simd))
        Words of pixels, lane 0 of the first being channel 0.
    """

    #: Cycles from the last tile of a pixel to its first word.
    latency = 1

    def __init__(self, params: AcceleratorParams) -> None:
        self.params = params
        descriptor = descriptor_layout(params)
        super().__init__({
            "i": In(stream.Signature(neurons_layout(params))),
            "whole": In(1),
            "place_stride": In(descriptor["place_stride"].shape),
            "pixel_words": In(descriptor["pixel_words"].shape),
            "o": Out(stream.Signature(unsigned(params.mvu.simd))),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i, o, tag = self.i, self.o, self.i.payload.tag
        simd, pe = self.params.mvu.simd, self.params.mvu.pe
        pixel = Signal(max(-(-self.params.channels // n) * n for n in (simd, pe)))
        left = Signal.like(self.pixel_words)
        bits, lane = Signal(pe), Signal(range(pe + 1))
        offset, place = Signal.like(tag.place), Signal.like(tag.place)
        storing, bit, final = Signal(), Signal(), Signal()
        m.d.comb += [
            o.valid.eq(left != 0),
            o.payload.eq(pixel[:simd]),
            storing.eq(i.valid & ~o.valid),
            bits.eq(Cat(i.payload.bits[n] & (tag.lanes > n) for n in range(pe))),
            bit.eq(i.payload.bits.bit_select(lane, 1)),
            place.eq(tag.place + offset),
            final.eq(self.whole | (lane + 1 == tag.lanes)),
            i.ready.eq(storing & final),
        ]
        with m.If(storing):
            with m.If(self.whole):
                m.d.sync += pixel.eq(pixel | self._at_slot(m, len(pixel), tag.place, bits))
            with m.Else():
                m.d.sync += pixel.eq(pixel | Cat(bit & (place == n) for n in range(len(pixel))))
            m.d.sync += lane.eq(Mux(final, 0, lane + 1))
            m.d.sync += offset.eq(Mux(final, 0, offset + self.place_stride))
            with m.If(final & tag.last):
                m.d.sync += left.eq(self.pixel_words)
        with m.If(o.valid & o.ready):
            m.d.sync += [pixel.eq(pixel >> simd), left.eq(left - 1)]
        return m

    def _at_slot(self, m: Module, width: int, place: Signal, bits: Signal) -> Signal:
        """Return the bits of a tile where they go, all others 0."""
        pe, placed = len(bits), Signal(width)
        for slot in range(width // pe):
            with m.If(place == slot):
                m.d.comb += placed[slot * pe : (slot + 1) * pe].eq(bits)
        return placed
