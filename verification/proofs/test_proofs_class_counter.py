# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Counts never wrap, a mean is at most 1, and a class has all its rows."""

import pytest
from amaranth.hdl import Assert, Assume, Const, Module, Mux, Signal, Value

from golden.params import ClassCounterParams, PrototypesParams
from golden.params.classes import MAX_COUNT
from rtl.class_counter import ClassCounter
from verification.proofs.prover import (
    ProofError,
    cut,
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

    Hence none wraps, and the divider is given what it may be given. What is known of a row on the
    way depends on where it is: not yet taken with the exemplar under way, taken and about to be
    written, or written.
    """
    m, block = Module(), ClassCounter(drawn)
    m.submodules.block = inner = opened(block)
    mean_code = inner.submodules.mean_code
    codes = cut(m, mean_code)
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
    learn, count = in_state(inner, "learn"), Value.cast(number.data.number)
    here = learn & keep & (own == slot)
    pending = write.en & (write.addr == watch.addr)
    passed = here & (at > beat)
    limit = count + (passed & ~pending)
    final, in_work = inner_signal(inner, "final"), in_state(inner, "divide", "round")
    closing = in_state(inner, "append", "read") | in_work
    after = Mux(in_work & final, beats, at)  # the row behind the one in work
    divided = in_work & (own == slot) & (after == beat + 1)
    facts = [
        ~is_open | is_begun,
        inner_signal(inner, "fresh") == (n == 0),
        ~in_state(inner, "decide") | (own != slot) | (Value.cast(seen_read.data.number) == count),
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
        ~closing | ((own < drawn.slots) & (n != 0)),
        ~(closing & (own == slot)) | (is_begun & (n == count)),
        ~closing | (row == (own * beats + after)[: len(row)]),
        ~in_state(inner, "append") | (at == 0),
        ~in_state(inner, "read") | (at < beats),
        ~in_work | final | ((at != 0) & (at < beats)),
        ~divided | (read.data == watch.data),
        ~(divided & mean_code.i.valid) | (mean_code.i.payload.count <= mean_code.i.payload.number),
        ~mean_code.i.valid | (mean_code.i.payload.number != 0),
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
    prove(m, [slot, beat, *codes, *free_inputs(block)], depth=depth)


@pytest.mark.parametrize(("features", "slots"), [(3, 2), (1, 1), (5, 3)])
def test_no_count_exceeds_the_number_of_exemplars(features, slots) -> None:
    prove_counts(params(features, lanes=2, slots=slots))


def test_a_smaller_end_is_refuted(monkeypatch) -> None:
    # With two bits for the counts the end comes within a few cycles.
    monkeypatch.setattr("rtl.class_counter.MAX_COUNT", 3)
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_counts(params(1), most=2, depth=12)


def prove_rows(surplus: int = 0, depth: int = 2) -> None:
    """Prove that B rows follow every header, and that a header waits for those before it."""
    drawn = params(5, q=2, lanes=2, slots=2)
    beats = drawn.prototypes.beats
    m, block = Module(), ClassCounter(drawn)
    m.submodules.block = inner = opened(block)
    codes = cut(m, inner.submodules.mean_code)
    keep_stream_rules(m, block)
    owed = Signal(range(2 * beats + 2))  # rows of headers that were taken
    header, row = block.append, block.rows
    m.d.sync += owed.eq(
        owed + Mux(header.valid & header.ready, beats + surplus, 0) - (row.valid & row.ready)
    )
    at, final = inner_signal(inner, "beat"), inner_signal(inner, "final")
    in_work = in_state(inner, "divide", "round")
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
    prove(m, [*codes, *free_inputs(block)], depth=depth)


def test_a_class_has_all_its_rows_and_no_more() -> None:
    prove_rows()


def test_a_row_too_many_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_rows(surplus=1, depth=15)
