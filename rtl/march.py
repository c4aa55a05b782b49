# SPDX-License-Identifier: MIT
"""A march over a memory, which finds the cells that fail (contract, 19)."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import MarchParams
from rtl.memories import Memory

__all__ = ["March", "failure_layout"]

LAST = 5  # the last element


def failure_layout(params: MarchParams) -> StructLayout:
    """Return the layout of wrong bits of a read: the bits of a part, and where and when."""
    return StructLayout({
        "bits": params.part,
        "part": bits_for(params.parts - 1),
        "element": bits_for(LAST),
        "row": bits_for(params.rows - 1),
    })  # fmt: skip


class March(wiring.Component):
    """March C- over a memory with a port to read and a port to write, which nobody else may use.

    It writes zeros to all rows, a cycle each. Then come five elements of two cycles a row: a read,
    and in the next cycle a write of the same row. The last element only reads. If bits are not as
    they were written, the march stands still while their parts are reported, a cycle a part, those
    without a wrong bit left out. A failure that is not taken holds the march. With no failure
    waiting, it takes ``11 * W + 1`` cycles, and for each wrong read as many more as a row has
    parts, and one. The memory is all zeros then, where its cells hold what they should.

    A start while it runs is ignored. Reset ends the march and clears what it has found.

    Parameters
    ----------
    params : MarchParams

    Members
    -------
    start : In(1)
        Begin, and clear what was found.
    busy : Out(1)
        The march is under way, from the cycle after `start`.
    row : Out
        Row that is read or written.
    read_en : Out(1)
        Read it; the data come in the next cycle.
    data : In(B)
        What was read.
    write_en : Out(1)
        Write it.
    ones : Out(1)
        Write ones, or else zeros, to all its bits.
    o : Out(stream.Signature(failure_layout(params)))
        Wrong bits, as `golden.march.Failure`.
    words, bits : Out(count_width)
        Rows that were wrong; and wrong bits of the first read of zeros and of the first read of
        ones. They stop at their highest number, and are complete when `busy` has ended.
    first : Out
        The row that was wrong first; 0 as long as there is none.
    """

    #: Cycles from `start` to the first write.
    latency = 1
    #: Cycles from one read to the next, in an element.
    interval = 2

    def __init__(self, params: MarchParams) -> None:
        self.params = params
        row = bits_for(params.rows - 1)
        super().__init__({
            "start": In(1),
            "busy": Out(1),
            "row": Out(row),
            "read_en": Out(1),
            "data": In(params.row_width),
            "write_en": Out(1),
            "ones": Out(1),
            "o": Out(stream.Signature(failure_layout(params))),
            "words": Out(params.count_width),
            "bits": Out(params.count_width),
            "first": Out(row),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params
        element = Signal(range(LAST + 1))
        ended = Signal()
        wrong = Signal(p.row_width)  # bits of the read before that were wrong
        at_row = Signal.like(self.row)  # its row and element
        at_element = Signal.like(element)
        found = Signal(range(p.part + 1))  # wrong bits of the part that was reported last
        bits = self.bits + found
        m.d.sync += [found.eq(0), self.bits.eq(Mux(bits >> p.count_width, ~0, bits))]
        # Whether a row was wrong before, so that it counts once.
        m.submodules.known = known = Memory(shape=1, depth=p.rows, init=[])
        was_wrong, note = known.read_port(), known.write_port()
        m.d.comb += [
            was_wrong.addr.eq(self.row),
            was_wrong.en.eq(self.read_en),
            note.addr.eq(Mux(element == 0, self.row, at_row)),
            note.data.eq(element != 0),
            self.ones.eq(element[0]),
        ]
        with m.FSM() as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("idle"))
            with m.State("idle"), m.If(self.start):
                m.d.sync += [self.row.eq(0), element.eq(0)]
                m.d.sync += [self.words.eq(0), self.bits.eq(0), self.first.eq(0)]
                m.next = "clear"
            with m.State("clear"):
                m.d.comb += [self.write_en.eq(1), note.en.eq(1)]
                self._advance(m, element, ended)
                with m.If(self.row == p.rows - 1):
                    m.next = "read"
            with m.State("read"):
                with m.If(wrong.any()):
                    m.d.comb += note.en.eq(1)
                    self._count_row(m, was_wrong.data, at_row)
                    m.next = "report"
                with m.Elif(ended):
                    m.next = "idle"
                with m.Else():
                    m.d.comb += self.read_en.eq(1)
                    m.next = "write"
            with m.State("write"):
                m.d.comb += self.write_en.eq(element != LAST)
                m.d.sync += [
                    wrong.eq(self.data ^ (~element[0]).replicate(p.row_width)),
                    at_row.eq(self.row),
                    at_element.eq(element),
                ]
                self._advance(m, element, ended)
                m.next = "read"
            with m.State("report"):
                self._report(m, wrong, at_row, at_element, found)
        return m

    def _advance(self, m: Module, element: Signal, ended: Signal) -> None:
        """Go to the next row, or to the first one of the next element."""
        top, down = self.params.rows - 1, (element == 3) | (element == 4)
        with m.If(self.row == Mux(down, 0, top)):
            m.d.sync += [
                self.row.eq(Mux((element == 2) | (element == 3), top, 0)),
                element.eq(element + 1),
                ended.eq(element == LAST),
            ]
        with m.Else():
            m.d.sync += self.row.eq(Mux(down, self.row - 1, self.row + 1))

    def _count_row(self, m: Module, was_wrong: Value, at_row: Signal) -> None:
        """Count a row that is wrong for the first time."""
        with m.If(~was_wrong & ~self.words.all()):
            m.d.sync += self.words.eq(self.words + 1)
        with m.If(self.words == 0):
            m.d.sync += self.first.eq(at_row)

    def _report(
        self, m: Module, wrong: Signal, at_row: Signal, at_element: Signal, found: Signal
    ) -> None:
        """Offer the parts of a read that was wrong, the lowest first, and count their bits."""
        p, o = self.params, self.o
        part = Signal(range(p.parts))
        low = wrong[: p.part]
        m.d.comb += [
            o.valid.eq(low.any()),
            o.p.bits.eq(low),
            o.p.part.eq(part),
            o.p.element.eq(at_element),
            o.p.row.eq(at_row),
        ]
        with m.If(o.ready | ~o.valid):
            m.d.sync += [wrong.eq(wrong >> p.part), part.eq(part + 1)]
            with m.If(at_element <= 2):
                m.d.sync += found.eq(sum(low))
            with m.If(part == p.parts - 1):
                m.d.sync += part.eq(0)
                m.next = "read"
