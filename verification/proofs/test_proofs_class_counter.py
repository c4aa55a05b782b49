# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Counts never wrap, quotients round to the nearest code, and a class has all its rows."""

from itertools import pairwise

import pytest
from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Signal, Value
from amaranth.utils import bits_for

from golden.params import ClassCounterParams, PrototypesParams
from golden.params.classes import MAX_COUNT
from rtl.class_counter import ClassCounter
from verification.proofs.prover import (
    ProofError,
    before,
    free_inputs,
    in_state,
    inner_signal,
    keep_stream_rules,
    kept,
    opened,
    prove,
)


def params(features: int, q: int = 1, lanes: int = 1, slots: int = 1) -> ClassCounterParams:
    memory = PrototypesParams(features=features, code_width=q, lanes=lanes)
    return ClassCounterParams(prototypes=memory, slots=slots)


def prove_counts(drawn: ClassCounterParams, most: int = MAX_COUNT, depth: int = 2) -> None:
    """Prove of one row of one slot, whichever it is, that no count exceeds its number, nor `most`.

    What is known of a row on the way depends on where it is: not yet taken with the exemplar under
    way, taken and about to be written, or written.
    """
    m, block = Module(), ClassCounter(drawn)
    m.submodules.block = inner = opened(block)
    keep_stream_rules(m, block)
    beats, lanes = drawn.prototypes.beats, drawn.prototypes.lanes
    counters, seen = inner.submodules.counters, inner.submodules.seen
    (write,), (read,), (seen_read,) = counters.write_ports, counters.read_ports, seen.read_ports
    watch, number = counters.read_port(domain="comb"), seen.read_port(domain="comb")
    slot, beat = Signal.like(inner_signal(inner, "slot")), Signal(range(beats + 1))
    m.d.comb += [
        Assume(kept(m, Const(1), slot)),
        Assume(kept(m, Const(1), beat)),
        Assume((slot < drawn.slots) & (beat < beats)),
        number.addr.eq(slot),
        watch.addr.eq(slot * beats + beat),
    ]
    row, at, n, keep, own = (inner_signal(inner, x) for x in ("row", "beat", "n", "keep", "slot"))
    is_open, is_begun = (
        inner_signal(inner, name).bit_select(slot, 1) for name in ("opened", "begun")
    )
    learn, count = in_state(inner, "learn"), number.data
    here = learn & keep & (own == slot)
    pending = write.en & (write.addr == watch.addr)
    passed = here & (at > beat)
    limit = count + (passed & ~pending)
    facts = [
        ~is_open | is_begun,
        ~in_state(inner, "decide") | (own != slot) | (seen_read.data == count),
        ~learn | (inner_signal(inner, "learning") & (at < beats)),
        ~in_state(inner, "decide") | (at == 0),
        ~(learn & keep) | (own < drawn.slots),
        ~(learn & keep) | (row == own * beats + at),
        ~here | (is_open & (n == count) & (count < most)),
        # A beat is written in the next cycle, in which another beat may be taken.
        ~write.en | Mux(learn, keep & (at != 0) & (write.addr + 1 == row), in_state(inner, "idle")),
        ~write.en | (own < drawn.slots),
        ~write.en | (write.addr >= own * beats) & (write.addr < (own + 1) * beats),
        ~write.en | learn | (write.addr + 1 == (own + 1) * beats),
        ~pending | (own == slot),
        ~pending | ((read.data == watch.data) & is_begun & (n < most)),
        ~pending | Mux(learn, n == count, n + 1 == count),
    ]
    for lane in range(lanes):
        old = watch.data.word_select(lane, len(count))
        new = write.data.word_select(lane, len(count))
        begins = pending & (n == 0)
        facts += [
            ~is_begun | (limit == 0) | begins | (old <= limit),
            # It does not wrap: what is written is what was there, or one more.
            ~pending | (new == Mux(n == 0, 0, old)) | (new == Mux(n == 0, 0, old) + 1),
            ~pending | (n == 0) | (old <= n),
        ]
    m.d.comb += [Assert(fact) for fact in facts]
    prove(m, [slot, beat, *free_inputs(block)], depth=depth)


@pytest.mark.parametrize(("features", "slots"), [(3, 2), (1, 1), (5, 3)])
def test_no_count_exceeds_the_number_of_exemplars(features, slots) -> None:
    prove_counts(params(features, lanes=2, slots=slots))


def test_a_smaller_end_is_refuted(monkeypatch) -> None:
    # With two bits for the counts the end comes within a few cycles.
    monkeypatch.setattr("rtl.class_counter.MAX_COUNT", 3)
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_counts(params(1), most=2, depth=12)


def nearest(c: Value, n: Value, q: int) -> Value:
    """Section 5: the code of the mean c / n, that is, how many middles of two levels lie below it.

    Each middle is a constant over 2^(q+1), so that nothing is multiplied but by constants.
    """
    levels = [m + (m >> (q - 1)) for m in range(2**q)]
    middles = (low + high for low, high in pairwise(levels))
    return Value.cast(sum((c << (q + 1)) > n * middle for middle in middles))


def rounded(k: Value, c: Value, n: Value, q: int) -> Value:
    """Section 14: the code of a rounded quotient."""
    half = 2 ** (q - 1)
    middle = Mux(c << 1 <= n, half - 1, half)
    return Mux(k < half, k, Mux(k > half, k - 1, middle))


