# SPDX-License-Identifier: MIT
"""Class counter: it learns a class from the counts of its bits (contract, 14)."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import enum, stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.memory import Memory, ReadPort, WritePort
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import ClassCounterParams
from golden.params.classes import MAX_COUNT
from rtl.beat import beat_layout
from rtl.lanes import used_lanes
from rtl.mean_code import MeanCode
from rtl.prototypes import header_layout

__all__ = ["ClassCounter", "Operation", "command_layout"]


class Operation(enum.IntEnum, shape=unsigned(2)):
    """What a command does with its slot."""

    OPEN = 0
    REOPEN = 1
    CLOSE = 2
    NONE = 3


def command_layout(params: ClassCounterParams) -> StructLayout:
    """Return the layout of a command: what it does, with which slot, and to open it, its class."""
    return StructLayout({
        "operation": Operation,
        "slot": bits_for(params.slots - 1),
        "label": bits_for(params.prototypes.classes - 1),
    })  # fmt: skip


def seen_layout(params: ClassCounterParams) -> StructLayout:
    """Return the layout of what is kept of a slot: its class, and its number of exemplars."""
    return StructLayout({
        "label": bits_for(params.prototypes.classes - 1),
        "number": bits_for(MAX_COUNT),
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
        counts, slot = unsigned(now.count_width * p.prototypes.lanes), seen_layout(p)
        m.submodules.counters = counters = Memory(shape=counts, depth=p.rows, init=[], attrs=attrs)
        m.submodules.seen = seen = Memory(shape=slot, depth=p.slots, init=[], attrs=attrs)
        read, seen_read, seen_write = counters.read_port(), seen.read_port(), seen.write_port()
        m.d.comb += [
            now.last.eq(now.beat == p.prototypes.beats - 1),
            read.en.eq(now.read),
            read.addr.eq(now.row),
            seen_write.addr.eq(now.slot),
            seen_write.data.label.eq(now.label),
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
            self._take(m, now, seen_read)
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
        width = now.count_width
        for lane, bit in enumerate(bits):
            old = Mux(now.fresh, 0, read.data.word_select(lane, width))
            m.d.comb += write.data.word_select(lane, width).eq(old + bit)

    def _take(self, m: Module, now: "_UnderWay", seen_read: ReadPort) -> None:
        """Take an exemplar's slot, or else a command, and read the number of its exemplars."""
        command = self.commands.payload
        asked = Signal()  # an exemplar or a command waits, and the block is idle
        wanted = Signal.like(now.slot)
        m.d.comb += [
            wanted.eq(Mux(self.i.valid, self.i.payload.label, command.slot)),
            seen_read.en.eq(asked),
            seen_read.addr.eq(wanted),
        ]
        with m.State("idle"):
            m.d.comb += [
                self.commands.ready.eq(~self.i.valid),
                asked.eq(self.i.valid | self.commands.valid),
            ]
            m.d.sync += [
                now.slot.eq(wanted),
                now.learning.eq(self.i.valid),
                now.operation.eq(command.operation),
                now.label.eq(command.label),
                now.beat.eq(0),
            ]
            with m.If(asked):
                m.next = "decide"

    def _decide(
        self, m: Module, now: "_UnderWay", seen_read: ReadPort, seen_write: WritePort
    ) -> None:
        """Let an exemplar be counted or dropped, or do what a command says, or refuse it."""
        p, seen = self.params, seen_read.data.number
        known, is_open, is_begun = (Signal(name=name) for name in ("known", "is_open", "is_begun"))
        opened, begun = (bits.bit_select(now.slot, 1) for bits in (now.opened, now.begun))
        m.d.comb += [
            known.eq(now.slot < p.slots),
            is_open.eq(known & opened),
            is_begun.eq(known & begun),
            seen_write.data.number.eq(Mux(now.learning, now.n + 1, 0)),
        ]
        with m.State("decide"):
            m.d.sync += [
                now.n.eq(seen),
                now.fresh.eq(seen == 0),
                now.label.eq(seen_read.data.label),
                now.row.eq(now.slot * p.prototypes.beats),
                now.keep.eq(is_open & (seen != MAX_COUNT)),
            ]
            m.next = "idle"
            with m.If(now.learning):
                m.d.sync += [
                    self.closed.eq(self.closed | ~is_open),
                    self.overflow.eq(self.overflow | (is_open & (seen == MAX_COUNT))),
                ]
                m.next = "learn"
            with m.Elif(now.operation == Operation.OPEN):
                m.d.comb += seen_write.en.eq(known)
                m.d.sync += self.closed.eq(self.closed | ~known)
                with m.If(known):
                    m.d.sync += [opened.eq(1), begun.eq(1)]
            with m.Elif(now.operation == Operation.REOPEN):
                m.d.sync += self.closed.eq(self.closed | ~is_begun)
                with m.If(is_begun):
                    m.d.sync += opened.eq(1)
            with m.Elif(now.operation == Operation.CLOSE):
                m.d.sync += [
                    self.closed.eq(self.closed | ~is_open),
                    self.empty.eq(self.empty | (is_open & (seen == 0))),
                ]
                with m.If(is_open & (seen != 0)):
                    m.d.sync += opened.eq(0)
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
        p, rows = self.params.prototypes, self.rows
        m.submodules.mean_code = mean_code = MeanCode(p.code_width, now.count_width)
        lane = Signal(range(p.lanes))  # whose mean is divided
        # The choice of one lane of all is slow. That of the next one is made while a mean is
        # divided; that of lane 0 is no choice.
        following = Signal(range(p.lanes + 1))
        chosen = Signal(now.count_width)
        count = Mux(following == 0, read.data[: now.count_width], chosen)
        m.d.sync += chosen.eq(read.data.word_select(following, now.count_width))
        m.d.comb += [
            mean_code.i.payload.count.eq(count),
            mean_code.i.payload.number.eq(now.n),
        ]
        with m.State("append"):
            m.d.comb += self.append.valid.eq(1)
            with m.If(self.append.ready):
                m.next = "read"
        with m.State("read"):
            m.d.comb += [now.step.eq(1), now.read.eq(1)]
            m.d.sync += [now.final.eq(now.last), following.eq(0)]
            m.next = "divide"
        with m.State("divide"):
            m.d.comb += mean_code.i.valid.eq(1)
            with m.If(mean_code.i.ready):
                m.d.sync += [lane.eq(following), following.eq(following + 1)]
                m.next = "round"
        with m.State("round"):
            m.d.comb += mean_code.o.ready.eq(~rows.valid | rows.ready)
            with m.If(mean_code.o.valid & mean_code.o.ready):
                code = rows.payload.word_select(lane, p.code_width)
                m.d.sync += code.eq(mean_code.o.payload)
                m.next = "divide"
                with m.If(lane == p.lanes - 1):
                    m.d.sync += rows.valid.eq(1)
                    m.next = "read"
                    with m.If(now.final):
                        m.next = "idle"


class _UnderWay:
    """Registers of the current exemplar, command or class, and signals derived from them."""

    def __init__(self, params: ClassCounterParams) -> None:
        memory, slots = params.prototypes, params.slots
        self.count_width = bits_for(MAX_COUNT)
        self.slot = Signal(bits_for(slots - 1))
        self.opened = Signal(slots)  # slots that are open
        self.begun = Signal(slots)  # slots that were opened since reset
        self.learning = Signal()
        self.operation = Signal(Operation)
        self.label = Signal(bits_for(memory.classes - 1))  # class of the slot
        self.n = Signal(self.count_width)  # number of exemplars of the slot
        self.fresh = Signal(init=1)  # it is 0, as a register because all lanes need it at once
        self.keep = Signal()  # the exemplar is counted
        self.row = Signal(range(params.rows))
        self.beat = Signal(range(memory.beats))
        self.step = Signal()  # go to the next row
        self.read = Signal()  # read this row
        self.last = Signal()  # it is the last one
        self.final = Signal()  # the row in work is the last one
