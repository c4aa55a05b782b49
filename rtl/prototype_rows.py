# SPDX-License-Identifier: MIT
"""Rows of prototypes with check bits, and a march over them (contract, 5 and 19)."""

from collections.abc import Iterable

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.memory import ReadPort, WritePort
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from golden.params import MarchParams, PrototypesParams, SecdedParams, WatchParams
from rtl.march import March, failure_layout
from rtl.memories import Memory
from rtl.scrubber import INTERVAL_WIDTH, Scrubber
from rtl.secded import checks_of, flips_of

__all__ = [
    "SCRUB_COUNTS", "UNWATCHED", "PrototypeRows", "connect_watch", "march_params", "watch_members",
]  # fmt: skip

#: What a scrubber tells of its rows: they were read, were written, or cannot be put right.
SCRUB_COUNTS = ("scrub_reads", "scrub_writes", "scrub_failures")

#: No check bits and no self-test.
UNWATCHED = WatchParams()


def march_params(params: PrototypesParams, watch: WatchParams) -> MarchParams:
    """Return the parameters of the march over rows: the check bits lie above the codes."""
    row_width = params.row_width + watch.check_bits(params.lanes)
    return MarchParams(rows=params.rows, row_width=row_width, count_width=32)


def watch_members(params: PrototypesParams, watch: WatchParams) -> dict[str, wiring.Member]:
    """Return the ports by which rows are watched, as of `PrototypeRows`."""
    words = range(watch.secded + 1)
    checked = {"corrected": Out(words), "uncorrected": Out(words)} if watch.secded else {}
    if watch.scrub:
        checked |= {"scrub_interval": In(INTERVAL_WIDTH)} | {name: Out(1) for name in SCRUB_COUNTS}
    if not watch.self_test:
        return checked
    return {
        **checked,
        "test": In(1),
        "testing": Out(1),
        "failures": Out(stream.Signature(failure_layout(march_params(params, watch)))),
        "failing_words": Out(32),
        "failing_bits": Out(32),
        "failing_first": Out(bits_for(params.rows - 1)),
    }


def connect_watch(
    m: Module, inner: wiring.PureInterface, outer: wiring.PureInterface, members: Iterable[str]
) -> None:
    """Lead ports of `watch_members` through a block that is around the rows.

    Parameters
    ----------
    m : Module
        What is inside the outer block.
    inner, outer : PureInterface
        The block with the ports, and the one that gets the same.
    members : iterable of str
        Their names.
    """
    for name in members:
        member = outer.signature.members[name]
        if not member.is_port:
            wiring.connect(m, getattr(inner, name), wiring.flipped(getattr(outer, name)))
        elif member.flow is In:
            m.d.comb += getattr(inner, name).eq(getattr(outer, name))
        else:
            m.d.comb += getattr(outer, name).eq(getattr(inner, name))


