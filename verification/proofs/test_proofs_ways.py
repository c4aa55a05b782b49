# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The ways between blocks, and the ports of the chip: rules of streams, handshakes, whole packets.

Blocks that are proven alone are cut out of those around them: whatever they do within the rules,
all that they are offered keeps the rules, and so does what leaves.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Signal, Value, ValueCastable
from amaranth.lib import stream, wiring

from golden.params import ChipParams, CorrelatedSamplerParams
from rtl.catalogue import BLOCKS
from rtl.chip import Chip
from rtl.core import Core
from rtl.correlated import CorrelatedSampler
from rtl.descriptor import Operation
from rtl.head_trainer import HeadTrainer
from rtl.headers import (
    Target,
    class_address_layout,
    head_address_layout,
    hidden_address_layout,
)
from rtl.latent_buffer import LatentBuffer
from rtl.learner import Learner
from rtl.network import Network
from rtl.output import Output
from rtl.sampler import Sampler
from verification.proofs.prover import (
    ProofError,
    before,
    cut,
    free_inputs,
    in_state,
    inner_signal,
    keep_stream_rules,
    kept,
    opened,
    prove,
)

CHIP = BLOCKS["chip"].arguments("tiny")["params"]
#: The same with factors, whose rows of loadings are as wide as rows of codes.
FACTORS = replace(
    CHIP,
    sampler=CorrelatedSamplerParams(prototypes=CHIP.sampler.prototypes, rank=3, loading_width=3),
)
#: The same with a hidden layer in front of the head that learns.
assert CHIP.head is not None
HIDDEN = replace(CHIP, head=replace(CHIP.head, hidden=3, binary_width=1))
#: The same with one that learns.
TRAINED = replace(CHIP, head=replace(CHIP.head, hidden=3, binary_width=4))
EXEMPLARS = (Target.LEARN, Target.COUNT, Target.HEAD_EXEMPLAR)
#: Pins that blocks of the network want held while they offer something.
HELD = {
    "fetch": ("source",),
    "collector": ("whole", "place_stride", "pixel_words"),
    "head": ("concat",),
    "gather": ("channels", "words", "outputs", "tile_step", "weight", "tile"),
}


def picture_rules(m: Module, network: wiring.PureInterface) -> list[Value]:
    """Return what is known of `busy`: pixels begin it, and nothing leaves without it."""
    begun = before(m, network.busy | network.pixels.valid)
    return [~network.busy | begun, network.busy | ~(network.features.valid | network.logits.valid)]


def prove_network(complete: bool, weight_reuse: int = 1, units: int = 1) -> None:
    """Prove it of programs whose layers end when nothing is inside any more, or of any.

    Those of networks do: their layers are as long as all that they compute. The intake stays where
    it is, for it need not be offered pixels steadily.
    """
    mvu_params = replace(CHIP.accelerator.mvu, weight_reuse=weight_reuse)
    m, block = Module(), Network(replace(CHIP.accelerator, mvu=mvu_params, units=units))
    m.submodules.block = inner = opened(block)
    mvus = ("mvu",) if units == 1 else ("mvu_0", "mvu_1")
    blocks = {
        name: getattr(inner.submodules, name)
        for name in ("window", "fetch", "gather", *mvus, "pool", "collector", "head")
        if name != "gather" or weight_reuse == 1
    }
    intake = opened(inner.submodules.intake)
    free = [port for part in blocks.values() for port in cut(m, part)]
    window, fetch = blocks.pop("window"), blocks["fetch"]
    loaded = [way for name in mvus for way in (blocks[name].weights, blocks[name].thresholds)]
    writes = Cat(way.ready for way in (fetch.write, *loaded))
    skids = [getattr(inner.submodules, f"{name}skid") for name in ("", "feature_", "logit_")]
    inside = Cat(part.o.valid for part in (*skids, *blocks.values())).any()
    if complete:
        # Nor is anything in the first cycle of a layer, in which its window begins.
        begins = in_state(inner, "idle", "fetch") | inner_signal(inner, "fresh")
        m.d.comb += Assume(~begins | ~inside)
        # Nor is a word of a picture when the next one begins, which has at least a word.
        taking = inner.submodules.intake
        m.d.comb += Assume(~taking.start | (~taking.write.valid & (taking.length != 0)))
    m.d.comb += [
        # What is known of them: a layer is taken with its last step, and a write at once.
        Assume(~window.o.valid | window.i.valid),
        Assume(writes.all()),
    ]
    assert keep_stream_rules(m, block) == 2
    if units > 1:  # a unit is ahead of the other one only by the step that is offered to both
        join = inner.submodules.unit_join
        given = inner_signal(opened(join), "given")
        m.d.comb += Assert(~given.any() | (join.i.valid & ~given.all()))
    # What waits to leave as features is of a layer that sends them.
    sends = window.i.payload.operation == Operation.FEATURES
    m.d.comb += Assert(~inner.submodules.feature_skid.o.valid | sends)
    # The words of a picture are counted up to its length, and no further.
    counted = {name: inner_signal(intake, name) for name in ("filling", "final", "written", "size")}
    left = (counted["size"] - 1)[: len(counted["size"])]
    m.d.comb += [
        Assert(~counted["filling"] | ((counted["size"] != 0) & (counted["written"] <= left))),
        Assert(~counted["filling"] | (counted["final"] == (counted["written"] == left))),
    ]
    for name, pins in HELD.items():
        for pin in pins if name in blocks else ():
            m.d.comb += Assert(kept(m, blocks[name].o.valid, getattr(blocks[name], pin)))
    m.d.comb += [Assert(rule) for rule in picture_rules(m, block)]
    m.d.comb += Assert(~(block.load.valid & block.load.ready) | ~block.busy)
    prove(m, [*free, *free_inputs(block)])


