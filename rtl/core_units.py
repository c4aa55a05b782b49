# SPDX-License-Identifier: MIT
"""The ways into the core: units go to the blocks that their targets name, and wait there.

A unit to learn, to count or to train waits while features go the same way, so that exemplars never
mix, and so does a seed, so that it changes no draw before it. Classes, commands and costs wait
until the pictures before them have been answered by prototypes. All units wait while a class is
closed, so that those behind it find it in the table. What changes a draw of the head that learns
waits until the head has drawn, and until a picture that may make it draw has come. The last row of
a basis stays until the basis is there or refused.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring

from golden.params import ChipParams, Stream
from rtl.core_blocks import Blocks, Inside
from rtl.headers import (
    Target,
    class_address_layout,
    head_address_layout,
    hidden_address_layout,
)

__all__ = ["hand_out"]


def hand_out(
    m: Module, params: ChipParams, units: stream.Interface, blocks: Blocks, inside: Inside
) -> None:
    """Route units to the blocks that their targets name.

    Parameters
    ----------
    m : Module
        What it becomes a part of.
    params : ChipParams
    units : stream.Interface
        Those of `rtl.headers.unit_layout`.
    blocks : Blocks
    inside : Inside
    """
    _offer(m, params, units, blocks, inside)
    unit = units.payload
    with m.If(blocks.learner.closing):
        if params.counter is not None:
            wiring.connect(m, blocks.learner.append, blocks.sampler.append)
            wiring.connect(m, blocks.learner.rows, blocks.sampler.rows)
    with m.Else():
        _give_class(m, params, units, blocks)
        with m.Switch(unit.target):
            for target, way, open_ in _ways(params, blocks, inside):
                with m.Case(target), m.If(open_):
                    m.d.comb += [way.valid.eq(units.valid), units.ready.eq(way.ready)]
            if params.factors:
                with m.Case(Target.BASIS):
                    _give_basis(m, units, blocks, inside)
            with m.Case(Target.SEEDS):
                _give_seed(m, units, blocks, inside)
            with m.Default():
                load = blocks.network.load
                m.d.comb += [load.valid.eq(units.valid), units.ready.eq(load.ready)]


def _ways(
    params: ChipParams, blocks: Blocks, inside: Inside
) -> list[tuple[Target, stream.Interface, Value]]:
    """Return for each target where its units go, and whether they may go now."""
    network, sampler, learner = blocks.network, blocks.sampler, blocks.learner
    latent_buffer, head = blocks.latent_buffer, blocks.head_trainer
    counting, answering, always = ~inside.counting, ~inside.answering, Const(1)
    drawn = ~inside.replaying(blocks)
    # Without a class, the head draws from the latent buffer, or from nothing; and requests that
    # were made before it may wait for the first class.
    settled = drawn | (sampler.n_classes == 0)
    given = ~(inside.heading | inside.learning)
    return [
        (Target.PIXELS, network.pixels, inside.filling),
        (Target.APPEND, sampler.append, answering & settled),
        (Target.ROWS, sampler.rows, always),
        (Target.LEARN, latent_buffer.i, ~inside.learning & drawn),
        (Target.CLASS_THRESHOLDS, sampler.weights, drawn),
        (Target.COUNT, learner.exemplars, counting),
        (Target.COMMAND, learner.commands, counting & answering & settled),
        (Target.TABLE, learner.table, answering),
        (Target.HEAD_COMMAND, head.commands, given),
        (Target.HEAD_ROWS, head.writes, given),
        (Target.HEAD_EXEMPLAR, head.exemplars, given),
        *([(Target.HIDDEN_ROWS, head.hidden_writes, given)] if params.hidden else []),
    ]


def _offer(
    m: Module, params: ChipParams, units: stream.Interface, blocks: Blocks, inside: Inside
) -> None:
    """Show the fields of a unit to all blocks that could take it."""
    unit, network, sampler, learner = units.payload, blocks.network, blocks.sampler, blocks.learner
    load, head, asked = network.load, blocks.head_trainer, blocks.head_trainer.commands.payload
    named = head_address_layout()(unit.address)
    m.d.comb += [
        load.payload.target.eq(unit.target),
        load.payload.address.eq(unit.address),
        load.payload.lane.eq(unit.index),
        load.payload.data.eq(unit.data),
        network.pixels.payload.eq(unit.data),
        sampler.weights.payload.index.eq(unit.address),
        sampler.weights.payload.threshold.eq(unit.data),
        learner.commands.payload.operation.eq(unit.data),
        learner.commands.payload.slot.eq(unit.index),
        learner.commands.payload.label.eq(unit.address),
        learner.table.payload.row.eq(unit.address),
        Cat(learner.table.payload.weight, learner.table.payload.base).eq(unit.data),
        asked.operation.eq(unit.data),
        asked.given.eq(unit.index),
        asked.classes.eq(named.classes),
        asked.draws.eq(named.draws),
        head.writes.payload.row.eq(unit.address),
        head.writes.payload.weights.eq(unit.data),
        *(
            [seeds.payload.stream.eq(unit.address), seeds.payload.seed.eq(unit.data)]
            for seeds in (sampler.seeds, blocks.latent_buffer.seeds, head.seeds)
        ),
    ]
    if params.hidden:
        m.d.comb += [
            head.hidden_writes.payload.row.eq(hidden_address_layout()(unit.address).row),
            head.hidden_writes.payload.bits.eq(unit.data),
        ]
    for of_picture, way in (
        (inside.learning, blocks.latent_buffer.i),
        (inside.counting, learner.exemplars),
        (inside.heading, head.exemplars),
    ):
        with m.If(~of_picture):
            m.d.comb += [
                way.payload.bits.eq(unit.data),
                way.payload.label.eq(unit.index),
                way.payload.last.eq(unit.last),
            ]


def _give_class(m: Module, params: ChipParams, units: stream.Interface, blocks: Blocks) -> None:
    """Let the units of a class go to the prototypes."""
    unit, sampler = units.payload, blocks.sampler
    m.d.comb += [
        sampler.append.payload.count.eq(unit.index),
        sampler.append.payload.thresholds.eq(unit.data),
        sampler.rows.payload.eq(unit.data),
    ]
    if params.shared:
        given = class_address_layout()(unit.address)
        label = Mux(given.numbered, given.label, sampler.n_classes)
        m.d.comb += sampler.append.payload.label.eq(label)


def _give_seed(m: Module, units: stream.Interface, blocks: Blocks, inside: Inside) -> None:
    """Let the seed of a stream go to the block that has it, when no word of it is being used."""
    head, stream_of = blocks.head_trainer, units.payload.address
    of_rival = Cat(stream_of == number for number in (Stream.RESERVOIR, Stream.EXEMPLAR)).any()
    of_head = stream_of == Stream.ROUNDING
    # The sampler ignores seeds of streams that it has not, and so does a head that is not there.
    for way, wanted in (
        (blocks.latent_buffer, of_rival),
        (head, of_head),
        (blocks.sampler, ~(of_rival | of_head)),
    ):
        with m.If(wanted & head.settled & ~(inside.learning | inside.heading)):
            m.d.comb += [way.seeds.valid.eq(units.valid), units.ready.eq(way.seeds.ready)]


def _give_basis(m: Module, units: stream.Interface, blocks: Blocks, inside: Inside) -> None:
    """Give an exponent and then the rows of a basis, and keep the last until it is loaded."""
    sampler, unit = blocks.sampler, units.payload
    begun, given = Signal(name="basis_begun"), Signal(name="basis_given")
    row = sampler.loadings
    m.d.comb += [
        sampler.basis.valid.eq(units.valid & ~begun & ~inside.replaying(blocks)),
        sampler.basis.payload.eq(unit.address),
        row.valid.eq(units.valid & begun & ~given),
        row.payload.eq(unit.data),
        units.ready.eq(Mux(unit.last, given & ~sampler.loading, begun & row.ready)),
    ]
    with m.If(sampler.basis.valid & sampler.basis.ready):
        m.d.sync += begun.eq(1)
    with m.If(row.valid & row.ready & unit.last):
        m.d.sync += given.eq(1)
    with m.If(units.valid & units.ready & unit.last):
        m.d.sync += [begun.eq(0), given.eq(0)]
