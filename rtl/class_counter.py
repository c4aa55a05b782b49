# SPDX-License-Identifier: MIT
"""Class counter: it learns a class from the counts of its bits (contract, 14)."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.memory import ReadPort, WritePort
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import ClassCounterParams
from golden.params.classes import MAX_COUNT
from rtl.beat import beat_layout
from rtl.class_slots import (
    COUNT_WIDTH,
    Operation,
    SlotUnderWay,
    command_layout,
    divide_rows,
    do_command,
    take_request,
)
from rtl.lanes import used_lanes
from rtl.memories import Memory
from rtl.prototypes import header_layout

__all__ = ["ClassCounter"]


def seen_layout(params: ClassCounterParams) -> StructLayout:
    """Return the layout of what is kept of a slot: its class, and its number of exemplars."""
    return StructLayout({
        "label": bits_for(params.prototypes.classes - 1),
        "number": COUNT_WIDTH,
    })  # fmt: skip


class ClassCounter(wiring.Component):
    """Counters of the bits of some classes; a class that is closed becomes a prototype.

    An open names the class that the slot counts, and a close writes it under that number. Exemplars
    and commands are taken whole, one after another, and `i` has priority over `commands`. The first
    beat of an exemplar waits 2 cycles for the number of exemplars of its slot. The other beats
    follow one a cycle, so an exemplar takes ``B + 2`` cycles. A command takes 2 cycles, and so does
    a close that is refused. Any other close offers its header after `latency` cycles. The first row
    is offered ``2 + L * (q + 3)`` cycles after the header was taken, and the others follow every
    ``1 + L * (q + 3)`` cycles. The next exemplar or command is taken while the last row is offered,
    at the earliest `interval` cycles after the close.

    One divider serves all lanes, one after the other: a class is closed once, and pictures take far
    longer. Rows need no clearing: while a slot has no exemplar, what its rows hold counts as 0. A
    row is read with a beat and written in the next cycle.

    Reset closes all slots. What the memories hold is then invisible.

    Parameters
    ----------
    params : ClassCounterParams

    Members
    -------
    i : In(stream.Signature(beat_layout(lanes, slots)))
        Exemplars to count, B beats each. The label of the first beat names the slot; `last` is
        ignored.
    commands : In(stream.Signature(command_layout(params)))
        Operations on slots. `Operation.NONE` does nothing.
    append : Out(stream.Signature(header_layout(prototypes, editable=True)))
        Headers of closed classes, for an editable `rtl.prototypes.Prototypes`: K = 1.
    rows : Out(stream.Signature(L*q))
        The B rows of the class whose header was taken last. Lanes past D have code 0.
    overflow : Out(1)
        Set until reset when an exemplar has been dropped because its slot has counted 65535.
    empty : Out(1)
        Set until reset when a class without exemplars was to be closed.
    closed : Out(1)
        Set until reset when an exemplar or a close named a slot that is not open, a reopen one that
        was not opened since reset, or an open no slot.
    closing : Out(1)
        A close was taken that is not refused yet, or whose class has not left.
    row_read : Out(1)
        A row of counts is read in this cycle.
    """

    #: Cycles from a close to its header.
    latency = 2

    def __init__(self, params: ClassCounterParams) -> None:
        self.params = params
        memory = params.prototypes
        #: Cycles from one close to the next command.
        self.interval = 3 + memory.beats * (1 + memory.lanes * (memory.code_width + 3))
        super().__init__({
            "i": In(stream.Signature(beat_layout(memory.lanes, params.slots))),
            "commands": In(stream.Signature(command_layout(params))),
            "append": Out(stream.Signature(header_layout(memory, editable=True))),
            "rows": Out(stream.Signature(memory.row_width)),
            **dict.fromkeys(("overflow", "empty", "closed", "closing", "row_read"), Out(1)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, now = self.params, _UnderWay(self.params)
        # A row read in the cycle of its write is not used. With few slots, block RAM is too deep.
        attrs = {"no_rw_check": 1}
        counts, slot = unsigned(COUNT_WIDTH * p.prototypes.lanes), seen_layout(p)
        m.submodules.counters = counters = Memory(shape=counts, depth=p.rows, init=[], attrs=attrs)
        m.submodules.seen = seen = Memory(shape=slot, depth=p.slots, attrs=attrs, one_port=True)
        read, seen_read, seen_write = counters.read_port(), seen.read_port(), seen.write_port()
        m.d.comb += [
            now.last.eq(now.beat == p.prototypes.beats - 1),
            read.en.eq(now.read),
            read.addr.eq(now.row),
            self.append.payload.count.eq(1),
            self.append.payload.label.eq(now.label),
            self.row_read.eq(now.read),
        ]
        with m.If(now.step):
            m.d.sync += [now.row.eq(now.row + 1), now.beat.eq(now.beat + 1)]
        with m.If(self.rows.ready):
            m.d.sync += self.rows.valid.eq(0)
        self._write_counts(m, now, read, counters.write_port())
        with m.FSM() as fsm:
            other = now.learning | (now.operation != Operation.CLOSE)
            idle = fsm.ongoing("idle") | fsm.ongoing("learn") | (fsm.ongoing("decide") & other)
            m.d.comb += self.closing.eq(~idle | self.rows.valid)
            take_request(m, now, self, p.slots, seen_read, seen_write)
            self._decide(m, now, seen_read, seen_write)
            self._learn(m, now, seen_write)
            self._close(m, now, read)
        return m

    def _write_counts(self, m: Module, now: "_UnderWay", read: ReadPort, write: WritePort) -> None:
        """Write the counts of a beat in the cycle after it was taken."""
        bits = Signal(self.params.prototypes.lanes)
        m.d.sync += [
            write.en.eq(self.i.valid & self.i.ready & now.keep),
            write.addr.eq(now.row),
            bits.eq(self.i.payload.bits & used_lanes(self.params.prototypes, now.last)),
        ]
        # The number of the exemplar's slot stays until the next look-up, which is later.
        for lane, bit in enumerate(bits):
            old = Mux(now.fresh, 0, read.data.word_select(lane, COUNT_WIDTH))
            m.d.comb += write.data.word_select(lane, COUNT_WIDTH).eq(old + bit)

    def _decide(
        self, m: Module, now: "_UnderWay", seen_read: ReadPort, seen_write: WritePort
    ) -> None:
        """Let an exemplar be counted or dropped, or do what a command says, or refuse it."""
        seen = seen_read.data.number
        m.d.comb += seen_write.data.number.eq(Mux(now.learning, now.n + 1, 0))
        with m.State("decide"):
            m.d.sync += [
                now.n.eq(seen),
                now.fresh.eq(seen == 0),
                now.label.eq(seen_read.data.label),
                now.row.eq(now.slot * self.params.prototypes.beats),
                now.keep.eq(now.is_open & (seen != MAX_COUNT)),
            ]
            m.next = "idle"
            with m.If(now.learning):
                m.d.sync += [
                    self.closed.eq(self.closed | ~now.is_open),
                    self.overflow.eq(self.overflow | (now.is_open & (seen == MAX_COUNT))),
                ]
                m.next = "learn"
            with m.Else():
                closes = do_command(m, now, self, seen != 0, seen_write)
                with m.If(closes):
                    m.next = "append"

    def _learn(self, m: Module, now: "_UnderWay", seen_write: WritePort) -> None:
        """Take the beats of an exemplar. With the last beat, its slot counts it."""
        with m.State("learn"):
            m.d.comb += self.i.ready.eq(1)
            with m.If(self.i.valid):
                m.d.comb += [now.step.eq(1), now.read.eq(now.keep)]
                with m.If(now.last):
                    m.d.comb += seen_write.en.eq(now.keep)
                    m.next = "idle"

    def _close(self, m: Module, now: "_UnderWay", read: ReadPort) -> None:
        """Append a class: its header, and row by row the codes of its counts."""
        with m.State("append"):
            m.d.comb += self.append.valid.eq(1)
            with m.If(self.append.ready):
                m.next = "read"
        with m.State("read"):
            m.d.comb += [now.step.eq(1), now.read.eq(1)]
            m.d.sync += now.final.eq(now.last)
            m.next = "divide"
        divide_rows(m, self.params, now, self.rows, read, now.n, now.final)


class _UnderWay(SlotUnderWay):
    """Registers of the current exemplar, command or class, and signals derived from them."""

    def __init__(self, params: ClassCounterParams) -> None:
        super().__init__(params)
        self.n = Signal(COUNT_WIDTH)  # number of exemplars of the slot
        self.fresh = Signal(init=1)  # it is 0, as a register because all lanes need it at once
        self.keep = Signal()  # the exemplar is counted
        self.row = Signal(range(params.rows))
        self.final = Signal()  # the row in work is the last one
