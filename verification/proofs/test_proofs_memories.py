# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""Addresses and classes: what is visible is never overwritten, and nothing leaves its range."""

from dataclasses import replace

import pytest
from amaranth.hdl import Assert, Assume, Const, Module, Mux, Signal, Value

from golden.params import LatentBufferParams, PrototypesParams, SamplerParams, SelectorParams
from rtl.catalogue import BLOCKS
from rtl.fetch import Fetch
from rtl.latent_buffer import LatentBuffer
from rtl.prototypes import Prototypes
from rtl.sampler import Sampler
from rtl.selector import Selector
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

MEMORY = PrototypesParams(
    features=5, code_width=2, lanes=2, components=4, classes=3, class_components=3
)


def visible_components(m: Module, block: Prototypes, inner: Module) -> Value:
    """Return the components of visible classes, with all that is known of appends asserted."""
    p = block.params
    left, refused, beat = (inner_signal(inner, name) for name in ("left", "refused", "beat"))
    visible, was_visible = Signal(8), Signal(8)
    n_classes, n_components = block.n_classes, block.n_components
    more_classes = n_classes != before(m, n_classes)
    m.d.sync += was_visible.eq(visible)
    m.d.comb += [
        visible.eq(Mux(more_classes, n_components, was_visible)),
        Assert(~more_classes | (n_classes == before(m, n_classes) + 1)),
        Assert(n_classes <= p.classes),
        Assert(was_visible <= visible),
        Assert(visible <= n_components),
        Assert(n_components <= p.components),
        Assert(beat < p.beats),
        Assert((left != 0) | (beat == 0)),
        # Between appends, and while rows of a refused class go by, all components are visible.
        Assert(((left != 0) & ~refused) | (visible == n_components)),
        Assert((left == 0) | refused | (n_components + left <= p.components)),
        Assert((left == 0) | refused | (n_classes < p.classes)),
    ]
    return visible


def test_append_writes_no_row_of_a_visible_class_and_classes_only_rise() -> None:
    m, block = Module(), Prototypes(MEMORY)
    m.submodules.block = inner = opened(block)
    keep_stream_rules(m, block)
    visible = visible_components(m, block, inner)
    (row,), (entry,) = inner.submodules.memory.write_ports, inner.submodules.table.write_ports
    m.d.comb += [
        Assert(~row.en | ((row.addr >= visible * MEMORY.beats) & (row.addr < MEMORY.rows))),
        Assert(~entry.en | ((entry.addr == block.n_classes) & (entry.addr < MEMORY.classes))),
    ]
    prove(m, free_inputs(block))


def prove_edits(*, own: bool = False, depth: int = 2) -> None:
    """Prove of any two classes that what is written of one lies outside the other.

    The classes are those of two numbers that never change, whichever they are. With `own`, the
    second is said to stay as it is even while it is replaced, which is a fault.
    """
    m, block = Module(), Prototypes(MEMORY, editable=True)
    m.submodules.block = inner = opened(block)
    keep_stream_rules(m, block)
    beats, n, header = MEMORY.beats, block.n_classes, block.append.payload
    left, refused, found, old, place = (
        inner_signal(inner, name) for name in ("left", "refused", "found", "old", "old_place")
    )
    (row,), (entry,) = inner.submodules.memory.write_ports, inner.submodules.table.write_ports
    visible, was_visible, work = Signal(8), Signal(8), Signal.like(header.label)
    m.d.sync += was_visible.eq(visible)
    m.d.comb += visible.eq(Mux(n != before(m, n), block.n_components, was_visible))
    with m.If(found):
        m.d.sync += work.eq(header.label)
    appending = (left != 0) & ~refused & ~old
    facts = [
        visible <= block.n_components,
        was_visible <= visible,
        block.n_components <= MEMORY.components,
        n <= MEMORY.classes,
        appending | (visible == block.n_components),
        ~appending | (block.n_components + left <= MEMORY.components),
        ~appending | (n < MEMORY.classes),
        ~found | (block.append.valid & (header.label < n) & (left == 0) & ~old),
        ~old | ((left != 0) & (work < n)),
        inner_signal(inner, "beat") < beats,
        (left != 0) | (inner_signal(inner, "beat") == 0),
    ]
    names, ranges = [], []
    for name in ("one", "other"):
        label = Signal(range(MEMORY.classes), name=name)
        table = inner.submodules.table.read_port(domain="comb")
        m.d.comb += [Assume(kept(m, Const(1), label)), Assume(label < MEMORY.classes)]
        m.d.comb += table.addr.eq(label)
        first, count = (Value.cast(part) for part in (table.data.first, table.data.count))
        here, comes = label < n, appending & (label == n)
        own_row = old & ~refused & (work == label)
        facts += [
            ~here | ((count != 0) & (first + count <= visible)),
            ~comes | ((first == visible) & (first + count == block.n_components + left)),
            ~(found & (header.label == label))
            | ((Value.cast(block.entry.first) == first) & (Value.cast(block.entry.count) == count)),
            ~own_row | ((place + left == first + count) & (left <= count)),
            # Its entry is written by a header that names it.
            ~(entry.en & (entry.addr == label) & here) | (header.label == label),
        ]
        names.append(label)
        ranges.append((label, first, count, own_row))
    (one, first, count, _), (other, its_first, its_count, replaced) = ranges
    m.d.comb += Assume(one != other)
    facts.append(~((one < other) & (other < n)) | (first + count <= its_first))
    facts.append(~((other < one) & (one < n)) | (its_first + its_count <= first))
    inside = (row.addr >= first * beats) & (row.addr < (first + count) * beats)
    writes = row.en & (one < n) & inside
    facts.append(~(writes & (appending | replaced)))
    if own:
        mine = (row.addr >= its_first * beats) & (row.addr < (its_first + its_count) * beats)
        facts.append(~(row.en & (other < n) & mine))
    m.d.comb += [Assert(fact) for fact in facts]
    prove(m, [*names, *free_inputs(block)], depth=depth)