def prove_codes(q: int, *, directly: bool = False, shift: int = 0, depth: int = 2) -> None:
    """Prove that a row has the code of its count, for all counts of 16 bits and all numbers.

    The whole part of a quotient is followed digit by digit, and so is its multiple of N, which is
    the product of both. `directly`, the code is compared with all levels of section 5. Else the
    rounded quotient k is bounded from both sides as section 14 says. `shift` plants a fault.
    """
    m, block = Module(), ClassCounter(params(1, q))
    m.submodules.block = inner = opened(block)
    keep_stream_rules(m, block)
    names = ("n", "left_0", "quotient_0", "digits_left")
    n, left, quotient, digits_left = (inner_signal(inner, name) for name in names)
    (read,) = inner.submodules.counters.read_ports
    load, divide, ends = (in_state(inner, state) for state in ("load", "divide", "round"))
    c, whole = Signal.like(n), Signal.like(quotient)
    multiple = Signal(len(n) + q + 1, name="multiple")
    digit = left >= n
    with m.If(load):
        m.d.sync += [c.eq(read.data), whole.eq(0), multiple.eq(0)]
    with m.If(divide):
        m.d.sync += [whole.eq(Cat(digit, whole)), multiple.eq((multiple << 1) + Mux(digit, n, 0))]
    undone, done = Signal(range(q + 2)), Signal(range(q + 2))  # digits
    m.d.comb += [undone.eq(Mux(divide, digits_left + 1, 0)), done.eq(q + 1 - undone)]
    dividing, fits = divide | ends, Mux(done == 0, left <= n, left < n << 1)
    m.d.comb += [
        # No count exceeds its number, as is proven above.
        Assume(~load | (read.data <= n)),
        Assert(~(in_state(inner, "append", "read", "load") | dividing) | (n != 0)),
        Assert(~divide | (digits_left <= q)),
        Assert(~dividing | ((c <= n) & fits)),
        Assert(~dividing | (left + (multiple << 1) == c << done)),
        Assert(~dividing | (whole >> done == 0)),
        Assert(~dividing | (((quotient ^ whole) << undone)[: q + 1] == 0)),
    ]
    if directly:
        product = sum(Mux(bit, n << place, 0) for place, bit in enumerate(whole))
        m.d.comb += Assert(~dividing | (multiple == product))
        code = nearest(c, n, q)
    else:
        up = left > n
        k, twice = whole + up, (multiple + Mux(up, n, 0)) << 1  # twice is 2 * N * k
        exact = c << (q + 1)
        bounded = (twice + n >= exact) & (exact + n > twice)
        # Beside the middle: of 2^(q-1) and the number below it, the product is a shift.
        half, shifted = 2 ** (q - 1) >> undone, n << Mux(done > 1, done - 2, 0)[: bits_for(q)]
        m.d.comb += [
            Assert(~ends | bounded),
            Assert(~dividing | (whole != half) | (multiple == Mux(half == 0, 0, shifted))),
            Assert(~dividing | (whole + 1 != half) | (multiple + n == shifted)),
        ]
        code = rounded(k, c, n, q)
    written = ends & (~block.rows.valid | block.rows.ready)
    expected = before(m, (code + shift)[:q])
    m.d.comb += Assert(~before(m, written) | (block.rows.payload == expected))
    prove(m, free_inputs(block), depth=depth)


@pytest.mark.parametrize("q", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_codes_are_those_of_the_nearest_levels(q) -> None:
    prove_codes(q, directly=True)


@pytest.mark.parametrize("q", [16, *(pytest.param(q, marks=pytest.mark.slow) for q in (4, 8))])
def test_codes_are_those_of_the_rounded_quotients(q) -> None:
    prove_codes(q)


@pytest.mark.parametrize("directly", [True, False])
def test_another_code_is_refuted(directly) -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_codes(2, directly=directly, shift=1, depth=20)


def prove_rows(surplus: int = 0, depth: int = 2) -> None:
    """Prove that B rows follow every header, and that a header waits for those before it."""
    drawn = params(5, q=2, lanes=2, slots=2)
    beats = drawn.prototypes.beats
    m, block = Module(), ClassCounter(drawn)
    m.submodules.block = inner = opened(block)
    keep_stream_rules(m, block)
    owed = Signal(range(2 * beats + 2))  # rows of headers that were taken
    header, row = block.append, block.rows
    m.d.sync += owed.eq(
        owed + Mux(header.valid & header.ready, beats + surplus, 0) - (row.valid & row.ready)
    )
    at, final = inner_signal(inner, "beat"), inner_signal(inner, "final")
    in_work = in_state(inner, "load", "divide", "round")
    to_read = Mux(in_state(inner, "read"), beats - at, Mux(in_work & ~final, beats - at, 0))
    m.d.comb += [
        Assert(~in_state(inner, "read") | (at < beats)),
        Assert(~in_state(inner, "append", "decide") | (at == 0)),
        Assert(~(in_work & ~final) | ((at != 0) & (at < beats))),
        Assert(owed == to_read + in_work + row.valid),
        Assert(~row.valid | (owed != 0)),
        Assert(~header.valid | (owed == row.valid)),
        Assert((header.payload.count == 1) & (Value.cast(header.payload.thresholds) == 0)),
    ]
    prove(m, free_inputs(block), depth=depth)


def test_a_class_has_all_its_rows_and_no_more() -> None:
    prove_rows()


def test_a_row_too_many_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_rows(surplus=1, depth=15)