@pytest.mark.parametrize(
    ("weight_reuse", "units"),
    [
        (1, 1),
        (1, 2),
        *(pytest.param(p, 1, marks=pytest.mark.slow) for p in (2, 4, 8)),
        pytest.param(4, 2, marks=pytest.mark.slow),
    ],
)
def test_ways_of_the_network_keep_the_rules(weight_reuse: int, units: int) -> None:
    prove_network(complete=True, weight_reuse=weight_reuse, units=units)


def test_a_program_that_ends_layers_early_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_network(complete=False)


def taken(way: stream.Interface) -> Value:
    """Return whether something passes."""
    return way.valid & way.ready


def learner_rules(m: Module, learner: wiring.PureInterface) -> list[Value]:
    """Return what is known of a learner: a command begins to close, and a picture to be answered.

    No class leaves of which it does not say that it is being closed.
    """
    return [
        ~learner.closing | before(m, learner.closing | taken(learner.commands)),
        ~learner.answering | before(m, learner.answering | taken(learner.pictures)),
        learner.closing | ~(learner.append.valid | learner.rows.valid),
    ]


def sampler_rules(m: Module, sampler: wiring.PureInterface) -> list[Value]:
    """Return what is known of a sampler: another class is there after a row, and at no other time.

    A header may be offered with the number of classes, and must not change while it waits. While a
    beat is offered it is busy, and it takes seeds at once.
    """
    return [
        kept(m, ~taken(sampler.rows), sampler.n_classes),
        sampler.busy | ~sampler.o.valid,
        sampler.seeds.ready,
    ]


def latent_buffer_rules(latent_buffer: wiring.PureInterface) -> list[Value]:
    """Return what is known of a latent buffer: with a beat it is busy, and it takes seeds."""
    return [latent_buffer.busy | ~latent_buffer.o.valid, latent_buffer.seeds.ready]


def head_rules(m: Module, head: wiring.PureInterface) -> list[Value]:
    """Return what is known of a head that learns.

    It draws after it has taken a command or an exemplar, and stays settled until it takes one.
    While it takes what is drawn it takes no command, and that begins and ends where no beat waits.
    """
    moved = before(m, taken(head.commands) | taken(head.exemplars))
    waits = head.drawn.valid & ~head.drawn.ready
    return [
        ~head.drawing | moved | before(m, head.drawing),
        head.settled | moved | ~before(m, head.settled),
        ~head.taking | (head.drawing & ~head.commands.ready),
        ~(head.drawing & head.settled),
        kept(m, ~head.taking & ~head.draws_ended, head.taking),
        kept(m, head.taking & waits & ~head.draws_ended, head.taking),
        head.seeds.ready,
    ]