def test_an_append_overwrites_no_class_and_a_replacement_only_its_own() -> None:
    prove_edits()


def test_a_class_that_nothing_may_write_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_edits(own=True, depth=14)


def test_nobody_reads_while_a_class_is_replaced_and_no_two_read_at_once() -> None:
    m, block = Module(), Sampler(SamplerParams(prototypes=MEMORY), shared=True)
    m.submodules.block = inner = opened(block)
    prototypes = inner.submodules.prototypes
    opened(prototypes)
    keep_stream_rules(m, block)
    found, chosen = inner_signal(inner, "found"), inner_signal(inner, "chosen")
    in_use = found | chosen | inner_signal(inner, "row__valid") | block.row_read
    m.d.comb += [
        Assert(~(prototypes.editing & in_use)),
        Assert(~(block.reader_go & in_use)),
        Assert(~(block.reader_go & prototypes.editing)),
    ]
    prove(m, free_inputs(block))


def only_rises(m: Module, value: Value, most: int) -> None:
    """Assume that a free value never falls nor passes `most`, but at a reset, which makes it 0."""
    begun = before(m, Const(1))
    m.d.comb += [Assume(value <= most), Assume(Mux(begun, value >= before(m, value), value == 0))]


@pytest.mark.parametrize("classes", [1, 3, 4])
@pytest.mark.parametrize("mode", ["round_robin", "uniform", "weighted"])
def test_selector_names_only_classes_and_components_there_are(mode, classes) -> None:
    memory = replace(MEMORY, classes=classes)
    m, block = Module(), Selector(SelectorParams(mode=mode), memory)
    m.submodules.block = inner = opened(block)
    only_rises(m, block.n_classes, classes)
    here = block.n_classes != 0
    m.d.comb += [
        Assert(~block.o.valid | (block.o.payload < block.n_classes)),
        Assert((block.o.payload == 0) | (block.o.payload < block.n_classes)),
        Assume((block.count > 0) & (block.count <= memory.class_components)),
    ]
    if mode == "weighted":
        m.d.comb += Assert((inner_signal(inner, "bit") == 0) | here)
    asked = Signal()  # of a count; before any, the choice is 0
    count = Signal.like(block.count)
    with m.If(block.choose):
        m.d.sync += [asked.eq(1), count.eq(block.count)]
    m.d.comb += Assert(block.choice < Mux(asked, count, 1))
    prove(m, free_inputs(block))


