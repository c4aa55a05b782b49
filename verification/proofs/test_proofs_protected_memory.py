# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Protected words: one error is corrected, two are seen; a scrubber loses nothing."""

from functools import reduce
from operator import or_

import pytest
from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Signal, Value

from golden.params import SecdedParams
from rtl.protected_memory import ProtectedMemory
from rtl.secded import checks_of, flips_of
from verification.proofs.prover import ProofError, free_inputs, kept, opened, prove


def read_with_errors(width: int, errors: int) -> tuple[Module, list[Value]]:
    """State what the code makes of any word through any errors, up to so many.

    Three errors are said to be as two.
    """
    m, p = Module(), SecdedParams(width=width)
    bits = width + p.checks
    word, wrong, read = Signal(width), Signal(bits), Signal(bits)
    # A place past the last bit is no error, and equal places are one.
    places = [Signal(range(bits + 1), name=f"place_{i}") for i in range(errors)]
    there = [place < bits for place in places]
    syndrome, right, one = Signal(p.checks), Signal(width), Signal()
    flips, single = flips_of(p, syndrome)
    m.d.comb += [
        wrong.eq(reduce(or_, (Const(1) << place for place in places))),
        read.eq(Cat(word, checks_of(p, word)) ^ wrong),
        syndrome.eq(checks_of(p, read[:width]) ^ read[width:]),
        right.eq(read[:width] ^ flips),
        # As far as the first two say.
        one.eq((there[0] ^ there[1]) | (there[0] & (places[0] == places[1]))),
        Assert(single == one),
        Assert(syndrome.any() == (one | (there[0] & there[1]))),
        Assert(right == Mux(one, word, read[:width])),
    ]
    return m, [word, *places]


# Solvers are slow with longer sums modulo 2; the bench tries all errors of 64 bits.
@pytest.mark.parametrize("width", [5, 16])
def test_one_error_is_corrected_and_two_are_seen(width: int) -> None:
    prove(*read_with_errors(width, 2), depth=1)


def test_three_errors_can_pass_for_one() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(*read_with_errors(5, 3), depth=1)


def held_word(*, wrong: bool, exact: bool) -> tuple[Module, list[Value]]:
    """State of any row that its word, put right, is what was written last.

    With `wrong`, one bit of any row may be written inverted. With `exact`, the row is said to hold
    the very word.
    """
    m, block = Module(), ProtectedMemory(SecdedParams(width=4), 3)
    m.submodules.block = inner = opened(block)
    row, written, held = Signal(2), Signal(), Signal(4)
    stored = inner.submodules.memory.read_port(domain="comb")
    word, checks = stored.data[:4], stored.data[4:]
    flips, _ = flips_of(block.params, checks_of(block.params, word) ^ checks)
    holds = word ^ flips == held
    single = reduce(or_, (block.invert == 1 << i for i in range(len(block.invert))))
    m.d.comb += [
        stored.addr.eq(row),
        Assume(kept(m, Const(1), row)),
        Assume(row < 3),
        Assume(~block.write_en | (block.write_row < 3)),
        Assume((block.invert == 0) | single if wrong else block.invert == 0),
        Assert(~written | holds),
        Assert(block.at < 3),
    ]
    if exact:
        m.d.comb += Assert(~written | (word == held))
    with m.If(block.write_en & (block.write_row == row)):
        m.d.sync += [written.eq(1), held.eq(block.write_word)]
    return m, [row, *free_inputs(block)]


@pytest.mark.parametrize("wrong", [False, True])
def test_a_row_holds_what_was_written_last_whatever_the_scrubber_does(wrong: bool) -> None:
    prove(*held_word(wrong=wrong, exact=not wrong), depth=6)


def test_a_row_that_was_written_with_a_wrong_bit_does_not_hold_the_very_word() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove(*held_word(wrong=True, exact=True), depth=6)