@pytest.mark.parametrize("chip", [CHIP, HIDDEN, TRAINED], ids=["without", "hidden", "trained"])
def test_what_is_known_of_the_head_that_learns_holds(chip: ChipParams) -> None:
    m, block = Module(), HeadTrainer(chip)
    m.submodules.block = inner = opened(block)
    trainer = inner.submodules.trainer
    free = cut(m, trainer)
    # What is known of the trainer: it waits for an exemplar until one comes, and takes seeds.
    for waits in (trainer.i.ready, trainer.settled) if chip.hidden else (trainer.i.ready,):
        waiting = waits & ~taken(trainer.i) & ~trainer.cut
        m.d.comb += Assume(waits | ~before(m, waiting))
    rows = [block.writes, *([block.hidden_writes] if chip.hidden else [])]
    m.d.comb += [
        Assume(trainer.seeds.ready),
        # And of the core: it has one unit at a time, and ends to draw when no beat is there.
        Assume(~(block.commands.valid & Cat(way.valid for way in rows).any())),
        Assume(~(block.draws_ended & block.drawn.valid)),
    ]
    assert keep_stream_rules(m, block) == 2
    m.d.comb += [Assert(rule) for rule in head_rules(m, block)]
    prove(m, [*free, *free_inputs(block)])


def test_what_is_known_of_the_learner_holds() -> None:
    m, block = Module(), Learner(CHIP)
    m.submodules.block = inner = opened(block)
    assert keep_stream_rules(m, block) == 3
    # Of the classifier alone it is proven that an answer stays.
    keep_stream_rules(m, wiring.flipped(inner.submodules.prototype_classifier))
    m.d.comb += [Assert(rule) for rule in learner_rules(m, block)]
    prove(m, free_inputs(block))


def test_what_is_known_of_the_sampler_holds() -> None:
    m, block = Module(), Sampler(CHIP.sampler, shared=CHIP.shared)
    m.submodules.block = block
    assert keep_stream_rules(m, block) == 2
    m.d.comb += [Assert(rule) for rule in sampler_rules(m, block)]
    prove(m, free_inputs(block))


def test_what_is_known_of_the_latent_buffer_holds() -> None:
    m, block = Module(), LatentBuffer(CHIP.latent)
    m.submodules.block = block
    assert keep_stream_rules(m, block) == 1
    m.d.comb += [Assert(rule) for rule in latent_buffer_rules(block)]
    prove(m, free_inputs(block))


class Around:
    """A core without its blocks, of which is known what is proven of them.

    Parameters
    ----------
    m : Module
    chip : ChipParams, optional
    at_will : bool
        Whether the learner may be busy at any time, which is a fault.
    """

    def __init__(self, m: Module, chip: ChipParams = CHIP, *, at_will: bool = False) -> None:
        m.submodules.block = block = Core(chip)
        self.inner = inner = opened(block)
        self.units, self.regroup = block.units, inner.submodules.regroup
        self.network: Network = inner.submodules.network
        self.sampler: Sampler = inner.submodules.sampler
        self.latent_buffer: LatentBuffer = inner.submodules.latent_buffer
        self.learner: Learner = inner.submodules.learner
        self.head: HeadTrainer = inner.submodules.head_trainer
        blocks = (self.network, self.sampler, self.latent_buffer, self.learner, self.head)
        self.free = [port for part in blocks for port in cut(m, part)] + free_inputs(block)
        assert keep_stream_rules(m, block) == 7
        known = picture_rules(m, self.network) + sampler_rules(m, self.sampler)
        known += head_rules(m, self.head) + latent_buffer_rules(self.latent_buffer)
        if not at_will:
            known += learner_rules(m, self.learner)
        m.d.comb += [Assume(rule) for rule in known]


def fits(value: ValueCastable | Value, source: Value) -> Value:
    """Return whether a value is what the lowest bits of another one are."""
    passing = Value.cast(value)
    return passing == source[: len(passing)]


