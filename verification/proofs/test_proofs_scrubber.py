# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A scrubber loses no write, changes no sound row, and puts one wrong bit a word right."""

from functools import reduce
from operator import or_

import pytest
from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Signal, Value

from golden.params import PrototypesParams, SecdedParams, WatchParams
from rtl.prototype_rows import PrototypeRows
from rtl.secded import checks_of
from verification.proofs.prover import (
    ProofError,
    free_inputs,
    in_state,
    inner_signal,
    kept,
    opened,
    prove,
)

P = PrototypesParams(features=2, code_width=2, lanes=2, components=2, classes=2)
WATCH = WatchParams(secded=1, scrub=True)
CODE = SecdedParams(width=P.lanes)


class Scrubbed:
    """Rows beside somebody who writes, reads and upsets them, and one row that is looked at.

    In that row, whichever it is, cells are inverted one at a time: a cell of its protected word,
    and only while that word is sound. With `two`, also while it is not.
    """

    def __init__(self, *, upset: bool = True, two: bool = False) -> None:
        self.m, self.block = Module(), PrototypeRows(P, WATCH)
        m, block = self.m, self.block
        m.submodules.block = self.inner = inner = opened(block)
        self.scrubber = scrubber = inner.submodules.scrubber
        self.control = opened(scrubber)
        self.row, self.cells = Signal(1), Signal(P.lanes + CODE.checks)
        self.written, self.held, self.stored = Signal(), Signal(P.row_width), Signal(16)
        codes, checks = (
            memory.read_port(domain="comb")
            for memory in (inner.submodules.memory, inner.submodules.checks)
        )
        # Plane 0 of two bits a code: bits 1 and 3 of a row.
        word = Cat(self.held[1], self.held[3])
        self.sound = Cat(self.held, checks_of(CODE, word))
        stored = Value.cast(Cat(codes.data, checks.data))
        self.wrong = stored ^ self.sound
        self.own = block.write.en & (block.write.addr == self.row)
        back = scrubber.write & (scrubber.row == self.row)
        single = reduce(or_, (self.cells == 1 << i for i in range(len(self.cells))))
        hit = Cat(Const(0, 1), self.cells[0], Const(0, 1), self.cells[1], self.cells[2:])
        may = Const(1) if two else stored == self.sound
        allowed = single & may & ~self.own & ~back & self.written if upset else Const(0)
        for memory, now, change in (
            (inner.submodules.memory, codes, hit[: P.row_width]),
            (inner.submodules.checks, checks, hit[P.row_width :]),
        ):
            then = memory.write_port()
            m.d.comb += [
                now.addr.eq(self.row),
                then.addr.eq(self.row),
                then.data.eq(now.data ^ change),
                then.en.eq(self.cells.any()),
            ]
        both = block.write.en & block.read.en & (block.write.addr == block.read.addr)
        m.d.comb += [
            Assume(kept(m, Const(1), self.row)),
            Assume(~both),
            Assume(block.used == P.rows),
            Assume((self.cells == 0) | allowed),
        ]
        with m.If(self.own):
            m.d.sync += [self.written.eq(1), self.held.eq(block.write.data)]

    @property
    def free(self) -> list[Value]:
        return [self.row, self.cells, *free_inputs(self.block)]

    @property
    def one_wrong(self) -> Value:
        """Whether no cell of the row is wrong, or one of its protected word."""
        places = [1, 3, *range(P.row_width, P.row_width + CODE.checks)]
        return (self.wrong == 0) | reduce(or_, (self.wrong == 1 << place for place in places))

    def state(self) -> None:
        """Assert what the scrubber knows of the row between its read and its write."""
        at = self.written & (self.scrubber.row == self.row)
        judging, writing = (in_state(self.control, name) for name in ("judge", "write"))
        self.m.d.comb += [
            Assert(self.place <= P.rows),
            Assert(~(judging | writing) | (self.place < P.rows)),
            Assert(~(at & judging) | (self.scrubber.right == self.held)),
            Assert(~(at & judging) | ~self.scrubber.lost),
            Assert(~(at & writing) | (self.scrubber.back == self.held)),
        ]

    @property
    def place(self) -> Value:
        """The row that the scrubber is at, or one past the last."""
        return inner_signal(self.control, "at")


@pytest.mark.parametrize("upset", [False, True])
def test_a_row_holds_what_was_written_last_but_for_one_cell_a_word(upset: bool) -> None:
    """So an append wins whenever it comes, and what is written back is right."""
    rows = Scrubbed(upset=upset)
    rows.state()
    rows.m.d.comb += Assert(~rows.written | (rows.one_wrong if upset else rows.wrong == 0))
    prove(rows.m, rows.free, depth=3)


def test_without_an_upset_a_row_is_never_written_back() -> None:
    rows = Scrubbed(upset=False)
    rows.state()
    here = rows.scrubber.row == rows.row
    writing = in_state(rows.control, "write")
    judging = in_state(rows.control, "judge")
    rows.m.d.comb += [
        Assert(~rows.written | (rows.wrong == 0)),
        Assert(~(rows.written & here & judging) | ~rows.scrubber.wrong),
        Assert(~(rows.written & here & writing)),
        Assert(~(rows.written & here & rows.scrubber.write)),
    ]
    prove(rows.m, rows.free, depth=3)


def test_an_upset_row_is_written_back() -> None:
    rows = Scrubbed()
    here = rows.scrubber.row == rows.row
    rows.m.d.comb += Assert(~(rows.written & here & rows.scrubber.write))
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(rows.m, rows.free, depth=14, mode="bmc")


def test_two_wrong_cells_stay() -> None:
    rows = Scrubbed(two=True)
    rows.m.d.comb += Assert(~rows.written | rows.one_wrong)
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(rows.m, rows.free, depth=8, mode="bmc")


@pytest.mark.parametrize("free", [False, True])
def test_the_scrubber_acts_only_while_nobody_else_does(free: bool) -> None:
    rows = Scrubbed()
    block, acts = rows.block, rows.scrubber.read | rows.scrubber.write
    busy = block.read.en | block.write.en
    rows.m.d.comb += Assert(~(acts & busy) if free else ~(acts & ~busy))
    if free:
        prove(rows.m, rows.free)
    else:
        with pytest.raises(ProofError, match=r"^FAIL"):
            prove(rows.m, rows.free, depth=10, mode="bmc")


def passed(cycles: int) -> Scrubbed:
    """State that an upset cell is right so many cycles after others have left the memory alone."""
    rows, time = Scrubbed(), Signal(8)
    begun = 4
    rows.m.d.sync += time.eq(Mux(time == 255, time, time + 1))
    later = time >= begun
    rows.m.d.comb += [
        Assume(rows.block.scrub_interval == 1),
        Assume(~later | ((rows.cells == 0) & ~rows.block.write.en & ~rows.block.read.en)),
        Assert((time != begun + cycles) | ~rows.written | (rows.wrong == 0)),
    ]
    return rows


#: Cycles of a pass, and of a row that was read just before it was upset.
PASS = 2 * P.rows + 1 + 3


@pytest.mark.slow
def test_one_wrong_cell_is_gone_after_a_pass() -> None:
    rows = passed(PASS)
    prove(rows.m, rows.free, depth=PASS + 6, mode="bmc")


def test_it_is_not_gone_before_a_pass_has_ended() -> None:
    rows = passed(PASS - 4)
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(rows.m, rows.free, depth=PASS + 6, mode="bmc")
