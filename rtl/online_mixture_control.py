# SPDX-License-Identifier: MIT
"""Control of competing components: exemplars are taken, compared and counted, commands done."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.memory import ReadPort, WritePort
from amaranth.utils import bits_for

from golden.params import ClassCounterParams, OnlineMixtureParams, XnorParams
from golden.params.classes import MAX_COUNT
from rtl.class_counter import Operation
from rtl.xnor import xnor_latency

__all__ = ["THRESHOLD_WIDTH", "UnderWay", "compare", "count", "decide", "kept_layout", "take"]

THRESHOLD_WIDTH = 16  # bits of a mixing threshold


def kept_layout(params: OnlineMixtureParams, counter: ClassCounterParams) -> StructLayout:
    """Return the layout of what is kept of a slot: its class, and its number of exemplars."""
    return StructLayout({
        "label": bits_for(counter.prototypes.classes - 1),
        "total": bits_for(params.components * MAX_COUNT),
    })  # fmt: skip


class UnderWay:
    """Registers of the current exemplar, command or class, and signals derived from them.

    Parameters
    ----------
    params : OnlineMixtureParams
    counter : ClassCounterParams
    """

    def __init__(self, params: OnlineMixtureParams, counter: ClassCounterParams) -> None:
        memory, slots, kinds = counter.prototypes, counter.slots, params.components
        kept = kept_layout(params, counter)
        component = bits_for(kinds - 1)
        lead, agreeing = signed(kept["total"].width + 1), bits_for(memory.features)
        self.params, self.counter = params, counter
        self.count_width = bits_for(MAX_COUNT)
        self.slot = Signal(bits_for(slots - 1))
        self.opened = Signal(slots)  # slots that are open
        self.begun = Signal(slots)  # slots that were opened since reset
        self.learning = Signal()
        self.operation = Signal(Operation)
        self.label = Signal(kept["label"].width)  # class of the slot
        self.total = Signal(kept["total"].width)  # number of exemplars of the slot
        self.used = Signal(bits_for(kinds))  # its components that have exemplars
        self.keep = Signal()  # the exemplar's slot is open
        self.component = Signal(component)
        self.place = Signal(range(slots * kinds))  # that of the component among those of all slots
        self.beat = Signal(range(memory.beats))
        self.step = Signal()  # go to the next beat
        self.last = Signal()  # it is the last one
        self.was_last = Signal()  # what was read in the cycle before is of the last beat
        self.look = Signal()  # read the number of the component
        self.compare = Signal()  # compare this beat
        self.count = Signal()  # count this beat
        self.read = Signal()  # read the counts of this beat
        self.marks = Signal(1 + xnor_latency(XnorParams(inputs=memory.lanes)))  # beats compared
        self.agreeing = Signal(agreeing)  # features of the component that equal the exemplar's
        self.lead = Signal(lead)  # exemplars of the component ahead of its share, times K
        self.score = Signal(signed(max(lead.width, agreeing) + 1))
        self.best = Signal.like(self.score)  # highest score of the components before
        self.winner = Signal(component)  # the component that has it
        self.n = Signal(self.count_width)  # its number of exemplars
        self.fresh = Signal()  # that is 0
        self.ends = Signal(kept["total"].width)  # exemplars of the components so far, in a close
        self.thresholds = Signal(ArrayLayout(THRESHOLD_WIDTH, max(1, kinds - 1)))


def take(m: Module, now: UnderWay, ports: Any, kept: ReadPort) -> None:
    """Take an exemplar, or else a command, once it is read what is kept of its slot.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : wiring.PureInterface
        Those of the block.
    kept : ReadPort
        What is kept of slots.
    """
    command = ports.commands.payload
    asked = Signal()  # an exemplar or a command waits, and the block is idle
    wanted = Signal.like(now.slot)
    m.d.comb += [
        wanted.eq(Mux(ports.i.valid, ports.i.payload.label, command.slot)),
        kept.en.eq(asked),
        kept.addr.eq(wanted),
    ]
    with m.State("idle"):
        m.d.comb += [
            ports.commands.ready.eq(~ports.i.valid),
            asked.eq(ports.i.valid | ports.commands.valid),
        ]
        m.d.sync += [
            now.slot.eq(wanted),
            now.learning.eq(ports.i.valid),
            now.operation.eq(command.operation),
            now.label.eq(command.label),
        ]
        with m.If(asked):
            m.next = "decide"
    with m.State("take"):
        m.d.comb += [ports.i.ready.eq(1), now.step.eq(ports.i.valid)]
        with m.If(ports.i.valid & now.last):
            m.next = "idle"
            with m.If(now.keep & now.fresh):
                m.next = "count"
            with m.Elif(now.keep):
                m.next = "compare"


def decide(m: Module, now: UnderWay, ports: Any, kept: ReadPort, kept_write: WritePort) -> None:
    """Let an exemplar be taken or dropped, or do what a command says, or refuse it.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : wiring.PureInterface
        Those of the block.
    kept : ReadPort
    kept_write : WritePort
        What is kept of slots.
    """
    total, kinds = kept.data.total, now.params.components
    known, is_open, is_begun, some = (
        Signal(name=name) for name in ("known", "is_open", "is_begun", "some")
    )
    opened, begun = (bits.bit_select(now.slot, 1) for bits in (now.opened, now.begun))
    begins = total < kinds  # the exemplar gets a component of its own
    m.d.comb += [
        known.eq(now.slot < now.counter.slots),
        is_open.eq(known & opened),
        is_begun.eq(known & begun),
        some.eq(total != 0),
        kept_write.addr.eq(now.slot),
        kept_write.data.label.eq(now.label),
        kept_write.data.total.eq(Mux(now.learning, now.total + 1, 0)),
    ]
    with m.State("decide"):
        m.d.sync += [
            now.total.eq(total),
            now.label.eq(kept.data.label),
            now.keep.eq(is_open),
            now.fresh.eq(begins),
            now.used.eq(Mux(begins, total, kinds)),
            now.component.eq(Mux(now.learning & begins, total, 0)),
            now.n.eq(0),
            now.ends.eq(0),
            now.thresholds.eq(0),
        ]
        m.next = "idle"
        with m.If(now.learning):
            m.d.sync += ports.closed.eq(ports.closed | ~is_open)
            m.next = "take"
        with m.Elif(now.operation == Operation.OPEN):
            m.d.comb += kept_write.en.eq(known)
            m.d.sync += ports.closed.eq(ports.closed | ~known)
            with m.If(known):
                m.d.sync += [opened.eq(1), begun.eq(1)]
        with m.Elif(now.operation == Operation.REOPEN):
            m.d.sync += ports.closed.eq(ports.closed | ~is_begun)
            with m.If(is_begun):
                m.d.sync += opened.eq(1)
        with m.Elif(now.operation == Operation.CLOSE):
            m.d.sync += [
                ports.closed.eq(ports.closed | ~is_open),
                ports.empty.eq(ports.empty | (is_open & ~some)),
            ]
            with m.If(is_open & some):
                m.d.sync += opened.eq(0)
                m.next = "append"
                if kinds > 1:  # a class of one component has no threshold
                    with m.If(total != 1):
                        m.next = "weigh"


def compare(m: Module, now: UnderWay, ports: Any, number: ReadPort) -> None:
    """Compare the exemplar with one component after another; the first of the best ones wins.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : wiring.PureInterface
        Those of the block.
    number : ReadPort
        Numbers of exemplars of components.
    """
    with m.State("compare"):
        m.d.comb += [now.compare.eq(1), now.step.eq(1), now.look.eq(now.beat == 0)]
        with m.If(now.last):
            m.next = "drain"
    with m.State("drain"), m.If(~now.marks.any()):
        m.d.sync += [now.agreeing.eq(0), now.component.eq(now.component + 1)]
        with m.If((now.component == 0) | (now.score > now.best)):
            m.d.sync += [
                now.best.eq(now.score),
                now.winner.eq(now.component),
                now.n.eq(number.data),
            ]
        m.next = "compare"
        with m.If(now.component == now.params.components - 1):
            m.next = "choose"
    with m.State("choose"):
        m.d.sync += now.component.eq(now.winner)
        m.next = "count"
        with m.If(now.n == MAX_COUNT):
            m.d.sync += ports.overflow.eq(1)
            m.next = "idle"


def count(m: Module, now: UnderWay, seen: WritePort, kept_write: WritePort) -> None:
    """Count the exemplar where it belongs, row by row.

    Parameters
    ----------
    m : Module
    now : UnderWay
    seen : WritePort
        Numbers of exemplars of components.
    kept_write : WritePort
        What is kept of slots.
    """
    m.d.comb += [seen.addr.eq(now.place), seen.data.eq(now.n + 1)]
    with m.State("count"):
        m.d.comb += [now.count.eq(1), now.read.eq(1), now.step.eq(1)]
        with m.If(now.last):
            m.next = "note"
    with m.State("note"):
        m.d.comb += [seen.en.eq(1), kept_write.en.eq(1)]
        m.next = "idle"