def no_unit_is_lost(core: Around) -> Iterator[Value]:
    """Yield that a unit which is taken passes to the block of its target, as it is, and no other.

    Exemplars come from pictures, too, and classes from the learner; then no unit goes there.
    """
    network, sampler, learner = core.network, core.sampler, core.learner
    latent_buffer, unit = core.latent_buffer, core.units.payload
    data, index, address = unit.data, unit.index, unit.address
    load, header, cost = network.load.payload, sampler.append.payload, learner.table.payload
    command, weight = learner.commands.payload, sampler.weights.payload
    named = class_address_layout()(address)
    label = Mux(named.numbered, named.label, sampler.n_classes)
    learning, counting, heading = (
        inner_signal(core.inner, name) for name in ("learning", "counting", "heading")
    )
    head, asked, to = core.head, core.head.commands.payload, head_address_layout()(address)
    closing, never = learner.closing, Const(0)

    def beat(way: stream.Interface) -> Value:
        payload = way.payload
        of_packet = fits(payload.label, index) & (payload.last == unit.last)
        return fits(payload.bits, data) & of_packet

    ways = (
        (
            (Target.PROGRAM, Target.WEIGHTS, Target.THRESHOLDS),
            network.load,
            fits(load.target, Value.cast(unit.target))
            & fits(load.data, data) & fits(load.address, address) & fits(load.lane, index),
            never,
        ),
        ((Target.PIXELS,), network.pixels, fits(network.pixels.payload, data), never),
        (
            (Target.APPEND,),
            sampler.append,
            fits(header.count, index) & fits(header.thresholds, data) & fits(header.label, label),
            closing,
        ),
        ((Target.ROWS,), sampler.rows, fits(sampler.rows.payload, data), closing),
        ((Target.LEARN,), latent_buffer.i, beat(latent_buffer.i), learning),
        ((Target.COUNT,), learner.exemplars, beat(learner.exemplars), counting),
        (
            (Target.CLASS_THRESHOLDS,),
            sampler.weights,
            fits(weight.index, address) & fits(weight.threshold, data),
            never,
        ),
        (
            (Target.COMMAND,),
            learner.commands,
            fits(command.operation, data)
            & fits(command.slot, index) & fits(command.label, address),
            never,
        ),
        (
            (Target.TABLE,),
            learner.table,
            fits(cost.row, address) & fits(Cat(cost.weight, cost.base), data),
            never,
        ),
        (
            (Target.HEAD_COMMAND,),
            head.commands,
            fits(asked.operation, data) & fits(asked.given, index)
            & (asked.classes == to.classes) & (asked.draws == to.draws),
            never,
        ),
        (
            (Target.HEAD_ROWS,),
            head.writes,
            fits(head.writes.payload.row, address) & fits(head.writes.payload.weights, data),
            never,
        ),
        ((Target.HEAD_EXEMPLAR,), head.exemplars, beat(head.exemplars), heading),
    )  # fmt: skip
    for targets, way, same, others in ways:
        wanted = taken(core.units) & Cat(unit.target == target for target in targets).any()
        yield ~wanted | (taken(way) & same & ~others)
        yield ~taken(way) | others | wanted
    if head.params.head.hidden:
        row, way = head.hidden_writes.payload, head.hidden_writes
        same = fits(row.row, hidden_address_layout()(address).row) & fits(row.bits, data)
        wanted = taken(core.units) & (unit.target == Target.HIDDEN_ROWS)
        yield taken(way) == wanted
        yield ~wanted | same
    if isinstance(sampler, CorrelatedSampler):
        yield from a_basis_is_given(core, sampler)
    # Streams 19 and 20 are those of the latent buffer, 21 is that of the head, the others those of
    # the sampler.
    seed = Cat(address[:5], data[:64])
    for way, wanted in (
        (sampler.seeds, (address < 19) | (address > 21)),
        (head.seeds, address == 21),
        (latent_buffer.seeds, (address == 19) | (address == 20)),
    ):
        passes = taken(way) & (Value.cast(way.payload) == seed)
        yield ~(taken(core.units) & (unit.target == Target.SEEDS) & wanted) | passes
        yield ~(way.valid & ~((unit.target == Target.SEEDS) & wanted))
    # So does what the learner writes of a class.
    for source, way in ((learner.append, sampler.append), (learner.rows, sampler.rows)):
        yield taken(source) == (taken(way) & closing)
        yield ~taken(source) | (Value.cast(source.payload) == Value.cast(way.payload))


