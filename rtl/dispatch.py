# SPDX-License-Identifier: MIT
"""Dispatch: it cuts packets of 64-bit words into units for the blocks (docs/chip.md)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout, View
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams
from rtl.headers import (
    STILL,
    Target,
    header_layout,
    hidden_address_layout,
    is_legal,
    unit_layout,
    unit_widths,
    units_of,
)

__all__ = ["WORD", "Dispatch", "word_layout"]

WORD = 64  # bits of a word of the input stream
UNITS_WIDTH = 32  # bits of the number of units of a packet


def word_layout() -> StructLayout:
    """Return the payload of the input stream: a word, which of its bytes have come, its mark."""
    return StructLayout({"data": WORD, "keep": WORD // 8, "last": 1})


class Dispatch(wiring.Component):
    """Block that reads the header of a packet and cuts the rest into units, in order.

    A unit is a row, a beat or a pixel. Its words come with the lowest bits first. A unit begins at
    a new word, except for pixels: a word holds as many pixels as fit. The unit is offered in the
    cycle after its last word was taken. The next word is taken in the cycle in which the unit
    leaves.

    A packet always yields the units that its header names. Missing words count as 0, so do missing
    bytes of a unit, and surplus words are dropped. If the header's target, rows, neuron, class,
    component count or streams do not exist, or if a byte of the header is missing, the whole packet
    is dropped. Each of these cases raises `error`. Bytes beyond a unit may be missing.

    `abort` drops the unit on offer and the rest of the packet, even if its words have not come yet.
    After reset, a header is expected.

    Parameters
    ----------
    params : ChipParams

    Members
    -------
    i : In(stream.Signature(word_layout()))
        Packets: a header, then units.
    abort : In(1)
        Drop the current packet.
    o : Out(stream.Signature(unit_layout(params)))
        Units with their `target`, the header's `index`, an `address` that counts up from the
        header's (for pixels, commands and a basis it stays), and marks on the `first` and
        `last` of a packet.
    error : Out(1)
        A packet does not match its header, or the header is invalid.
    receiving : Out(1)
        A packet has begun and has not ended, or its last unit has not left.
    """

    #: Cycles from the last word of a unit to the unit.
    latency = 1
    #: Cycles from one word to the next; in words of pixels, from one pixel to the next.
    interval = 1

    def __init__(self, params: ChipParams) -> None:
        self.params = params
        super().__init__({
            "i": In(stream.Signature(word_layout())),
            "abort": In(1),
            "o": Out(stream.Signature(unit_layout(params))),
            "error": Out(1),
            "receiving": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i, now = self.i, _UnderWay(max(self._parts.values()))
        header = Signal(header_layout())
        m.d.comb += header.eq(i.payload.data)
        with m.If(self.o.ready | self.abort):
            m.d.sync += self.o.valid.eq(0)
        with m.FSM() as fsm:
            m.d.comb += self.receiving.eq(~fsm.ongoing("header") | self.o.valid)
            self._begin(m, now, header)
            self._cut(m, now)
            with m.State("rest"):
                m.d.comb += i.ready.eq(~self.abort)
                with m.If(i.valid & i.ready & i.payload.last):
                    m.next = "header"
        return m

    def _begin(self, m: Module, now: "_UnderWay", header: View) -> None:
        """Take a header; then go on to its units, or drop the packet."""
        units = Signal(UNITS_WIDTH)
        legal = Signal()
        m.d.comb += [
            units.eq(units_of(header, self.params)),
            legal.eq(is_legal(header, self.params)),
        ]
        keep = self.i.payload.keep
        with m.State("header"):
            m.d.comb += self.i.ready.eq(~self.abort)
            m.d.sync += [
                now.target.eq(header.target),
                now.index.eq(header.index),
                now.address.eq(header.address),
                now.fresh.eq(1),
                now.left.eq(units),
                now.ended.eq(self.i.payload.last),
                now.part.eq(0),
            ]
            with m.If(self.i.valid & self.i.ready):
                with m.If(legal & keep.all() & (units != 0)):
                    m.next = "body"
                with m.Else():
                    m.d.comb += self.error.eq(~legal | ~keep.all() | ~self.i.payload.last)
                    with m.If(~self.i.payload.last):
                        m.next = "rest"
                if self.params.hidden:
                    neuron = hidden_address_layout()(header.address).hidden
                    with m.If((header.target == Target.HEAD_EXEMPLAR) & neuron):
                        m.d.sync += now.target.eq(Target.HIDDEN_ROWS)

    def _cut(self, m: Module, now: "_UnderWay") -> None:
        """Take words and make units from them."""
        i, o = self.i, self.o
        with m.State("body"):
            take, word = Signal(), Signal(WORD)
            pixels, last_part, last_unit = Signal(), Signal(), Signal()
            keep, lacking = i.payload.keep, Signal()
            m.d.comb += [
                take.eq((~o.valid | o.ready) & (now.ended | i.valid) & ~self.abort),
                word.eq(
                    Mux(now.ended, 0, i.payload.data & Cat(kept.replicate(8) for kept in keep))
                ),
                pixels.eq(now.target == Target.PIXELS),
                last_part.eq(now.part == self._last_part(m, now.target)),
                lacking.eq(self._lacking(m, now, keep, pixels, last_part)),
                last_unit.eq(now.left == 1),
                # A word of pixels stays until all its pixels have been offered.
                i.ready.eq(take & ~now.ended & (~pixels | last_part | last_unit)),
            ]
            with m.If(take):
                m.d.comb += self.error.eq(now.ended | lacking)
                m.d.sync += [
                    now.ended.eq(now.ended | (i.ready & i.payload.last)),
                    now.part.eq(Mux(last_part, 0, now.part + 1)),
                ]
                self._collect(m, word, now.part, pixels)
                with m.If(pixels | last_part):
                    self._offer(m, now, pixels, last_unit)
            with m.If(self.abort):
                m.next = "rest"
                with m.If(now.ended):
                    m.next = "header"

    def _offer(self, m: Module, now: "_UnderWay", pixels: Signal, last_unit: Signal) -> None:
        """Offer the complete unit and go on to the next one."""
        unit = self.o.payload
        still = pixels | Cat(now.target == target for target in STILL).any()
        m.d.sync += [
            self.o.valid.eq(1),
            unit.target.eq(now.target),
            unit.index.eq(now.index),
            unit.address.eq(now.address),
            unit.first.eq(now.fresh),
            unit.last.eq(last_unit),
            now.address.eq(now.address + ~still),
            now.fresh.eq(0),
            now.left.eq(now.left - 1),
        ]
        with m.If(now.target == Target.APPEND):
            m.d.sync += now.target.eq(Target.ROWS)
        with m.If(last_unit):
            m.next = "header"
            with m.If(~now.ended & ~self.i.payload.last):
                m.d.comb += self.error.eq(1)
                m.next = "rest"

    @property
    def _parts(self) -> dict[Target, int]:
        """Words of a unit; for pixels, units of a word."""
        widths = unit_widths(self.params)
        parts = {target: -(-width // WORD) for target, width in widths.items()}
        return parts | {Target.PIXELS: WORD // widths[Target.PIXELS]}

    def _last_part(self, m: Module, target: Signal) -> Signal:
        """Return the number of the last word of a unit, or of the last unit of a word."""
        last = Signal(range(max(self._parts.values())))
        with m.Switch(target):
            for key, parts in self._parts.items():
                with m.Case(key):
                    m.d.comb += last.eq(parts - 1)
        return last

    def _lacking(
        self, m: Module, now: "_UnderWay", keep: Signal, pixels: Signal, last_part: Signal
    ) -> Value:
        """Return whether a byte of the word is missing that the unit, or the pixel, needs."""
        widths, tail = unit_widths(self.params), Signal(len(keep))
        with m.Switch(now.target):
            for target, width in widths.items():
                with m.Case(target):
                    m.d.comb += tail.eq(2 ** (-(-((width - 1) % WORD + 1) // 8)) - 1)
        needed = Mux(last_part, tail, ~Const(0, len(keep)))
        of_pixel = keep.word_select(now.part, widths[Target.PIXELS] // 8)
        return Mux(pixels, ~of_pixel.all(), (needed & ~keep).any())

    def _collect(self, m: Module, word: Signal, part: Signal, pixels: Signal) -> None:
        """Put a word, or a pixel of it, in its place in the unit."""
        unit = self.o.payload.data
        with m.If(pixels):
            m.d.sync += unit.eq(word.word_select(part, unit_widths(self.params)[Target.PIXELS]))
        with m.Else():
            for place in range(-(-len(unit) // WORD)):
                with m.If(part == place):
                    m.d.sync += unit[place * WORD : (place + 1) * WORD].eq(word)
                # The first word clears the bits that an earlier, longer unit left.
                with m.Elif(part == 0):
                    m.d.sync += unit[place * WORD : (place + 1) * WORD].eq(0)


class _UnderWay:
    """Registers of the current packet. `parts` is the most words of a unit, or units of a word."""

    def __init__(self, parts: int) -> None:
        self.target = Signal(Target)
        self.index = Signal(header_layout()["index"].shape)
        self.address = Signal(header_layout()["address"].shape)
        self.fresh = Signal()  # no unit yet
        self.left = Signal(UNITS_WIDTH)
        self.ended = Signal()  # the packet's last word has been taken
        self.part = Signal(range(parts))
