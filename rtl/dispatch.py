# SPDX-License-Identifier: MIT
"""Dispatch: it cuts packets of 64-bit words into units for the blocks (docs/chip.md)."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib import enum, stream, wiring
from amaranth.lib.data import StructLayout, View
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams
from golden.params.machine import LABEL_WIDTH
from golden.params.sampling import CHIP_STREAMS
from rtl.class_counter import Operation
from rtl.descriptor import LoadTarget, descriptor_layout
from rtl.head_trainer import HeadOperation
from rtl.lfsr import SEED_WIDTH
from rtl.mvu import limit_layout
from rtl.prototypes import COUNT_WIDTH
from rtl.scale import SHIFT_WIDTH

__all__ = [
    "WORD",
    "Dispatch",
    "Target",
    "class_address_layout",
    "head_address_layout",
    "header_layout",
    "picture_address_layout",
    "unit_layout",
    "unit_widths",
    "word_layout",
]

WORD = 64  # bits of a word of the input stream
UNITS_WIDTH = 32  # bits of the number of units of a packet
EXPONENTS = 2**SHIFT_WIDTH  # exponents that a basis can have


class Target(enum.IntEnum, shape=unsigned(4)):
    """Destination of the payload of a packet."""

    PROGRAM = LoadTarget.PROGRAM.value
    WEIGHTS = LoadTarget.WEIGHTS.value
    THRESHOLDS = LoadTarget.THRESHOLDS.value
    PIXELS = 3
    APPEND = 4
    LEARN = 5
    CLASS_THRESHOLDS = 6
    SEEDS = 7
    ROWS = 8  # units of a packet to APPEND after the first; no header may name it
    COUNT = 9
    COMMAND = 10
    TABLE = 11
    HEAD_COMMAND = 12
    HEAD_ROWS = 13
    HEAD_EXEMPLAR = 14
    BASIS = 15


#: Targets whose units all have the address of the header.
STILL = (Target.COMMAND, Target.HEAD_COMMAND, Target.BASIS)


def header_layout() -> StructLayout:
    """Return the layout of the first word of a packet."""
    return StructLayout({"target": 4, "index": LABEL_WIDTH, "address": 24, "count": 24})


def picture_address_layout() -> StructLayout:
    """Return the layout of the address of a picture: what its features are given to."""
    return StructLayout({
        "learn": 1, "count": 1, "train": 1, "reserved": 9, "slot": LABEL_WIDTH,
    })  # fmt: skip


def head_address_layout() -> StructLayout:
    """Return the layout of the address of a command to the head: classes, exemplars to draw."""
    return StructLayout({"classes": LABEL_WIDTH, "draws": LABEL_WIDTH})


def class_address_layout() -> StructLayout:
    """Return the layout of the address of a class: its number, unless it has the next one."""
    return StructLayout({"label": LABEL_WIDTH, "numbered": 1, "reserved": 11})


def word_layout() -> StructLayout:
    """Return the payload of the input stream: a word, which of its bytes have come, its mark."""
    return StructLayout({"data": WORD, "keep": WORD // 8, "last": 1})


def unit_widths(params: ChipParams) -> dict[Target, int]:
    """Return the bits of a unit of each target that the chip has."""
    prototypes, mvu = params.sampler.prototypes, params.accelerator.mvu
    widths = {
        Target.PROGRAM: descriptor_layout(params.accelerator).size,
        Target.WEIGHTS: mvu.simd,
        Target.THRESHOLDS: limit_layout(mvu).size,
        Target.PIXELS: 8 if params.accelerator.pixel_bits <= 8 else 16,
        Target.APPEND: 16 * max(1, prototypes.class_components - 1),
        Target.LEARN: prototypes.lanes,
        Target.CLASS_THRESHOLDS: 16,
        Target.SEEDS: SEED_WIDTH,
        Target.ROWS: prototypes.row_width,
    }
    if params.counter:
        widths |= {Target.COUNT: prototypes.lanes, Target.COMMAND: Shape.cast(Operation).width}
    if params.classifier:
        widths |= {Target.TABLE: 2 * params.table_width}
    if params.head:
        widths |= {
            Target.HEAD_COMMAND: Shape.cast(HeadOperation).width,
            Target.HEAD_ROWS: prototypes.lanes * int(params.head.backward_width),
            Target.HEAD_EXEMPLAR: prototypes.lanes,
        }
    if params.factors:
        widths |= {Target.BASIS: prototypes.lanes * params.factors.loading_width}
    return widths


def unit_layout(params: ChipParams) -> StructLayout:
    """Return the layout of a unit: fields of its packet's header, marks, and its data."""
    return StructLayout({
        "target": Target, "index": LABEL_WIDTH, "address": 24, "first": 1, "last": 1,
        "data": max(unit_widths(params).values()),
    })  # fmt: skip


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
        m.d.comb += [units.eq(self._units(header)), legal.eq(self._legal(header))]
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

    def _units(self, header: View) -> Value:
        """Return the number of units that follow a header."""
        beats, factors = self.params.sampler.prototypes.beats, self.params.factors
        exemplars = (Target.LEARN, Target.COUNT, Target.HEAD_EXEMPLAR)
        exemplar = Cat(header.target == target for target in exemplars).any()
        units = Mux(exemplar, beats, header.count)
        if factors:
            units = Mux(header.target == Target.BASIS, beats * factors.rank, units)
        rows = header.index[:COUNT_WIDTH] * beats  # by a constant
        return Mux(header.target == Target.APPEND, 1 + rows, units)

    def _legal(self, header: View) -> Value:
        """Return whether a header's target exists, with its rows, neuron, class and streams."""
        latent, mvu = self.params.latent, self.params.accelerator.mvu
        slots, classifier, head = self.params.slots, self.params.classifier, self.params.head
        depths = {
            Target.PROGRAM: self.params.accelerator.program_depth,
            Target.WEIGHTS: mvu.weight_depth,
            Target.THRESHOLDS: mvu.tile_depth,
            Target.CLASS_THRESHOLDS: latent.classes,
            Target.SEEDS: CHIP_STREAMS,
            **({Target.TABLE: classifier.table_rows} if classifier else {}),
            **({Target.HEAD_ROWS: head.rows} if head else {}),
        }
        indices = {
            Target.WEIGHTS: mvu.pe, Target.THRESHOLDS: mvu.pe,
            Target.LEARN: latent.classes, Target.HEAD_EXEMPLAR: latent.classes,
        }  # fmt: skip
        if slots:
            indices |= {Target.COUNT: slots, Target.COMMAND: slots}
        target, address = header.target, header.address
        picture, named = picture_address_layout()(address), class_address_layout()(address)
        known = Cat(target == key for key in self._parts if key is not Target.ROWS).any()
        no_class = named.label >= latent.classes
        wrong = [
            ~known,
            *((target == key) & (address + header.count > depth) for key, depth in depths.items()),
            *((target == key) & (header.index >= limit) for key, limit in indices.items()),
            (target == Target.PIXELS)
            & (picture.learn | picture.train)
            & (header.index >= latent.classes),
            (target == Target.PIXELS) & picture.train & (head is None),
            (target == Target.PIXELS) & picture.count & (picture.slot >= slots),
            (target == Target.APPEND) & header.index[COUNT_WIDTH:].any(),
            (target == Target.APPEND) & named.numbered & (no_class | (not self.params.shared)),
            (target == Target.COMMAND) & no_class,
            (target == Target.BASIS) & (address >= EXPONENTS),
        ]
        return ~Cat(wrong).any()


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