def a_basis_is_given(core: Around, sampler: CorrelatedSampler) -> Iterator[Value]:
    """Yield that a packet gives its exponent, then each row once, and leaves when all is done."""
    unit, passes = core.units.payload, taken(core.units)
    wanted = core.units.valid & (unit.target == Target.BASIS)
    begun, given = (inner_signal(core.inner, f"basis_{name}") for name in ("begun", "given"))
    exponent, row = taken(sampler.basis), taken(sampler.loadings)
    yield ~(sampler.basis.valid | sampler.loadings.valid) | wanted
    yield ~exponent | (fits(sampler.basis.payload, unit.address) & ~passes & ~begun)
    yield ~row | (fits(sampler.loadings.payload, unit.data) & begun & ~given)
    yield ~(wanted & passes) | Mux(unit.last, given & ~sampler.loading, row)
    yield ~given | (begun & wanted & unit.last)


def units_wait(m: Module, core: Around) -> Iterator[Value]:
    """Yield that units wait for a class that is closed, and some for the pictures before them."""
    passes, target, closing = taken(core.units), core.units.payload.target, core.learner.closing
    filling, learning, counting, answering, heading = (
        inner_signal(core.inner, name)
        for name in ("filling", "learning", "counting", "answering", "heading")
    )
    replaying = heading | core.head.drawing
    yield ~(closing & passes)
    yield kept(m, closing, filling)  # no picture begins, either
    yield answering | ~core.learner.answering
    for key, before_it in (
        (Target.APPEND, answering),
        (Target.TABLE, answering),
        (Target.COMMAND, answering | counting),
        (Target.SEEDS, learning | replaying | ~core.head.settled),
        (Target.APPEND, replaying & (core.sampler.n_classes != 0)),
        (Target.COMMAND, replaying & (core.sampler.n_classes != 0)),
        (Target.CLASS_THRESHOLDS, replaying),
        (Target.LEARN, replaying),
        (Target.HEAD_COMMAND, learning | heading),
        (Target.HEAD_ROWS, learning | heading),
        (Target.HEAD_EXEMPLAR, learning | heading),
        (Target.HIDDEN_ROWS, learning | heading),
    ):
        yield ~(passes & (target == key) & before_it)
    if isinstance(core.sampler, CorrelatedSampler):
        yield ~(taken(core.sampler.basis) & replaying)


def prove_core(chip: ChipParams = CHIP, *, at_will: bool = False) -> None:
    """Prove that all keep the rules of streams, what passes is right, and what must wait waits."""
    m = Module()
    core = Around(m, chip, at_will=at_will)
    absent = {Target.BASIS} if chip.factors is None else set()
    absent |= set() if chip.hidden else {Target.HIDDEN_ROWS}
    targets = [target for target in Target if target not in absent]
    there = Cat(core.units.payload.target == target for target in targets).any()
    m.d.comb += Assume(~core.units.valid | there)  # the headers of others are refused
    m.d.comb += Assert(kept(m, core.network.busy, core.network.n_classes))
    m.d.comb += [Assert(fact) for fact in (*no_unit_is_lost(core), *units_wait(m, core))]
    prove(m, core.free)


@pytest.mark.parametrize(
    "chip", [CHIP, FACTORS, HIDDEN, TRAINED], ids=["independent", "factors", "hidden", "trained"]
)
def test_ways_of_the_core_keep_the_rules(chip: ChipParams) -> None:
    prove_core(chip)


def test_a_learner_that_closes_at_will_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_core(at_will=True)


def prove_exemplars(target: Target, *, whole: bool = True, depth: int = 2) -> None:
    """Prove of exemplars in packets and of pictures that one ends before another begins.

    Packets are `whole`, or that is the fault.
    """
    m = Module()
    core = Around(m)
    vectors, unit = opened(core.regroup), core.units
    way, name, number = {
        Target.LEARN: (core.latent_buffer.i, "learning", 0),
        Target.COUNT: (core.learner.exemplars, "counting", 1),
        Target.HEAD_EXEMPLAR: (core.head.exemplars, "heading", 3),
    }[target]
    inside, given = (inner_signal(core.inner, name) for name in (name, f"given_{number}"))
    beat, last = inner_signal(vectors, "beat"), core.regroup.o.payload.last
    begun, of_picture = Signal(), Signal()  # an exemplar, and where it comes from
    with m.If(taken(way)):
        m.d.sync += [begun.eq(~way.payload.last), of_picture.eq(inside)]
    if whole:
        rest_of_packet = begun & ~of_picture & unit.valid
        m.d.comb += Assume(~rest_of_packet | (unit.payload.target == target))
    m.d.comb += [
        Assert(~begun | (of_picture == inside)),
        # On the way: the rest of the vector of a picture is still to come.
        Assert(beat < CHIP.latent.beats),
        Assert(~given | in_state(vectors, "beats")),
        Assert(~(begun & of_picture) | Mux(given, ~last, beat != 0)),
    ]
    prove(m, core.free, depth=depth)


