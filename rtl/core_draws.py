# SPDX-License-Identifier: MIT
"""Exemplars that the core draws: for packets, or for the head that learns."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring

from golden.params import ChipParams
from rtl.core_blocks import Blocks
from rtl.core_packets import send_exemplars, tell_more
from rtl.requests import Source

__all__ = ["draw_exemplars"]


def draw_exemplars(
    m: Module, params: ChipParams, ports: wiring.PureInterface, blocks: Blocks
) -> None:
    """Let exemplars be drawn at a start, and for commands to the head.

    The head keeps the source that holds when its command is taken. A start is ignored while the
    head draws, and the head does not begin while a start is served. So an exemplar on its way is
    either for a packet or for the head.

    Parameters
    ----------
    m : Module
        What it becomes a part of.
    params : ChipParams
    ports : PureInterface
        Those of the core.
    blocks : Blocks
    """
    sampler, latent_buffer, requests = blocks.sampler, blocks.latent_buffer, blocks.requests
    head, late = blocks.head_trainer, Signal()
    source, label = Signal(Source), Signal.like(ports.draw_source_label)
    wiring.connect(m, sampler.requests, requests.picked)
    wiring.connect(m, requests.sampler, sampler.i)
    wiring.connect(m, requests.latent, latent_buffer.requests)
    with m.If(head.commands.valid & head.commands.ready):
        m.d.sync += [source.eq(ports.draw_source_source), label.eq(ports.draw_source_label)]
    m.d.sync += late.eq(ports.control_draw & head.drawing)
    m.d.comb += [
        sampler.request_en.eq(requests.pick),
        requests.start.eq(Mux(head.drawing, head.start, ports.control_draw)),
        requests.source.eq(Mux(head.drawing, source, ports.draw_source_source)),
        requests.label.eq(Mux(head.drawing, label, ports.draw_source_label)),
        requests.count.eq(Mux(head.drawing, head.draws, ports.draw_count)),
        ports.errors_draw.eq(requests.ignored | late),
        head.drawable.eq(_drawable(params, ports, blocks)),
        head.draws_ended.eq((requests.left == 0) & ~sampler.busy & ~latent_buffer.busy),
    ]
    send_exemplars(m, sampler.o, ports.exemplar)
    send_exemplars(m, latent_buffer.o, ports.latent)
    of_latent = source == Source.LATENT
    _take(m, sampler.o, ports.exemplar, head.drawn, head.taking & ~of_latent)
    _take(m, latent_buffer.o, ports.latent, head.drawn, head.taking & of_latent)
    tell_more(m, ports.exemplar, params.sampler.draws_per_read)


def _drawable(params: ChipParams, ports: wiring.PureInterface, blocks: Blocks) -> Value:
    """Return whether `draw_source` names a class that may be there, or a table with a class."""
    source, label, known = ports.draw_source_source, ports.draw_source_label, blocks.sampler
    of_sampler = (source == Source.SAMPLER) & (label < known.n_classes)
    of_selector = (source == Source.SELECTOR) & (known.n_classes != 0)
    return of_sampler | of_selector | ((source == Source.LATENT) & (label < params.latent.classes))


def _take(
    m: Module,
    drawn: stream.Interface,
    packets: stream.Interface,
    way: stream.Interface,
    wanted: Value,
) -> None:
    """Let the head have the beats that would go into packets."""
    with m.If(wanted):
        m.d.comb += [
            packets.valid.eq(0),
            way.valid.eq(drawn.valid),
            way.payload.eq(drawn.payload),
            drawn.ready.eq(way.ready),
        ]
