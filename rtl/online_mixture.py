# SPDX-License-Identifier: MIT
"""Competing components: a class of several prototypes, learned by counting (contract, 16)."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.memory import ReadPort, WritePort
from amaranth.lib.wiring import In, Out

from golden.params import ClassCounterParams, OnlineMixtureParams, XnorParams
from rtl.beat import beat_layout
from rtl.class_slots import COUNT_WIDTH, Operation, command_layout, take_request
from rtl.lanes import used_lanes
from rtl.memories import Memory
from rtl.online_mixture_close import close_class
from rtl.online_mixture_control import UnderWay, compare, count, decide, kept_layout, take
from rtl.prototypes import header_layout
from rtl.xnor import Xnor, xnor_latency

__all__ = ["OnlineMixture"]


class OnlineMixture(wiring.Component):
    """Components that compete for the exemplars of a class; a class closed becomes K prototypes.

    It stands where a class counter of the same slots can stand, and with ``K = 1`` it appends what
    that appends. Exemplars and commands are taken whole, one after another, and `i` has priority
    over `commands`.

    The first beat of an exemplar waits 2 cycles for its slot, and the others follow one a cycle.
    The exemplar is stored, because it is used twice: first it is compared with the components, one
    after another, then it is counted by the winner. While fewer than K were counted there is no
    comparison, and an exemplar takes ``2B + 3`` cycles. Afterwards it takes `interval` cycles, and
    one that is dropped because its winner is full takes ``B + 1`` less. One whose slot is not open
    takes ``B + 2``. A command takes 2 cycles, and so does a close that is refused.

    Any other close offers its header ``latency + 20 * (K' - 1)`` cycles later, K' components being
    used: each threshold is divided by itself. The first row is offered ``2 + L * (q + 3)`` cycles
    after the header was taken, and the others follow every ``1 + L * (q + 3)`` cycles. The next
    exemplar or command is taken while the last row is offered.

    Beside the counts, K*B rows of L bits a slot keep what each component would say of a feature, so
    that the comparison reads no counts: it reads the bits that agree or do not. Neither these nor
    the counts need clearing, as a component without exemplars is known by the number of its slot.

    Reset closes all slots. What the memories hold is then invisible.

    Parameters
    ----------
    params : OnlineMixtureParams
        K, s; D and q are those of the memory of prototypes.
    counter : ClassCounterParams
        Slots, and the memory to which classes are appended.

    Members
    -------
    i : In(stream.Signature(beat_layout(lanes, slots)))
        Exemplars to count, B beats each. The label of the first beat names the slot; `last` is
        ignored, and so are lanes past D.
    commands : In(stream.Signature(command_layout(counter)))
        Operations on slots. `Operation.NONE` does nothing.
    append : Out(stream.Signature(header_layout(prototypes, editable=True)))
        Headers of closed classes, for an editable `rtl.prototypes.Prototypes`.
    rows : Out(stream.Signature(L*q))
        The ``K' * B`` rows of the class whose header was taken last. Lanes past D have code 0.
    overflow : Out(1)
        Set until reset when an exemplar has been dropped because its winner has counted 65535.
    empty : Out(1)
        Set until reset when a class without exemplars was to be closed.
    closed : Out(1)
        Set until reset when an exemplar or a close named a slot that is not open, a reopen one that
        was not opened since reset, or an open no slot.
    closing : Out(1)
        A close was taken that is not refused yet, or whose class has not left.
    row_read : Out(1)
        A row of counts is read in this cycle.

    Raises
    ------
    ValueError
        If the memory has other features or codes, or no room for K components of a class.
    """

    #: Cycles from a close to its header, beside those of thresholds.
    latency = 2

    def __init__(self, params: OnlineMixtureParams, counter: ClassCounterParams) -> None:
        params.check_fits(counter.prototypes)
        self.params, self.counter = params, counter
        memory = counter.prototypes
        #: Cycles in which an exemplar is compared with a component.
        self.comparing = memory.beats + xnor_latency(XnorParams(inputs=memory.lanes)) + 2
        #: Cycles from one exemplar to the next.
        self.interval = 2 * memory.beats + 4 + params.components * self.comparing
        super().__init__({
            "i": In(stream.Signature(beat_layout(memory.lanes, counter.slots))),
            "commands": In(stream.Signature(command_layout(counter))),
            "append": Out(stream.Signature(header_layout(memory, editable=True))),
            "rows": Out(stream.Signature(memory.row_width)),
            **dict.fromkeys(("overflow", "empty", "closed", "closing", "row_read"), Out(1)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, now = self.counter.prototypes, UnderWay(self.params, self.counter)
        places = self.counter.slots * self.params.components
        kept_shape = kept_layout(self.params, self.counter)
        counts = unsigned(COUNT_WIDTH * p.lanes)
        m.submodules.counters = counters = _memory(counts, places * p.beats)
        m.submodules.majorities = majorities = _memory(unsigned(p.lanes), places * p.beats)
        m.submodules.exemplar = exemplar = _memory(unsigned(p.lanes), p.beats)
        m.submodules.seen = seen = _memory(unsigned(COUNT_WIDTH), places)
        m.submodules.kept = kept = _memory(kept_shape, self.counter.slots)
        read, number, bits = counters.read_port(), seen.read_port(), exemplar.read_port()
        majority, bits_write = majorities.read_port(), exemplar.write_port()
        kept_read, kept_write = kept.read_port(), kept.write_port()
        row = Signal(range(places * p.beats))
        m.d.comb += [
            now.last.eq(now.beat == p.beats - 1),
            now.place.eq(now.slot * self.params.components + now.component),
            row.eq(now.place * p.beats + now.beat),
            read.en.eq(now.read),
            read.addr.eq(row),
            number.en.eq(now.look),
            number.addr.eq(now.place),
            majority.addr.eq(row),
            majority.en.eq(now.compare),
            bits.en.eq(now.compare | now.count),
            bits.addr.eq(now.beat),
            bits_write.addr.eq(now.beat),
            bits_write.data.eq(self.i.payload.bits),
            bits_write.en.eq(self.i.valid & self.i.ready),
            self.row_read.eq(now.read),
        ]
        m.d.sync += now.was_last.eq(now.last)
        with m.If(now.step):
            m.d.sync += now.beat.eq(Mux(now.last, 0, now.beat + 1))
        with m.If(self.rows.ready):
            m.d.sync += self.rows.valid.eq(0)
        self._compare(m, now, majority, number, bits)
        self._write(m, now, row, read, bits, counters.write_port(), majorities.write_port())
        with m.FSM() as fsm:
            other = now.learning | (now.operation != Operation.CLOSE)
            learning = ("idle", "take", "compare", "drain", "choose", "count", "note")
            idle = Cat(fsm.ongoing(name) for name in learning).any()
            m.d.comb += self.closing.eq(~(idle | (fsm.ongoing("decide") & other)) | self.rows.valid)
            take_request(m, now, self, self.counter.slots, kept_read, kept_write)
            take(m, now, self)
            decide(m, now, self, kept_read, kept_write)
            compare(m, now, self, number)
            count(m, now, seen.write_port(), kept_write)
            close_class(m, now, self, number, read)
        return m

    def _compare(
        self, m: Module, now: UnderWay, majority: ReadPort, number: ReadPort, bits: ReadPort
    ) -> None:
        """Add up the features at which the exemplar equals the component; weigh its lead."""
        k = self.params.components
        times_k = sum(number.data << i for i in range(k.bit_length()) if k >> i & 1)
        m.submodules.xnor = xnor = Xnor(XnorParams(inputs=self.counter.prototypes.lanes))
        m.d.comb += [
            xnor.en.eq(1),
            xnor.x.eq(bits.data),
            xnor.w.eq(majority.data),
            xnor.mask.eq(used_lanes(self.counter.prototypes, now.was_last)),
        ]
        m.d.sync += [now.marks.eq(Cat(now.compare, now.marks)), now.lead.eq(times_k - now.total)]
        with m.If(now.marks[-1]):
            m.d.sync += now.agreeing.eq(now.agreeing + xnor.agree)
        m.d.comb += now.score.eq(now.agreeing - (now.lead >> self.params.handicap_shift))

    def _write(
        self,
        m: Module,
        now: UnderWay,
        row: Signal,
        read: ReadPort,
        bits: ReadPort,
        counts: WritePort,
        majorities: WritePort,
    ) -> None:
        """Write counts and majorities of a beat in the cycle after its counts were read."""
        used = Signal(self.counter.prototypes.lanes)
        m.d.comb += [
            used.eq(bits.data & used_lanes(self.counter.prototypes, now.was_last)),
            majorities.en.eq(counts.en),
            majorities.addr.eq(counts.addr),
        ]
        m.d.sync += [counts.en.eq(now.count), counts.addr.eq(row)]
        half = now.n >> 1
        for lane, bit in enumerate(used):
            old = Mux(now.fresh, 0, read.data.word_select(lane, COUNT_WIDTH))
            m.d.comb += [
                counts.data.word_select(lane, COUNT_WIDTH).eq(old + bit),
                # No comparison follows the sum.
                majorities.data[lane].eq((old > half) | (bit & (old == half))),
            ]


def _memory(shape: Any, depth: int) -> Memory:
    """Return a memory in which a row read in the cycle of its write is not used.

    With few slots, block RAM is too deep.
    """
    return Memory(shape=shape, depth=depth, init=[], attrs={"no_rw_check": 1})
