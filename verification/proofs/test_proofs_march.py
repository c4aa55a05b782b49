# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""A march never reports a memory that holds what is written, and always a cell that is stuck."""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib.memory import Memory

from golden.params import MarchParams
from rtl.march import March
from verification.proofs.prover import (
    ProofError,
    free_inputs,
    in_state,
    inner_signal,
    kept,
    opened,
    prove,
)

P = MarchParams(rows=3, row_width=3, part=2)
#: Small enough for a whole march to be unrolled, with every read wrong.
SHORT = MarchParams(rows=2, row_width=1, part=1)
LONGEST = 11 * SHORT.rows + 3 + 5 * SHORT.rows * (SHORT.parts + 1)


def memory_behind(m: Module, march: March) -> tuple[Memory, Value]:
    """Put a memory behind a march; return it, and what is read."""
    p = march.params
    m.submodules.memory = memory = Memory(shape=unsigned(p.row_width), depth=p.rows, init=[])
    read, write = memory.read_port(), memory.write_port()
    m.d.comb += [
        read.addr.eq(march.row),
        read.en.eq(march.read_en),
        write.addr.eq(march.row),
        write.en.eq(march.write_en),
        write.data.eq(march.ones.replicate(p.row_width)),
    ]
    return memory, read.data


def sound(*, lost: bool = False) -> tuple[Module, list[Value]]:
    """State of any row that no read of it is wrong, whenever the march starts and waits.

    With `lost`, the memory holds its lowest bit of that row at 1.
    """
    m, march = Module(), March(P)
    m.submodules.march = inner = opened(march)
    memory, read = memory_behind(m, march)
    stored, row, written = memory.read_port(domain="comb"), Signal(2), Signal(P.row_width)
    element, ended, wrong, at_row = (
        inner_signal(inner, name) for name in ("element", "ended", "wrong", "at_row")
    )
    down = (element == 3) | (element == 4)
    passed = Mux(down, march.row < row, march.row > row)
    under_way = march.busy & ~in_state(inner, "clear")
    m.d.comb += [
        march.data.eq(Cat(read[0] | lost & (march.row == row), read[1:])),
        stored.addr.eq(row),
        Assume(kept(m, Const(1), row)),
        Assume(row < P.rows),
        # What the row holds: what this element has written, or the one before.
        written.eq((element[0] ^ ~passed).replicate(P.row_width)),
        Assert(march.row < P.rows),
        Assert(element <= 6),
        # While rows are cleared, it is still that of the march before.
        Assert(in_state(inner, "clear") | (ended == (element == 6))),
        Assert(~in_state(inner, "clear") | (element == 0) | ~march.busy),
        Assert(~under_way | (element != 0)),
        Assert(~in_state(inner, "write") | ~ended),
        Assert(~(in_state(inner, "clear") & passed) | (stored.data == 0)),
        Assert(~under_way | (element >= 5) | (stored.data == written)),
        Assert(~under_way | (element < 5) | (stored.data == 0)),
        Assert(
            ~(in_state(inner, "write") & (march.row == row))
            | (read == (~element[0]).replicate(P.row_width))
        ),
        # A read that was wrong is known for as long as it is reported.
        Assert(~wrong.any() | (at_row != row)),
        Assert(~march.o.valid | (march.o.p.row != row)),
    ]
    return m, [row, *free_inputs(march)]


def test_a_memory_that_holds_what_is_written_is_never_reported() -> None:
    prove(*sound())


def test_a_memory_that_loses_a_bit_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(*sound(lost=True), depth=9)


def stuck(*, sure: bool) -> tuple[Module, list[Value]]:
    """State of any cells that are stuck that a march reports each, and counts each once.

    Without `sure`, it is said that only cells that are stuck at 0 are reported.
    """
    m, march = Module(), March(SHORT)
    m.submodules.march = march
    _, read = memory_behind(m, march)
    failing, ones, reported = Signal(2), Signal(2), Signal(2)
    at, first = Signal(), Signal(init=1)
    done = ~first & ~march.busy
    with m.If(march.read_en):
        m.d.sync += at.eq(march.row)
    with m.If(march.o.valid):
        m.d.sync += reported.eq(reported | 1 << march.o.p.row)
    m.d.sync += first.eq(0)
    m.d.comb += [
        march.start.eq(first),
        march.o.ready.eq(1),
        march.data.eq(Mux(failing.bit_select(at, 1), ones.bit_select(at, 1), read)),
        *(Assume(kept(m, Const(1), value)) for value in (failing, ones)),
        Assert(~done | (reported == (failing if sure else failing & ~ones))),
        Assert(~done | (march.bits == sum(failing))),
        Assert(~done | (march.words == sum(failing))),
        # The first read of zeros finds the cells that are stuck at 1 before all others.
        Assert(~(done & failing.any()) | failing.bit_select(march.first, 1)),
        Assert(~(done & failing[0] & ones[0]) | (march.first == 0)),
    ]
    return m, [failing, ones]


@pytest.mark.slow
def test_a_cell_that_is_stuck_is_always_reported() -> None:
    prove(*stuck(sure=True), depth=LONGEST, mode="bmc")


@pytest.mark.slow
def test_cells_that_are_stuck_at_1_are_reported_too() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(*stuck(sure=False), depth=LONGEST, mode="bmc")
