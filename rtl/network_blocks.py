# SPDX-License-Identifier: MIT
"""The blocks of the machine that runs networks, and the wires between them."""

from typing import NamedTuple

from amaranth.hdl import Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring

from golden.params import AcceleratorParams
from rtl.collector import Collector
from rtl.descriptor import Operation, tag_layout
from rtl.fetch import Fetch
from rtl.gather import Gather
from rtl.head import Head, logit_layout
from rtl.intake import Intake
from rtl.mvu import Mvu
from rtl.pool import Pool
from rtl.skid import Skid
from rtl.strip import step_layout
from rtl.unit_join import UnitJoin
from rtl.window import Window

__all__ = ["NetworkBlocks", "join_blocks", "pass_tiles", "read_words"]


class NetworkBlocks(NamedTuple):
    """The blocks of the machine. `gather` is None if it gathers no windows.

    `mvu` is the matrix-vector unit, or what joins the units side by side.
    """

    intake: Intake
    window: Window
    skid: Skid
    fetch: Fetch
    gather: Gather | None
    mvu: Mvu | UnitJoin
    collector: Collector
    pool: Pool
    head: Head
    feature_skid: Skid
    logit_skid: Skid


def join_blocks(m: Module, params: AcceleratorParams) -> NetworkBlocks:
    """Make the blocks of a machine, as its submodules."""
    blocks = NetworkBlocks(
        intake=Intake(params),
        window=Window(params),
        # Without it, whoever makes the units wait decides in the same cycle which loop moves.
        skid=Skid(step_layout(params)),
        fetch=Fetch(params),
        gather=Gather(params) if params.gathers else None,
        mvu=_mvu(m, params),
        collector=Collector(params),
        pool=Pool(params.mvu.simd, unsigned(1)),
        head=Head(params),
        # Without them, whoever takes what leaves stalls all blocks in the same cycle.
        feature_skid=Skid(unsigned(params.mvu.simd)),
        logit_skid=Skid(logit_layout(params)),
    )
    for name, block in blocks._asdict().items():
        if block is not None:
            m.submodules["unit_join" if isinstance(block, UnitJoin) else name] = block
    return blocks


def _mvu(m: Module, params: AcceleratorParams) -> Mvu | UnitJoin:
    """Return the matrix-vector unit, or the join of those side by side, which are submodules."""
    tag = tag_layout(params)
    if params.units == 1:
        return Mvu(params.mvu, tag)
    join = UnitJoin(params, tag)
    for n in range(params.units):
        m.submodules[f"mvu_{n}"] = unit = Mvu(params.mvu, tag)
        wiring.connect(m, join.units[n], unit)
    return join


def read_words(
    m: Module,
    blocks: NetworkBlocks,
    descriptor: data.View,
    reading: Value,
    fresh: Value,
    features: stream.Interface,
) -> None:
    """Read the words of the layer and offer them to the unit that its operation names.

    Parameters
    ----------
    m : Module
        What the wires become a part of.
    blocks : NetworkBlocks
    descriptor : View
        Layer, held while anything of it is inside.
    reading : Value
        The window has not taken the last step of the layer.
    fresh : Value
        First cycle of a layer.
    features : stream.Interface
        Where the words of a layer of features go.
    """
    window, skid, fetch, mvu, pool = (
        blocks.window, blocks.skid, blocks.fetch, blocks.mvu, blocks.pool
    )  # fmt: skip
    step, may_pass, leaving = fetch.o.payload, _may_pass(m, blocks), blocks.feature_skid
    wiring.connect(m, window.o, skid.i)
    m.d.comb += [
        window.i.valid.eq(reading),
        window.i.payload.eq(descriptor),
        fetch.i.payload.eq(skid.o.payload),
        fetch.i.valid.eq(skid.o.valid & may_pass),
        skid.o.ready.eq(fetch.i.ready & may_pass),
        fetch.source.eq(descriptor.source),
        mvu.i.payload.eq(step),
        pool.i.payload.x.eq(step.x),
        pool.i.payload.last.eq(step.last),
        leaving.i.payload.eq(step.x),
        features.payload.x.eq(leaving.o.payload),
        features.valid.eq(leaving.o.valid),
        leaving.o.ready.eq(features.ready),
    ]
    users = {
        (Operation.NEURONS, Operation.LOGITS): mvu.i,
        (Operation.POOL,): pool.i,
        (Operation.FEATURES,): leaving.i,
    }
    with m.Switch(descriptor.operation):
        for operations, user in users.items():
            with m.Case(*operations):
                m.d.comb += [user.valid.eq(fetch.o.valid), fetch.o.ready.eq(user.ready)]
    if blocks.gather is not None:
        _gather_windows(m, blocks, blocks.gather, descriptor, fresh)


