# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: MIT
"""The ways between blocks, and the ports of the chip: rules of streams, handshakes, whole packets.

Blocks that are proven alone are cut out of those around them: whatever they do within the rules,
all that they are offered keeps the rules, and so does what leaves.
"""

from collections.abc import Iterator

import pytest
from amaranth.hdl import Assert, Assume, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring

from rtl.catalogue import BLOCKS
from rtl.chip import Chip
from rtl.core import Core
from rtl.dispatch import Target
from rtl.latent_buffer import LatentBuffer
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
#: Pins that blocks of the network want held while they offer something.
HELD = {
    "fetch": ("source",),
    "collector": ("whole", "place_stride", "pixel_words"),
    "head": ("concat",),
}


def picture_rules(m: Module, network: wiring.PureInterface) -> list[Value]:
    """Return what is known of `busy`: pixels begin it, and nothing leaves without it."""
    begun = before(m, network.busy | network.pixels.valid)
    return [~network.busy | begun, network.busy | ~(network.features.valid | network.logits.valid)]


def prove_network(complete: bool) -> None:
    """Prove it of programs whose layers end when nothing is inside any more, or of any.

    Those of networks do: their layers are as long as all that they compute. The thermometer stays
    where it is, for it need not be offered anything steadily.
    """
    m, block = Module(), Network(CHIP.accelerator)
    m.submodules.block = inner = opened(block)
    blocks = {
        name: getattr(inner.submodules, name)
        for name in ("window", "fetch", "mvu", "pool", "collector", "head")
    }
    free = [port for part in blocks.values() for port in cut(m, part)]
    window, fetch, mvu = blocks.pop("window"), blocks["fetch"], blocks["mvu"]
    writes = Cat(way.ready for way in (fetch.write, mvu.weights, mvu.thresholds))
    inside = Cat(part.o.valid for part in blocks.values()).any()
    if complete:
        m.d.comb += Assume(~in_state(inner, "idle", "fetch") | ~inside)
    m.d.comb += [
        # What is known of them: a layer is taken with its last step, and a write at once.
        Assume(~window.o.valid | window.i.valid),
        Assume(writes.all()),
    ]
    assert keep_stream_rules(m, block) == 2
    for name, pins in HELD.items():
        for pin in pins:
            m.d.comb += Assert(kept(m, blocks[name].o.valid, getattr(blocks[name], pin)))
    m.d.comb += [Assert(rule) for rule in picture_rules(m, block)]
    m.d.comb += Assert(~(block.load.valid & block.load.ready) | ~block.busy)
    prove(m, [*free, *free_inputs(block)])


def test_ways_of_the_network_keep_the_rules() -> None:
    prove_network(complete=True)


def test_a_program_that_ends_layers_early_is_refuted() -> None:
    with pytest.raises(ProofError, match=r"^FAIL"):
        prove_network(complete=False)


def no_unit_is_lost(
    core: Core, network: Network, sampler: Sampler, latent_buffer: LatentBuffer
) -> Iterator[Value]:
    """Yield for each target that a unit which is taken passes to its block, as it is."""
    unit, learned = core.units.payload, latent_buffer.i
    data = {
        Target.PIXELS: (network.pixels, network.pixels.payload),
        Target.APPEND: (sampler.append, sampler.append.payload.thresholds),
        Target.ROWS: (sampler.rows, sampler.rows.payload),
        Target.LEARN: (learned, learned.payload.bits),
        Target.CLASS_THRESHOLDS: (sampler.weights, sampler.weights.payload.threshold),
    }
    loads = (Target.PROGRAM, Target.WEIGHTS, Target.THRESHOLDS)
    data |= dict.fromkeys(loads, (network.load, network.load.payload.data))
    taken = core.units.valid & core.units.ready
    for target, (way, passing) in data.items():
        value = Value.cast(passing)
        passes = way.valid & way.ready & (value == unit.data[: len(value)])
        yield ~(taken & (unit.target == target)) | passes
    # Streams 19 and 20 are those of the latent buffer, the others those of the sampler.
    seed = Cat(unit.address[:5], unit.data[:64])
    for way, wanted in (
        (sampler.seeds, unit.address < 19),
        (latent_buffer.seeds, unit.address >= 19),
    ):
        passes = way.valid & way.ready & (Value.cast(way.payload) == seed)
        yield ~(taken & (unit.target == Target.SEEDS) & wanted) | passes
        yield ~(way.valid & ~((unit.target == Target.SEEDS) & wanted))


def test_ways_of_the_core_keep_the_rules() -> None:
    m, block = Module(), Core(CHIP)
    m.submodules.block = inner = opened(block)
    network = inner.submodules.network
    blocks = [network, inner.submodules.sampler, inner.submodules.latent_buffer]
    free = [port for part in blocks for port in cut(m, part)]
    assert keep_stream_rules(m, block) == 4
    m.d.comb += [Assume(rule) for rule in picture_rules(m, network)]
    m.d.comb += Assert(kept(m, network.busy, network.n_classes))
    m.d.comb += [Assert(fact) for fact in no_unit_is_lost(block, *blocks)]
    prove(m, [*free, *free_inputs(block)])


def test_exemplars_to_learn_never_mix() -> None:
    """Of packets to learn, which are whole, and of pictures: one ends before another begins."""
    m, block = Module(), Core(CHIP)
    m.submodules.block = inner = opened(block)
    network, regroup = inner.submodules.network, inner.submodules.regroup
    vectors = opened(regroup)
    blocks = [network, inner.submodules.sampler, inner.submodules.latent_buffer]
    free = [port for part in blocks for port in cut(m, part)]
    keep_stream_rules(m, block)
    learning, given = (inner_signal(inner, name) for name in ("learning", "given"))
    beat, last = inner_signal(vectors, "beat"), regroup.o.payload.last
    learned, unit = inner.submodules.latent_buffer.i, block.units
    begun, of_picture = Signal(), Signal()  # an exemplar, and where it comes from
    with m.If(learned.valid & learned.ready):
        m.d.sync += [begun.eq(~learned.payload.last), of_picture.eq(learning)]
    rest_of_packet = begun & ~of_picture & unit.valid
    m.d.comb += [
        *(Assume(rule) for rule in picture_rules(m, network)),
        Assume(~rest_of_packet | (unit.payload.target == Target.LEARN)),
        Assert(~begun | (of_picture == learning)),
        # On the way: the rest of the vector of a picture is still to come.
        Assert(beat < CHIP.latent.beats),
        Assert(~given | in_state(vectors, "beats")),
        Assert(~(begun & of_picture) | Mux(given, ~last, beat != 0)),
    ]
    prove(m, [*free, *free_inputs(block)])


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
