# SPDX-License-Identifier: MIT
"""Control of competing components: exemplars are taken, compared and counted, commands done."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.memory import ReadPort, WritePort
from amaranth.utils import bits_for

from golden.params import ClassCounterParams, OnlineMixtureParams, XnorParams
from golden.params.classes import MAX_COUNT
from rtl.class_slots import COUNT_WIDTH, SlotUnderWay, do_command
from rtl.xnor import xnor_latency

__all__ = ["THRESHOLD_WIDTH", "UnderWay", "compare", "count", "decide", "kept_layout", "take"]

THRESHOLD_WIDTH = 16  # bits of a mixing threshold


def kept_layout(params: OnlineMixtureParams, counter: ClassCounterParams) -> StructLayout:
    """Return the layout of what is kept of a slot: its class, and its number of exemplars."""
    return StructLayout({
        "label": bits_for(counter.prototypes.classes - 1),
        "total": bits_for(params.components * MAX_COUNT),
    })  # fmt: skip


class UnderWay(SlotUnderWay):
    """Registers of the current exemplar, command or class, and signals derived from them.

    Parameters
    ----------
    params : OnlineMixtureParams
    counter : ClassCounterParams
    """

    def __init__(self, params: OnlineMixtureParams, counter: ClassCounterParams) -> None:
        super().__init__(counter)
        memory, slots, kinds = counter.prototypes, counter.slots, params.components
        kept = kept_layout(params, counter)
        component = bits_for(kinds - 1)
        lead, agreeing = signed(kept["total"].width + 1), bits_for(memory.features)
        self.params, self.counter = params, counter
        self.total = Signal(kept["total"].width)  # number of exemplars of the slot
        self.used = Signal(bits_for(kinds))  # its components that have exemplars
        self.keep = Signal()  # the exemplar's slot is open
        self.component = Signal(component)
        self.place = Signal(range(slots * kinds))  # that of the component among those of all slots
        self.was_last = Signal()  # what was read in the cycle before is of the last beat
        self.look = Signal()  # read the number of the component
        self.compare = Signal()  # compare this beat
        self.count = Signal()  # count this beat
        self.marks = Signal(1 + xnor_latency(XnorParams(inputs=memory.lanes)))  # beats compared
        self.agreeing = Signal(agreeing)  # features of the component that equal the exemplar's
        self.lead = Signal(lead)  # exemplars of the component ahead of its share, times K
        self.score = Signal(signed(max(lead.width, agreeing) + 1))
        self.best = Signal.like(self.score)  # highest score of the components before
        self.winner = Signal(component)  # the component that has it
        self.n = Signal(COUNT_WIDTH)  # its number of exemplars
        self.fresh = Signal()  # that is 0
        self.ends = Signal(kept["total"].width)  # exemplars of the components so far, in a close
        self.thresholds = Signal(ArrayLayout(THRESHOLD_WIDTH, max(1, kinds - 1)))


def take(m: Module, now: UnderWay, ports: Any) -> None:
    """Take the beats of an exemplar.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : wiring.PureInterface
        Those of the block.
    """
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
    begins = total < kinds  # the exemplar gets a component of its own
    m.d.comb += kept_write.data.total.eq(Mux(now.learning, now.total + 1, 0))
    with m.State("decide"):
        m.d.sync += [
            now.total.eq(total),
            now.label.eq(kept.data.label),
            now.keep.eq(now.is_open),
            now.fresh.eq(begins),
            now.used.eq(Mux(begins, total, kinds)),
            now.component.eq(Mux(now.learning & begins, total, 0)),
            now.n.eq(0),
            now.ends.eq(0),
            now.thresholds.eq(0),
        ]
        m.next = "idle"
        with m.If(now.learning):
            m.d.sync += ports.closed.eq(ports.closed | ~now.is_open)
            m.next = "take"
        with m.Else():
            closes = do_command(m, now, ports, total != 0, kept_write)
            with m.If(closes):
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
