# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""No count of a component exceeds its exemplars, nor wraps, and a class has all its rows."""

import pytest
from amaranth.hdl import Assert, Assume, Const, Module, Mux, Signal, Value

from golden.params import ClassCounterParams, OnlineMixtureParams, PrototypesParams
from golden.params.classes import MAX_COUNT
from rtl.online_mixture import OnlineMixture
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

Params = tuple[OnlineMixtureParams, ClassCounterParams]


def params(
    features: int, components: int = 2, q: int = 1, lanes: int = 2, slots: int = 1
) -> Params:
    memory = PrototypesParams(
        features=features, code_width=q, lanes=lanes, class_components=components
    )
    mixture = OnlineMixtureParams(features=features, components=components, code_width=q)
    return mixture, ClassCounterParams(prototypes=memory, slots=slots)


def prove_counts(drawn: Params, most: int = MAX_COUNT, depth: int = 2) -> None:
    """Prove of one row of one component, whichever it is, that no count exceeds its number.

    Nor does the number exceed `most`. What is known of a row on the way depends on where it is: not
    yet counted with the exemplar under way, counted and about to be written, or written.
    """
    m, block = Module(), OnlineMixture(*drawn)
    m.submodules.block = inner = opened(block)
    free = cut(m, inner.submodules.mean_code)
    if drawn[0].components > 1:
        free += cut(m, inner.submodules.quotient)
    keep_stream_rules(m, block)
    beats, lanes, slots = drawn[1].prototypes.beats, drawn[1].prototypes.lanes, drawn[1].slots
    kinds = drawn[0].components
    counters, seen, held = (getattr(inner.submodules, n) for n in ("counters", "seen", "kept"))
    (write,), (read,), (number_read,) = counters.write_ports, counters.read_ports, seen.read_ports
    (look_up,) = held.read_ports
    watch, number, total_read = (
        memory.read_port(domain="comb") for memory in (counters, seen, held)
    )
    slot = Signal.like(inner_signal(inner, "slot"))
    component, beat = Signal(range(kinds + 1)), Signal(range(beats + 1))
    place = slot * kinds + component
    m.d.comb += [
        *(Assume(kept(m, Const(1), chosen)) for chosen in (slot, component, beat)),
        Assume((slot < slots) & (component < kinds) & (beat < beats)),
        watch.addr.eq(place * beats + beat),
        number.addr.eq(place),
        total_read.addr.eq(slot),
    ]
    own, now, at, n, winner = (
        inner_signal(inner, name) for name in ("slot", "component", "beat", "n", "winner")
    )
    fresh, keep, total = (inner_signal(inner, name) for name in ("fresh", "keep", "total"))
    row = inner_signal(inner, "row")
    is_open, is_begun = (
        inner_signal(inner, name).bit_select(slot, 1) for name in ("opened", "begun")
    )
    all_seen = Value.cast(total_read.data.total)
    number_seen = Value.cast(number.data)
    counted = Mux(all_seen > component, number_seen, 0)
    here, mine = own == slot, (own == slot) & (now == component)
    take, compare, drain, choose, count, note = (
        in_state(inner, name) for name in ("take", "compare", "drain", "choose", "count", "note")
    )
    comparing, writing = compare | drain, count | note
    passed = mine & (note | (count & (at > beat)))
    pending = write.en & (write.addr == watch.addr)
    limit = counted + (passed & ~pending)
    learning = comparing | choose | writing
    facts = [
        ~is_open | is_begun,
        ~in_state(inner, "decide") | ~here | (Value.cast(look_up.data.total) == all_seen),
        ~(take | learning) | inner_signal(inner, "learning"),
        ~is_begun | (all_seen <= component) | ((number_seen != 0) & (number_seen <= most)),
        at < beats,
        take | compare | count | in_state(inner, "read", "divide", "round") | (at == 0),
        ~(in_state(inner, "divide", "round") & inner_signal(inner, "final")) | (at == 0),
        ~learning | ((own < slots) & keep),
        ~(take & keep) | (own < slots),
        ~((learning | (take & keep)) & here) | (is_open & (total == all_seen)),
        ~(take & keep) | (fresh == (total < kinds)),
        ~(take & keep & fresh) | ((now == total) & (n == 0)),
        ~(take & ~fresh) | (now == 0),
        ~(comparing | choose) | (~fresh & (total >= kinds)),
        ~comparing | (now < kinds),
        ~(comparing & (now != 0)) | (winner < now),
        ~choose | (winner < kinds),
        # The number of the component in work, and that of the best before, are what is kept.
        ~((drain | (compare & (at != 0))) & mine) | (number_read.data == number_seen),
        ~(comparing & here & (winner == component) & (now > component)) | (n == counted),
        ~(choose & here & (winner == component)) | (n == counted),
        ~writing | ((now < kinds) & (n < most)),
        ~(writing & mine) | (fresh == (n == 0)),
        ~(writing & fresh) | (now == total),
        ~(writing & ~fresh) | (total >= kinds),
        ~(writing & mine) | (n == counted),
        ~count | (row == (own * kinds + now) * beats + at),
        # A beat is written in the next cycle, in which another beat may be counted.
        ~write.en | note | (count & (at != 0)),
        ~(write.en & count) | (write.addr + 1 == row),
        ~note | (write.en & (write.addr + 1 == (own * kinds + now + 1) * beats)),
        ~pending | (mine & (read.data == watch.data)),
    ]
    width = len(n)
    for lane in range(lanes):
        old, new = (port.data.word_select(lane, width) for port in (watch, write))
        begins = pending & (n == 0)
        facts += [
            ~is_begun | (limit == 0) | begins | (old <= limit),
            # It does not wrap: what is written is what was there, or one more.
            ~pending | (new == Mux(n == 0, 0, old)) | (new == Mux(n == 0, 0, old) + 1),
            ~pending | (n == 0) | (old <= n),
        ]
    m.d.comb += [Assert(fact) for fact in facts]
    prove(m, [slot, component, beat, *free, *free_inputs(block)], depth=depth)


