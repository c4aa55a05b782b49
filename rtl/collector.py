# SPDX-License-Identifier: MIT
"""Collector: it assembles the words of a pixel from tiles of output bits (contract, 3)."""

from contextlib import nullcontext
from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import AcceleratorParams
from rtl.descriptor import descriptor_layout, tag_layout

__all__ = ["Collector", "neurons_layout"]


def neurons_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a tile of output bits with its tag, which says where they go."""
    return data.StructLayout({"bits": params.neurons, "tag": tag_layout(params)})


class Collector(wiring.Component):
    """Pixel of an output map, filled tile by tile and sent word by word.

    A tile is first taken into a register and then stored. If its outputs are adjacent channels and
    begin at a multiple of `pe`, it is stored in one cycle. Any other tile, such as a shuffled one,
    is stored bit by bit, `n` outputs in `n` cycles. The next tile is taken in the last cycle of the
    one before. The first word of a pixel is offered in the cycle after its last tile was stored. No
    tile is taken until the last word leaves; `cycles` gives their number. The pixel leaves by
    shifts, which also clear it for the next one. So storing only ever sets bits, and lanes without
    a channel are 0. Reset drops the current pixel.

    With two units, a tile has `pe` outputs of each. They are stored at the same time, those of unit
    1 at a place that is `tile_step` further, and `n` is the number of outputs of unit 0.

    With weight reuse P, there are P registers for tiles and P for pixels. The tiles of a strip, one
    a pixel, are taken in successive cycles or later. Then all are stored at once, each in its own
    pixel, for they have the same place. When the last tiles are stored, the pixels leave one after
    the other.

    A register says whether a tile may be taken, but in the cycle in which the last word leaves. So
    whoever offers tiles need not wait for a comparison.

    Parameters
    ----------
    params : AcceleratorParams

    Members
    -------
    i : In(stream.Signature(neurons_layout(params)))
        Tiles. The first `lanes` of `bits` are outputs; `place` is the position of the first one,
        in tiles or in channels; `last` ends a pixel, and `strip_end`, with weight reuse, a strip.
    whole : In(1)
        Tiles are stored in one cycle, and places count tiles. This and the next two inputs are
        held from the cycle in which the first tile of a pixel is taken until its last word leaves.
    place_stride : In
        Channels from one bit to the next, if not `whole`.
    tile_step : In
        Places from the outputs of one unit to those of the next, if there are two; read with each
        tile.
    pixel_words : In
        Words of a pixel.
    o : Out(stream.Signature(params.mvu.simd))
        Words of pixels. Lane 0 of the first word is channel 0.
    """

    #: Cycles from the last tile of a pixel to its first word, if tiles are stored whole.
    latency = 2

    def __init__(self, params: AcceleratorParams) -> None:
        self.params = params
        descriptor = descriptor_layout(params)
        super().__init__({
            "i": In(stream.Signature(neurons_layout(params))),
            "whole": In(1),
            "place_stride": In(descriptor["place_stride"].shape),
            "pixel_words": In(descriptor["pixel_words"].shape),
            **({"tile_step": In(descriptor["tile_step"].shape)} if params.units > 1 else {}),
            "o": Out(stream.Signature(unsigned(params.mvu.simd))),
        })  # fmt: skip

    @staticmethod
    def cycles(whole: bool, lanes: int, words: int) -> int:
        """Return the cycles from a tile to the next, or from the last tile of a strip.

        Parameters
        ----------
        whole : bool
            Whether the tile is stored in one cycle and not one lane a cycle.
        lanes : int
            Neurons of the tile, of one unit.
        words : int
            Words that leave between the tiles, those of all pixels of a strip.
        """
        return (1 if whole else lanes) + words

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i, o, tag, reuse = self.i, self.o, self.i.payload.tag, self.params.mvu.weight_reuse
        simd, pe, units = self.params.mvu.simd, self.params.mvu.pe, self.params.units
        pixel = Signal(max(-(-self.params.channels // n) * n for n in (simd, pe)))
        words = Signal.like(self.pixel_words)  # words of the pixel that have not left yet
        holding = Signal()  # tiles to store are in their registers; never set while a pixel leaves
        ends_pixel = Signal()
        bits = Signal(self.params.neurons)
        lanes, place = Signal.like(tag.lanes), Signal.like(tag.place)
        # Those of the other units; the lanes of the first one count, as it has the most.
        places = [place, *(Signal.like(place, name=f"place_{n}") for n in range(1, units))]
        count: Value = Mux(tag.lanes > pe, pe, tag.lanes) if units > 1 else tag.lanes
        final, sent = Signal(), Signal()
        # Registers, which are decided a cycle before.
        one_word = Signal()  # one word has still to leave
        one_lane = Signal()  # one lane has still to be stored
        free = Signal(init=1)  # a tile may be taken, whether or not a word leaves
        pixels = [pixel, *(Signal.like(pixel, name=f"pixel_{n}") for n in range(1, reuse))]
        tiles = [bits, *(Signal(len(bits), name=f"bits_{n}") for n in range(1, reuse))]
        # Slots of a strip: that of the next tile, of the last one, of the pixel that leaves.
        slot, filled, leaving = (
            Signal(range(reuse), name=n) for n in ("slot", "filled", "leaving")
        )
        where: Any = m.If if reuse > 1 else nullcontext  # one slot needs no choice
        last_word = o.ready & one_word
        # The tile at the input will be stored in a cycle and leave no pixel complete.
        goes_on = (self.whole | (count == 1)) & ~tag.last
        if reuse > 1:  # or it is not the last one of its strip, and will not be stored yet
            goes_on |= ~tag.strip_end
        m.d.comb += [
            o.payload.eq((Array(pixels)[leaving] if reuse > 1 else pixels[0])[:simd]),
            sent.eq(last_word & (leaving == filled) if reuse > 1 else last_word),
            final.eq(holding & (self.whole | one_lane)),
            i.ready.eq(free | sent),
        ]
        with m.If(holding):
            for n, (pixel, bits) in enumerate(zip(pixels, tiles, strict=True)):
                with where(filled >= n):
                    with m.If(self.whole):
                        found = pixel
                        for unit, place in enumerate(places):
                            own = bits[unit * pe : (unit + 1) * pe]
                            found = found | self._at_slot(m, len(pixel), place, own)
                        m.d.sync += pixel.eq(found)
                    with m.Else():
                        found = pixel
                        for unit, place in enumerate(places):
                            bit = bits[unit * pe]
                            found = found | Cat(bit & (place == n) for n in range(len(pixel)))
                        m.d.sync += pixel.eq(found)
                    m.d.sync += bits.eq(bits >> 1)
            m.d.sync += lanes.eq(lanes - 1)
            m.d.sync += [place.eq(place + self.place_stride) for place in places]
            m.d.sync += [one_lane.eq(lanes == 2), free.eq((final | (lanes == 2)) & ~ends_pixel)]
            with m.If(final):
                m.d.sync += [holding.eq(0), o.valid.eq(ends_pixel)]
                with m.If(ends_pixel):
                    m.d.sync += [words.eq(self.pixel_words), one_word.eq(self.pixel_words == 1)]
        with m.If(o.valid & o.ready):
            for n, pixel in enumerate(pixels):
                with where(leaving == n):
                    m.d.sync += pixel.eq(pixel >> simd)
            m.d.sync += [words.eq(words - 1), one_word.eq(words == 2), o.valid.eq(~one_word)]
        with m.If(sent):
            m.d.sync += free.eq(1)
        with m.If(i.valid & i.ready):
            for n, bits in enumerate(tiles):
                with where(slot == n):
                    outputs = Cat(i.payload.bits[k] & (tag.lanes > k) for k in range(len(bits)))
                    m.d.sync += bits.eq(outputs)
            m.d.sync += [
                holding.eq(tag.strip_end if reuse > 1 else 1),
                lanes.eq(count),
                *(
                    place.eq(tag.place + self.tile_step * unit if unit else tag.place)
                    for unit, place in enumerate(places)
                ),
                ends_pixel.eq(tag.last),
                one_lane.eq(count == 1),
                free.eq(goes_on),
            ]
        if reuse > 1:
            with m.If(i.valid & i.ready):
                m.d.sync += [filled.eq(slot), slot.eq(Mux(tag.strip_end, 0, slot + 1))]
            with m.If(last_word):
                m.d.sync += leaving.eq(Mux(sent, 0, leaving + 1))
                with m.If(~sent):
                    m.d.sync += [words.eq(self.pixel_words), o.valid.eq(1)]
                    m.d.sync += one_word.eq(self.pixel_words == 1)
        return m

    def _at_slot(self, m: Module, width: int, place: Signal, bits: Value) -> Signal:
        """Return a pixel with the bits of a tile, of one unit, in their place and 0 elsewhere."""
        pe, placed = len(bits), Signal(width)
        for slot in range(width // pe):
            with m.If(place == slot):
                m.d.comb += placed[slot * pe : (slot + 1) * pe].eq(bits)
        return placed
