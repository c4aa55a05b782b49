# SPDX-License-Identifier: MIT
"""Memory whose words are protected, with a scrubber that puts errors right (contract, 19)."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import ReadPort, WritePort
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import SecdedParams
from golden.params.checks import check_integer
from rtl.memories import Memory
from rtl.secded import checks_of, flips_of

__all__ = ["ProtectedMemory"]


class ProtectedMemory(wiring.Component):
    """Words with check bits: one wrong bit is corrected when a word is read, two are seen.

    A write takes a cycle; reads give their word `latency` cycles later, one a cycle. A read in the
    cycle of a write of the same row gives the row as it was before. While nothing is read, a
    *scrubber* reads row after row. If it finds one wrong bit, it writes the row back in a cycle in
    which nothing is written, so that a second error does not meet the first. It leaves a row that
    was written meanwhile. A pass over all rows takes `pass_cycles` cycles without reads and writes.

    Reset stops the scrubber's present row, and drops reads under way; the contents stay. They are
    undefined until they are written.

    Parameters
    ----------
    params : SecdedParams
        n, bits of a word.
    depth : int
        Rows, 1 or more.

    Members
    -------
    write_en, write_row, write_word : In
        Write a word.
    invert : In(n + r)
        Bits that are written inverted, the check bits highest, to test what follows. 0 otherwise.
    read_en, read_row : In
        Read a word.
    valid : Out(1)
        `word` is what was read `latency` cycles ago.
    word : Out(n)
        The word, put right where one bit was wrong.
    corrected, seen : Out(1)
        With `valid`: one bit was wrong; or more than one was, and `word` is as it was read.
    at : Out
        Row that the scrubber is at.
    scrubbed : Out(1)
        That row is written back in this cycle.
    found : Out(1)
        In this cycle the scrubber finds more than one bit of that row wrong.

    Raises
    ------
    TypeError, ValueError
        If the depth is no integer of at least 1.
    """

    #: Cycles from `read_en` to `word`.
    latency = 3
    #: Cycles from one read, or one write, to the next.
    interval = 1

    def __init__(self, params: SecdedParams, depth: int) -> None:
        check_integer("Depth", depth, 1)
        self.params, self.depth = params, depth
        #: Cycles in which the scrubber reads every row once, undisturbed.
        self.pass_cycles = 5 * depth
        n, row = params.width, bits_for(depth - 1)
        super().__init__({
            "write_en": In(1),
            "write_row": In(row),
            "write_word": In(n),
            "invert": In(n + params.checks),
            "read_en": In(1),
            "read_row": In(row),
            "valid": Out(1),
            "word": Out(n),
            "corrected": Out(1),
            "seen": Out(1),
            "at": Out(row),
            "scrubbed": Out(1),
            "found": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, n = self.params, self.params.width
        m.submodules.memory = memory = Memory(
            shape=unsigned(n + p.checks), depth=self.depth, init=[]
        )
        read, write = memory.read_port(), memory.write_port()
        # Three stages: what the memory gives, its syndrome, and the word put right.
        raw, word, syndrome = Signal(n + p.checks), Signal(n), Signal(p.checks)
        asked, next_asked = Signal(), Signal()
        flips, single = flips_of(p, syndrome)
        m.d.comb += [
            self.word.eq(word ^ flips),
            self.corrected.eq(self.valid & single),
            self.seen.eq(self.valid & ~single & syndrome.any()),
        ]
        m.d.sync += [
            Cat(asked, next_asked, self.valid).eq(Cat(self.read_en, asked, next_asked)),
            raw.eq(read.data),
            word.eq(raw[:n]),
            syndrome.eq(checks_of(p, raw[:n]) ^ raw[n:]),
        ]
        self._scrub(m, read, write, single, syndrome.any())
        return m

    def _scrub(
        self, m: Module, read: ReadPort, write: WritePort, single: Signal, wrong: Signal
    ) -> None:
        """Share the ports: what is asked goes first, and the scrubber takes what is left."""
        p, row = self.params, self.at
        changed, meets, done = Signal(), Signal(), Signal()
        back, bad, more = Signal(p.width), Signal(), Signal()  # the row put right, and its errors
        m.d.comb += [
            read.en.eq(self.read_en),
            read.addr.eq(Mux(self.read_en, self.read_row, row)),
            write.en.eq(self.write_en | self.scrubbed),
            write.addr.eq(Mux(self.write_en, self.write_row, row)),
            write.data.eq(
                Mux(
                    self.write_en,
                    Cat(self.write_word, checks_of(p, self.write_word)) ^ self.invert,
                    Cat(back, checks_of(p, back)),
                )
            ),
            meets.eq(self.write_en & (self.write_row == row)),
        ]
        m.d.sync += changed.eq(changed | meets)
        with m.If(done):
            m.d.sync += row.eq(Mux(row == self.depth - 1, 0, row + 1))
        with m.FSM():
            with m.State("read"), m.If(~self.read_en):
                m.d.comb += read.en.eq(1)
                m.d.sync += changed.eq(meets)
                m.next = "wait"
            with m.State("wait"):
                m.next = "find"
            with m.State("find"):
                m.next = "judge"
            with m.State("judge"):
                m.d.sync += [back.eq(self.word), bad.eq(single), more.eq(wrong & ~single)]
                m.next = "write"
            with m.State("write"):
                m.next = "read"
                m.d.comb += [
                    self.found.eq(more & ~changed),
                    self.scrubbed.eq(bad & ~changed & ~self.write_en),
                    # A write takes the port: the row is read again.
                    done.eq(~(bad & ~changed & self.write_en)),
                ]
