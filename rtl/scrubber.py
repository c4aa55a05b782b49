# SPDX-License-Identifier: MIT
"""Scrubber: it puts rows of prototypes right while nobody needs their memory (contract, 19)."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from golden.params.checks import check_integer

__all__ = ["INTERVAL_WIDTH", "Scrubber"]

INTERVAL_WIDTH = 32  # bits of the cycles from one row to the next


class Scrubber(wiring.Component):
    """Walk over rows: read one, and write it back if every wrong word of it can be put right.

    It reads and writes only in cycles in which the memory is `free`. The row it has read comes in
    the next cycle. A row with a word that cannot be put right is never written, as its new check
    bits would hide that. If somebody else writes the row after it was read, what the scrubber has
    read is dropped.

    Once it is started, a read comes every `period` cycles, the first after as many; later if the
    memory is not free. A row takes at least 2 cycles, one that is written back 3. After the last
    row a cycle goes by.

    Parameters
    ----------
    rows, row_width : int
        Rows of the memory, and bits of a row without its check bits.

    Members
    -------
    period : In(32)
        Cycles from one read to the next; 0 to read none.
    limit : In
        Rows below this number are read.
    free : In(1)
        Nobody else reads or writes in this cycle.
    meets : In(1)
        Somebody else writes row `row` in this cycle.
    stop : In(1)
        Drop what was read; `free` must be 0.
    wrong, lost : In(1)
        Of the row that comes in this cycle: a word was wrong; one was and cannot be put right.
    right : In(row_width)
        That row, put right.
    row : Out
        Row that is read or written.
    read, write : Out(1)
        It is read, or `back` is written to it, in this cycle.
    back : Out(row_width)
        The row put right.
    failed : Out(1)
        The row that comes in this cycle has a word that cannot be put right.

    Raises
    ------
    TypeError, ValueError
        If a size is no integer of at least 1.
    """

    #: Cycles from a read to the write that follows it.
    latency = 2
    #: Fewest cycles from one read to the next.
    interval = 2

    def __init__(self, rows: int, row_width: int) -> None:
        check_integer("Rows of a scrubber", rows, 1)
        check_integer("Width of a row of a scrubber", row_width, 1)
        super().__init__({
            "period": In(INTERVAL_WIDTH),
            "limit": In(bits_for(rows)),
            "free": In(1),
            "meets": In(1),
            "stop": In(1),
            "wrong": In(1),
            "lost": In(1),
            "right": In(row_width),
            "row": Out(ceil_log2(rows)),
            "read": Out(1),
            "write": Out(1),
            "back": Out(row_width),
            "failed": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        at = Signal.like(self.limit)
        since = Signal(INTERVAL_WIDTH)
        m.d.comb += self.row.eq(at)
        # It stops at the period, so a period that is made shorter is kept from then on.
        with m.If(self.period == 0):
            m.d.sync += since.eq(0)
        with m.Elif(since < self.period):
            m.d.sync += since.eq(since + 1)
        with m.FSM():
            with m.State("wait"):
                with m.If(at >= self.limit):
                    m.d.sync += at.eq(0)
                with m.Elif(self.free & (self.period != 0) & (since >= self.period)):
                    m.d.comb += self.read.eq(1)
                    m.d.sync += since.eq(1)
                    m.next = "judge"
            with m.State("judge"):
                m.d.sync += self.back.eq(self.right)
                with m.If(self.wrong & ~self.lost & ~self.meets & ~self.stop):
                    m.next = "write"
                with m.Else():
                    m.d.comb += self.failed.eq(self.lost & ~self.meets & ~self.stop)
                    m.d.sync += at.eq(at + 1)
                    m.next = "wait"
            with m.State("write"):
                m.d.comb += self.write.eq(self.free)
                with m.If(self.free | self.meets | self.stop):
                    m.d.sync += at.eq(at + 1)
                    m.next = "wait"
        return m