class PrototypeRows(wiring.Component):
    """Memory of rows of codes whose uppermost planes are protected words, and which tests itself.

    Of each protected plane, the L bits of a row are a word with check bits of its own, in a memory
    beside that of the codes. A word with one wrong bit is put right on its way out, with no cycle
    more; in the memory it stays as it is, unless a scrubber (`rtl.scrubber`) finds it. A write
    takes a cycle, a read gives its codes in the next one and holds them until the next read. Rows
    that are written and read at once are not the same.

    A `test` starts a march over all cells, check bits included (`rtl.march`). It is for times in
    which nobody reads or writes until `testing` ends. All codes are lost.

    Reset ends a test. What is stored stays, and is undefined until it is written.

    Parameters
    ----------
    params : PrototypesParams
    watch : WatchParams

    Members
    -------
    write, read : Out
        Ports of a memory of rows of L codes of q bits, lane 0 lowest.
    corrected, uncorrected : Out
        With check bits. Words of the row that came in this cycle of which one bit was wrong; of
        which more were, and which came as they were stored.
    test : In(1)
        With a self-test: start it.
    testing : Out(1)
        It starts, or is under way.
    failures : Out(stream.Signature(failure_layout(march_params(params, watch))))
        Its failures.
    failing_words, failing_bits : Out(32)
        Rows and bits that fail, as `rtl.march` counts them.
    failing_first : Out
        The first row that failed.
    used : In
        With a scrubber: rows below this number have been written.
    scrub_interval : In(32)
        With a scrubber: cycles from one of its rows to the next; 0 to stop it.
    scrub_reads, scrub_writes, scrub_failures : Out(1)
        With a scrubber: in this cycle it reads a row; writes one back; finds one that cannot be put
        right.
    """

    #: Cycles from a read to its codes.
    latency = 1
    #: Cycles from one read, or one write, to the next.
    interval = 1

    def __init__(self, params: PrototypesParams, watch: WatchParams) -> None:
        watch.check_width(params.lanes, params.code_width)
        self.params, self.watch = params, watch
        row = {"addr_width": ceil_log2(params.rows), "shape": unsigned(params.row_width)}
        super().__init__({
            "write": Out(WritePort.Signature(**row)),
            "read": Out(ReadPort.Signature(**row)),
            **({"used": In(bits_for(params.rows))} if watch.scrub else {}),
            **watch_members(params, watch),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, checks = self.params, self.watch.check_bits(self.params.lanes)
        # The writer and the reader need no logic for one row at once.
        block = {"ram_style": "block", "no_rw_check": 1}
        m.submodules.memory = memory = Memory(
            shape=unsigned(p.row_width), depth=p.rows, init=[], attrs=block
        )
        memories = [memory]
        given: Value = self.write.data
        scrubber = Scrubber(p.rows, p.row_width) if self.watch.scrub else None
        if scrubber is not None:
            m.submodules.scrubber = scrubber
            given = Mux(scrubber.write, scrubber.back, given)
        if checks:
            m.submodules.checks = beside = Memory(
                shape=unsigned(checks), depth=p.rows, init=[], attrs=block
            )
            memories.append(beside)
            given = Value.cast(Cat(given, self._checks(given)))
        reads = [memory.read_port() for memory in memories]
        writes = [memory.write_port() for memory in memories]
        stored = Cat(read.data for read in reads)
        for read in reads:
            m.d.comb += [read.en.eq(self.read.en), read.addr.eq(self.read.addr)]
        for write in writes:
            m.d.comb += [write.en.eq(self.write.en), write.addr.eq(self.write.addr)]
        m.d.comb += Cat(write.data for write in writes).eq(given)
        if scrubber is not None:
            self._scrub(m, scrubber, reads, writes, stored)
        else:
            m.d.comb += self.read.data.eq(self._put_right(m, stored)[0] if checks else stored)
        if self.watch.self_test:
            self._march(m, reads, writes, stored)
        return m

    def _scrub(
        self,
        m: Module,
        scrubber: Scrubber,
        reads: list[ReadPort],
        writes: list[WritePort],
        stored: Value,
    ) -> None:
        """Give the ports to the scrubber in cycles in which nobody has them.

        Readers hold what they read at the output of the memory. The scrubber's reads change it, so
        a register holds it for them.
        """
        held = Signal(self.params.row_width)
        right, wrong, lost, fresh = self._put_right(m, stored)
        testing = self.testing if self.watch.self_test else Const(0)
        with m.If(fresh):
            m.d.sync += held.eq(right)
        m.d.comb += [
            self.read.data.eq(Mux(fresh, right, held)),
            scrubber.period.eq(self.scrub_interval),
            scrubber.limit.eq(self.used),
            scrubber.free.eq(~self.read.en & ~self.write.en & ~testing),
            scrubber.meets.eq(self.write.en & (self.write.addr == scrubber.row)),
            scrubber.stop.eq(testing),
            scrubber.right.eq(right),
            scrubber.wrong.eq(wrong),
            scrubber.lost.eq(lost),
            self.scrub_reads.eq(scrubber.read),
            self.scrub_writes.eq(scrubber.write),
            self.scrub_failures.eq(scrubber.failed),
        ]
        with m.If(scrubber.read):
            for read in reads:
                m.d.comb += [read.en.eq(1), read.addr.eq(scrubber.row)]
        with m.If(scrubber.write):
            for write in writes:
                m.d.comb += [write.en.eq(1), write.addr.eq(scrubber.row)]

    def _march(
        self, m: Module, reads: list[ReadPort], writes: list[WritePort], stored: Value
    ) -> None:
        """Give the ports to the march while it is under way."""
        m.submodules.march = march = March(march_params(self.params, self.watch))
        wiring.connect(m, march.o, wiring.flipped(self.failures))
        m.d.comb += [
            march.start.eq(self.test),
            self.testing.eq(self.test | march.busy),
            march.data.eq(stored),
            self.failing_words.eq(march.words),
            self.failing_bits.eq(march.bits),
            self.failing_first.eq(march.first),
        ]
        with m.If(march.busy):
            for read in reads:
                m.d.comb += [read.en.eq(march.read_en), read.addr.eq(march.row)]
            for write in writes:
                ones = march.ones.replicate(len(write.data))
                m.d.comb += [
                    write.en.eq(march.write_en),
                    write.addr.eq(march.row),
                    write.data.eq(ones),
                ]

    def _put_right(self, m: Module, stored: Value) -> tuple[Value, Value, Value, Signal]:
        """Count the words of a row that had wrong bits, as they were read.

        Return its codes, whether a word was wrong, whether one was that cannot be put right, and
        whether somebody else than a scrubber read the row.
        """
        p, u = self.params, self.watch.secded
        code, fresh = SecdedParams(width=p.lanes), Signal()
        row, checks = stored[: p.row_width], stored[p.row_width :]
        planes = [[row[lane * p.code_width + bit] for lane in range(p.lanes)]
                  for bit in range(p.code_width)]  # fmt: skip
        single, wrong = Signal(u), Signal(u)
        for plane in range(u):
            bit, own = p.code_width - 1 - plane, checks.word_select(plane, code.checks)
            word = Signal(p.lanes, name=f"word_{plane}")
            syndrome = Signal(code.checks, name=f"syndrome_{plane}")
            flips, one = flips_of(code, syndrome)
            m.d.comb += [
                word.eq(Cat(planes[bit])),
                syndrome.eq(checks_of(code, word) ^ own),
                single[plane].eq(one),
                wrong[plane].eq(syndrome.any()),
            ]
            planes[bit] = list(word ^ flips)
        m.d.sync += fresh.eq(self.read.en)
        m.d.comb += [
            self.corrected.eq(Mux(fresh, sum(single), 0)),
            self.uncorrected.eq(Mux(fresh, sum(wrong & ~single), 0)),
        ]
        right = Cat(planes[bit][lane] for lane in range(p.lanes) for bit in range(p.code_width))
        return Value.cast(right), wrong.any(), (wrong & ~single).any(), fresh

    def _checks(self, row: Value) -> Value:
        """Return the check bits of a row, those of its uppermost plane lowest."""
        p = self.params
        code = SecdedParams(width=p.lanes)
        bits = (p.code_width - 1 - plane for plane in range(self.watch.secded))
        return Value.cast(
            Cat(
                checks_of(code, Cat(row[lane * p.code_width + bit] for lane in range(p.lanes)))
                for bit in bits
            )
        )