@pytest.mark.parametrize("components", [1, 3])
def test_sampler_reads_only_rows_of_the_class_it_was_asked_for(components) -> None:
    """For one class, whichever it is: its entry, the request that holds it and the row read."""
    memory = replace(MEMORY, class_components=components)
    m, block = Module(), Sampler(SamplerParams(prototypes=memory))
    m.submodules.block = inner = opened(block)
    prototypes, selector = inner.submodules.prototypes, inner.submodules.selector
    memory_inner = opened(prototypes)
    visible = visible_components(m, prototypes, memory_inner)
    left, refused = inner_signal(memory_inner, "left"), inner_signal(memory_inner, "refused")
    table = memory_inner.submodules.table.read_port(domain="comb")
    label = Signal.like(prototypes.label)
    m.d.comb += [Assume(kept(m, Const(1), label)), table.addr.eq(label)]

    first, count = table.data.first, table.data.count
    visible_label = label < prototypes.n_classes
    appending = (label == prototypes.n_classes) & (left != 0) & ~refused
    m.d.comb += [
        Assert(~(visible_label | appending) | (count != 0)),
        Assert(~visible_label | (first + count <= visible)),
        Assert(~appending | (first + count == prototypes.n_components + left)),
    ]
    # Follow the class through the stages: its entry is read, then its component chosen.
    entry = prototypes.entry
    looked_up, found = Signal(), inner_signal(inner, "found")
    with m.If(prototypes.label_en):
        m.d.sync += looked_up.eq(prototypes.label == label)
    same = (entry.first == first) & (entry.count == count)
    m.d.comb += Assert(~(found & looked_up) | (visible_label & same))
    reading, there = looked_up, found
    if components > 1:
        reading, there = Signal(), inner_signal(inner, "chosen")
        with m.If(selector.choose):
            m.d.sync += reading.eq(looked_up)
    component, beat = prototypes.component, prototypes.beat
    own = visible_label & (component >= first) & (component < first + count)
    m.d.comb += [
        Assert(beat < memory.beats),
        Assert(~(there & reading) | own),
        Assert(~prototypes.row_en | there),
    ]
    prove(m, [label, *free_inputs(block)])


@pytest.mark.parametrize(("features", "classes", "exemplars"), [(5, 3, 3), (2, 1, 1), (7, 4, 2)])
def test_latent_buffer_stays_in_the_slots_of_a_class(features, classes, exemplars) -> None:
    params = LatentBufferParams(
        features=features, lanes=2, classes=classes, exemplars=exemplars, seed=1
    )
    m, block = Module(), LatentBuffer(params)
    m.submodules.block = inner = opened(block)
    keep_stream_rules(m, block)
    label, learning, slot, n, row, beat, base, keep = (
        inner_signal(inner, name)
        for name in ("label", "learning", "slot", "n", "row", "beat", "base", "keep")
    )
    drawing = in_state(inner, "scale", "place")
    moving = in_state(inner, "answer") | (in_state(inner, "learn") & keep)
    size = params.exemplars * params.beats
    facts = [
        ~(drawing | moving) | ((label < params.classes) & (base == label * size)),
        ~in_state(inner, "look_up", "decide", "scale", "place") | (beat == 0),
        ~in_state(inner, "learn", "answer") | (beat < params.beats),
        ~in_state(inner, "learn") | learning,
        ~in_state(inner, "answer") | ~learning,
        # The product of a draw stays below its factor; of an answer, that is what is held.
        ~(drawing | moving) | (slot < n),
        learning | ~(drawing | moving) | (n <= params.exemplars),
        ~moving | ((slot < params.exemplars) & (row == base + slot * params.beats + beat)),
    ]
    (write,), (read,) = inner.submodules.rows.write_ports, inner.submodules.rows.read_ports
    known, first = label < params.classes, label * size
    facts += [
        # Written a cycle late, when there is no other label yet.
        ~write.en | (known & (write.addr >= first) & (write.addr < first + size)),
        ~read.en | (known & (read.addr >= first) & (read.addr < first + n * params.beats)),
    ]
    # One port does for both memories: what is written late has been, before anything is read.
    (count_write,), (count_read,) = (
        inner.submodules.counts.write_ports,
        inner.submodules.counts.read_ports,
    )
    facts += [
        ~write.en | in_state(inner, "learn", "idle"),
        ~(write.en & read.en),
        ~(count_write.en & count_read.en),
    ]
    m.d.comb += [Assert(fact) for fact in facts]
    prove(m, free_inputs(block))


def prove_ports(reuse: int, *, promised: bool = True) -> None:
    """Prove that no map is read and written in one cycle, if what `Fetch` asks for is promised.

    With a weight reuse above 1, no window is gathered.
    """
    chip = BLOCKS["chip"].arguments("tiny")["params"].accelerator
    m, block = Module(), Fetch(replace(chip, mvu=replace(chip.mvu, weight_reuse=reuse)))
    m.submodules.block = inner = opened(block)
    if promised:
        m.d.comb += Assume(~block.write.valid | (block.write.payload.bank != block.source))
    if promised and reuse > 1:
        step = block.i.payload
        reads = block.i.valid & step.inside & ~block.source
        m.d.comb += Assume(~block.fill.valid | ~reads)
    for memory in (inner.submodules.map_0, inner.submodules.map_1):
        (write,), (read,) = memory.write_ports, memory.read_ports
        m.d.comb += Assert(~(write.en & read.en))
    prove(m, free_inputs(block))


@pytest.mark.parametrize("reuse", [1, 2])
def test_a_map_is_never_read_and_written_in_one_cycle(reuse: int) -> None:
    prove_ports(reuse)


def test_a_map_that_is_written_where_it_is_read_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_ports(1, promised=False)