def _may_pass(m: Module, blocks: NetworkBlocks) -> Value:
    """Return whether the step that waits may be read; always, if no map is read as it comes."""
    if blocks.gather is None:
        return Const(1)
    m.d.comb += blocks.intake.step.eq(blocks.skid.o.payload)
    return blocks.intake.may_pass


def _gather_windows(
    m: Module, blocks: NetworkBlocks, gather: Gather, descriptor: data.View, fresh: Value
) -> None:
    """Let the windows of a layer that says so be gathered before the neurons see them."""
    mvu, steps = blocks.mvu, blocks.fetch.o
    m.d.comb += [
        gather.start.eq(fresh),
        gather.channels.eq(descriptor.group_inputs),
        gather.words.eq(descriptor.gathered),
        gather.outputs.eq(descriptor.group_outputs),
        *(getattr(gather, n).eq(descriptor[n]) for n in ("tile_step", "weight", "tile")),
        gather.i.payload.eq(steps.payload),
    ]
    with m.If((descriptor.operation == Operation.NEURONS) & (descriptor.gathered != 0)):
        m.d.comb += [
            blocks.window.i.payload.group_outputs.eq(1),  # a window is read once for all tiles
            gather.i.valid.eq(steps.valid),
            steps.ready.eq(gather.i.ready),
            mvu.i.valid.eq(gather.o.valid),
            mvu.i.payload.eq(gather.o.payload),
            gather.o.ready.eq(mvu.i.ready),
        ]


def pass_tiles(
    m: Module,
    blocks: NetworkBlocks,
    descriptor: data.View,
    n_classes: Value,
    logits: stream.Interface,
) -> None:
    """Pass the tiles of the matrix-vector units to the collector or to the head.

    Parameters
    ----------
    m : Module
        What the wires become a part of.
    blocks : NetworkBlocks
    descriptor : View
        Layer, held while anything of it is inside.
    n_classes : Value
        Classes seen so far.
    logits : stream.Interface
        Where the logits go.
    """
    mvu, collector, head = blocks.mvu, blocks.collector, blocks.head
    tile, is_head = mvu.o.payload, Signal()
    m.d.comb += [
        is_head.eq(descriptor.operation == Operation.LOGITS),
        collector.i.valid.eq(mvu.o.valid & ~is_head),
        collector.i.payload.bits.eq(tile.bits),
        collector.i.payload.tag.eq(tile.tag),
        collector.whole.eq(descriptor.whole),
        collector.place_stride.eq(descriptor.place_stride),
        collector.pixel_words.eq(descriptor.pixel_words),
        *([collector.tile_step.eq(descriptor.tile_step)] if collector.params.units > 1 else []),
        head.i.valid.eq(mvu.o.valid & is_head),
        head.i.payload.counts.eq(tile.counts),
        head.i.payload.lanes.eq(tile.tag.lanes),
        head.i.payload.last.eq(tile.tag.end),
        head.concat.eq(descriptor.concat),
        head.n_classes.eq(n_classes),
        mvu.o.ready.eq(Mux(is_head, head.i.ready, collector.i.ready)),
        logits.payload.eq(blocks.logit_skid.o.payload),
        logits.valid.eq(blocks.logit_skid.o.valid),
        blocks.logit_skid.o.ready.eq(logits.ready),
    ]
    wiring.connect(m, head.o, blocks.logit_skid.i)