@pytest.mark.parametrize("target", EXEMPLARS, ids=["learn", "count", "train"])
def test_exemplars_never_mix(target) -> None:
    prove_exemplars(target)


# One way stands for all: the same proof refutes the same fault of each.
@pytest.mark.parametrize("target", EXEMPLARS[-1:], ids=["train"])
def test_a_picture_within_a_packet_is_refuted(target) -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_exemplars(target, whole=False, depth=8)


def keep_port_rules(m: Module, chip: Chip, prefix: str, *payload: str) -> None:
    """Assert that what a master's port of the chip offers stays until it is taken."""
    valid, ready = (getattr(chip, f"{prefix}{name}") for name in ("valid", "ready"))
    offer = Cat(valid, *(getattr(chip, f"{prefix}{name}") for name in payload))
    m.d.comb += Assert(kept(m, valid & ~ready, offer))


def keep_answers(m: Module, chip: Chip, request: str, answer: str) -> None:
    """Assert that a channel has an answer for each request, no sooner and no more."""
    asked, answered = (
        getattr(chip, f"s_axil_{name}valid") & getattr(chip, f"s_axil_{name}ready")
        for name in (request, answer)
    )
    waiting = Signal(2, name=f"waiting_{request}")  # requests without an answer
    m.d.sync += waiting.eq(waiting + asked - answered)
    held = ~getattr(chip, f"s_axil_{request}ready")
    m.d.comb += Assert(waiting == held + getattr(chip, f"s_axil_{answer}valid"))


def test_ports_of_the_chip_keep_the_rules_of_their_buses() -> None:
    m, block = Module(), Chip(CHIP)
    m.submodules.block = inner = opened(block)
    core = inner.submodules.core._elaboratable_  # beneath its reset
    free = cut(m, core, unless=inner.submodules.registers.control_soft_reset)
    keep_port_rules(m, block, "m_axis_t", "data", "last", "user")
    keep_port_rules(m, block, "s_axil_b", "resp")
    keep_port_rules(m, block, "s_axil_r", "data", "resp")
    for request, answer in (("aw", "b"), ("w", "b"), ("ar", "r")):
        keep_answers(m, block, request, answer)
    s_axis = Cat(block.s_axis_tvalid, block.s_axis_tdata, block.s_axis_tkeep, block.s_axis_tlast)
    m.d.comb += Assert(block.m_axis_tkeep.all())
    m.d.comb += Assume(kept(m, block.s_axis_tvalid & ~block.s_axis_tready, s_axis))
    prove(m, [*free, *free_inputs(block)])


def test_packets_leave_whole() -> None:
    """Whatever comes and is aborted: no kind of packet within another one."""
    m, block = Module(), Output()
    m.submodules.block = inner = opened(block)
    inside, ending, turn = (inner_signal(inner, name) for name in ("inside", "cut", "turn"))
    o, open_, kind = block.o, Signal(), Signal(3)  # a packet of some kind has begun outside
    with m.If(o.valid & o.ready):
        m.d.sync += [open_.eq(~o.payload.last), kind.eq(o.payload.user.kind)]
    begun = Mux(o.valid, ~o.payload.last, open_)  # with the word on offer, too
    m.d.comb += [
        Assert(~(o.valid & open_) | (o.payload.user.kind == kind)),
        Assert(~begun | inside | ending),
        Assert(~open_ | (o.payload.user.kind == kind)),
        Assert(~(inside | ending) | (turn == o.payload.user.kind)),
    ]
    prove(m, free_inputs(block))
