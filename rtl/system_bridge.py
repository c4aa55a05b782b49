# SPDX-License-Identifier: MIT
"""Bridge from the memory accesses of a processor to the buses of the chip (docs/system.md)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import enum, stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from rtl.axi_lite import OKAY, read_layout, write_layout
from rtl.axi_lite_master import access_registers
from rtl.dispatch import WORD, word_layout
from rtl.output import packet_layout, user_layout
from rtl.registers import ADDRESS_WIDTH

__all__ = ["DEPTH", "WINDOW", "Place", "SystemBridge", "access_layout"]

#: Bits of the byte address of the registers, and of that of the places behind them.
WINDOW = 16
#: Words that each of the two FIFOs holds.
DEPTH = 8


class Place(enum.IntEnum, shape=unsigned(4)):
    """Words behind the registers; the first seven are the FIFO of docs/driver.md."""

    LOW = 0  # half of a word to the chip, or of the word of the chip that is next
    HIGH = 1  # the other half
    USER = 2  # `tuser` of the word of the chip
    LAST = 3  # `tlast`: a write pushes the word to the chip, a read pulls that of the chip
    FULL = 4  # whether a write of LAST would have to wait
    FILLED = 5  # whether there is a word of the chip
    LEFT = 6  # words that the chip has not taken
    REFUSED = 7  # whether the chip refused an access since the last look
    CONSOLE = 8  # a write sends a byte
    CYCLES = 9  # cycles since the reset


def access_layout() -> StructLayout:
    """Return the payload of an access: word address, whether it writes, data, bytes written."""
    return StructLayout({"address": WINDOW + 1 - 2, "write": 1, "data": 32, "strb": 4})


class SystemBridge(wiring.Component):
    """Bridge that does one access after another; each has one answer, which is 0 for a write.

    The lower half of its addresses are the registers of the chip, the upper half are the places of
    `Place`. A write of LAST waits while the FIFO to the chip is full, and one of CONSOLE until
    the byte is taken. A read of LAST without a word of the chip reads 0 and pulls nothing. A write
    of a place needs no strobes: all 32 bits count. Places that are not there read 0. An access that
    the chip refuses has an answer as well; REFUSED tells of it. Reset drops everything.

    Members
    -------
    access : In(stream.Signature(access_layout()))
    answer : Out(stream.Signature(32))
    aw, w, b, ar, r : streams
        AXI4-Lite, as of `rtl.axi_lite.AxiLite`, from the side of the master.
    packets : Out(stream.Signature(word_layout()))
        Words to the chip.
    words : In(stream.Signature(packet_layout()))
        Words of the chip.
    console : Out(stream.Signature(8))
        Bytes for whoever watches.
    """

    #: Cycles from an access of a place to its answer.
    latency = 2
    #: Cycles from one access of a place to the next.
    interval = 3

    def __init__(self) -> None:
        super().__init__({
            "access": In(stream.Signature(access_layout())),
            "answer": Out(stream.Signature(32)),
            "aw": Out(stream.Signature(ADDRESS_WIDTH)),
            "w": Out(stream.Signature(write_layout())),
            "b": In(stream.Signature(2)),
            "ar": Out(stream.Signature(ADDRESS_WIDTH)),
            "r": In(stream.Signature(read_layout())),
            "packets": Out(stream.Signature(word_layout())),
            "words": In(stream.Signature(packet_layout())),
            "console": Out(stream.Signature(8)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        now, refused, looked = Signal(access_layout()), Signal(), Signal()
        with m.FSM():
            with m.State("take"):
                m.d.comb += self.access.ready.eq(1)
                m.d.sync += now.eq(self.access.payload)
                with m.If(self.access.valid):
                    m.next = "place"
                    with m.If(~self.access.payload.address[-1]):
                        m.next = "read"
                        with m.If(self.access.payload.write):
                            m.next = "write"
            was_read, was_written = self._registers(m, now)
            self._places(m, now, refused, looked)
            with m.State("answer"):
                m.d.comb += self.answer.valid.eq(1)
                with m.If(self.answer.ready):
                    m.next = "take"
        with m.If(looked):
            m.d.sync += refused.eq(0)
        with m.If(was_read):
            m.d.sync += self.answer.payload.eq(self.r.payload.data)
        with m.If(was_written):
            m.d.sync += self.answer.payload.eq(0)
        response = Mux(was_read, self.r.payload.resp, self.b.payload)
        with m.If((was_read | was_written) & (response != OKAY)):
            m.d.sync += refused.eq(1)
        return m

    def _registers(self, m: Module, now: Signal) -> tuple[Signal, Signal]:
        """Read or write a register; return whether it was read or written in this cycle."""
        address = Cat(Const(0, 2), now.address[:-1])
        m.d.comb += [self.w.payload.data.eq(now.data), self.w.payload.strb.eq(now.strb)]
        return access_registers(m, self, address, address)

    def _places(self, m: Module, now: Signal, refused: Signal, looked: Signal) -> None:
        """Do an access of a place, in one cycle unless it has to wait."""
        m.submodules.out = out = SyncFIFOBuffered(width=WORD + 1, depth=DEPTH)
        m.submodules.come = come = SyncFIFOBuffered(width=packet_layout().size, depth=DEPTH)
        word, half = Signal(packet_layout()), Signal(WORD)
        cycles, found = Signal(32), Signal(32)
        m.d.sync += cycles.eq(cycles + 1)
        m.d.comb += [
            self.packets.valid.eq(out.r_rdy),
            out.r_en.eq(self.packets.ready),
            self.packets.payload.data.eq(out.r_data[:WORD]),
            self.packets.payload.keep.eq(~Const(0, WORD // 8)),
            self.packets.payload.last.eq(out.r_data[WORD]),
            self.words.ready.eq(come.w_rdy),
            come.w_en.eq(self.words.valid),
            come.w_data.eq(self.words.payload.as_value()),
            word.as_value().eq(come.r_data),
            out.w_data[:WORD].eq(half),
            out.w_data[WORD].eq(now.data != 0),
            self.console.payload.eq(now.data),
        ]
        reads = {
            Place.LOW: word.data[:32],
            Place.HIGH: word.data[32:],
            Place.USER: word.user.as_value()[: user_layout().size],
            Place.LAST: word.last & come.r_rdy,
            Place.FULL: ~out.w_rdy,
            Place.FILLED: come.r_rdy,
            Place.LEFT: out.level,
            Place.REFUSED: refused,
            Place.CYCLES: cycles,
        }
        place = now.address[:4]
        there = ~now.address[4:-1].any()
        with m.State("place"):
            with m.Switch(place):
                for name, value in reads.items():
                    with m.Case(name):
                        m.d.comb += found.eq(value)
            m.d.sync += self.answer.payload.eq(Mux(there & ~now.write, found, 0))
            m.next = "answer"
            with m.If(there & ~now.write):
                m.d.comb += [
                    come.r_en.eq(place == Place.LAST),
                    looked.eq(place == Place.REFUSED),
                ]
            with m.Elif(there), m.Switch(place):
                with m.Case(Place.LOW):
                    m.d.sync += half[:32].eq(now.data)
                with m.Case(Place.HIGH):
                    m.d.sync += half[32:].eq(now.data)
                with m.Case(Place.LAST):
                    m.d.comb += out.w_en.eq(1)
                    with m.If(~out.w_rdy):
                        m.next = "place"
                with m.Case(Place.CONSOLE):
                    m.d.comb += self.console.valid.eq(1)
                    with m.If(~self.console.ready):
                        m.next = "place"