@pytest.mark.parametrize(("features", "components", "slots"), [(3, 2, 2), (1, 1, 1), (5, 3, 1)])
def test_no_count_exceeds_the_number_of_its_component(features, components, slots) -> None:
    prove_counts(params(features, components, slots=slots))


def test_a_smaller_end_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_counts(params(3, 2), most=0, depth=10)


def prove_rows(surplus: int = 0, depth: int = 2) -> None:
    """Prove that K' * B rows follow every header, and that a header waits for those before it."""
    drawn = params(5, 3, q=2)
    beats, kinds = drawn[1].prototypes.beats, drawn[0].components
    m, block = Module(), OnlineMixture(*drawn)
    m.submodules.block = inner = opened(block)
    free = cut(m, inner.submodules.mean_code) + cut(m, inner.submodules.quotient)
    keep_stream_rules(m, block)
    owed = Signal(range(2 * kinds * beats + 2))  # rows of headers that were taken
    header, row = block.append, block.rows
    used = header.payload.count
    m.d.sync += owed.eq(
        owed
        + Mux(header.valid & header.ready, header.payload.count * beats + surplus, 0)
        - (row.valid & row.ready)
    )
    now, at, final = (inner_signal(inner, name) for name in ("component", "beat", "final"))
    read, append, weighing, in_work = (
        in_state(inner, "read"),
        in_state(inner, "append"),
        in_state(inner, "weigh", "add", "share", "bound"),
        in_state(inner, "divide", "round"),
    )
    left = (used - now) * beats - at
    to_read = Mux(read | (in_work & ~final), left, 0)
    m.d.comb += [
        Assert(at < beats),
        Assert(in_state(inner, "take", "compare", "count") | read | in_work | (at == 0)),
        Assert(~(append | weighing | read | in_work) | ((used >= 1) & (used <= kinds))),
        Assert(~(in_work & final) | (at == 0)),
        Assert(~append | (now == 0)),
        Assert(~weighing | (now + 1 < used)),
        Assert(~(read | (in_work & ~final)) | (now < used)),
        Assert(owed == to_read + in_work + row.valid),
        Assert(~row.valid | (owed != 0)),
        Assert(~header.valid | (owed == row.valid)),
    ]
    prove(m, [*free, *free_inputs(block)], depth=depth)


def test_a_class_has_all_its_rows_and_no_more() -> None:
    prove_rows()


def test_a_row_too_many_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_rows(surplus=1, depth=18)
