# SPDX-License-Identifier: MIT
"""The chip without its buses: the blocks and their connections."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams
from golden.params.chip import LABEL_WIDTH
from rtl.core_blocks import Blocks, Inside, join_blocks
from rtl.core_draws import draw_exemplars
from rtl.core_packets import Taker, picture_layout, send_features, send_result
from rtl.core_units import hand_out
from rtl.core_values import COUNTERS, ERRORS, EVENTS, STATES, show
from rtl.core_watch import show_watch, watch_ports
from rtl.headers import Target, unit_layout
from rtl.output import Kind, source_layout
from rtl.requests import COUNT_WIDTH, Source

__all__ = ["Core"]


class Core(wiring.Component):
    """The blocks of the chip: units come in, packets go out.

    Units go in order to the block that their target names, and wait as `rtl.core_units` says.
    Pixels wait until the picture before them has left completely. The first pixel of a picture
    brings its label and says what its features are given to. It also fixes the settings `output_*`
    and `classes_seen` for the picture.

    Requests run in parallel. There are no registers between the blocks, so latency and throughput
    are those of the blocks. Reset ends everything; the blocks say what their memories keep. A chip
    without a class counter, a classifier by prototypes or a head that learns has zeros where it
    would speak.

    Parameters
    ----------
    params : ChipParams

    Members
    -------
    units : In(stream.Signature(unit_layout(params)))
        Units of packets.
    result, features, exemplar, latent, answer, head_answer, head_rows : Out
        Packets of `rtl.output.source_layout`, as in `rtl.output.Output`.
    control_draw, output_*, draw_source_*, draw_count, classes_seen : In
        Settings and commands of `rtl.registers`.
    status_*, errors_*, draw_left, n_classes, n_components, pictures, exemplars, learned, recalled,
    row_reads, plane_reads, counted, count_reads, answers, answer_reads, trained, batches, hits,
    head_reads, head_writes, factor_reads : Out
        Values of its registers.
    irq_pending_* : Out(1)
        High for a cycle, one after `pictures`, `learned`, `n_classes`, `counted` or `batches` has
        counted, or `draw_left` or `status_closing` has come to 0. Not after a reset, and not for
        the requests of the head that learns.
    corrected, uncorrected, corrected_clear, uncorrected_clear, begin_test, memory_test_*,
    failing_*, failure_*, scrub_*
        With a watch: as of `rtl.core_watch.watch_ports`.
    """

    def __init__(self, params: ChipParams) -> None:
        self.params = params
        super().__init__({
            "units": In(stream.Signature(unit_layout(params))),
            **{kind.name.lower(): Out(stream.Signature(source_layout())) for kind in Kind},
            "control_draw": In(1),
            **{f"output_{kind}": In(1) for kind in ("class", "logits", "features", "answer")},
            "draw_source_source": In(Source),
            "draw_source_label": In(LABEL_WIDTH),
            "draw_count": In(COUNT_WIDTH),
            "classes_seen": In(32),
            **{f"status_{name}": Out(1) for name in STATES},
            **{f"errors_{name}": Out(1) for name in ERRORS},
            "draw_left": Out(COUNT_WIDTH),
            "n_classes": Out(32),
            "n_components": Out(32),
            **dict.fromkeys(COUNTERS, Out(32)),
            **{f"irq_pending_{name}": Out(1) for name in EVENTS},
            **watch_ports(params),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, blocks = self.params, join_blocks(m, self.params)
        learner, head = blocks.learner, blocks.head_trainer
        picture = Signal(picture_layout(p))
        inside = self._inside(m, picture, blocks)
        self._admit(m, picture, blocks, inside)
        hand_out(m, p, self.units, blocks, inside)
        send_result(m, blocks.network.logits, picture, self.result)
        wiring.connect(m, blocks.network.features, blocks.regroup.i)
        send_features(
            m, blocks.regroup.o, picture, self.features, self._takers(picture, blocks, inside)
        )
        draw_exemplars(m, p, self, blocks)
        wiring.connect(m, learner.answer, wiring.flipped(self.answer))
        wiring.connect(m, head.answers, wiring.flipped(self.head_answer))
        wiring.connect(m, head.rows, wiring.flipped(self.head_rows))
        show(m, p, self, blocks)
        show_watch(m, p, self, blocks.sampler)
        return m

    def _inside(self, m: Module, picture: View, blocks: Blocks) -> Inside:
        """Say what the picture inside is for."""
        there = Signal()
        inside = Inside(*(Signal(name=name) for name in Inside._fields))
        m.d.comb += [
            there.eq(blocks.network.busy | ~blocks.regroup.idle),
            inside.learning.eq(picture.to.learn & there),
            inside.counting.eq(picture.to.count & there),
            inside.answering.eq((picture.send_answer & there) | blocks.learner.answering),
            inside.heading.eq(picture.to.train & there),
        ]
        return inside

    def _admit(self, m: Module, picture: View, blocks: Blocks, inside: Inside) -> None:
        """Let a picture begin; `inside.filling` is set while its pixels come."""
        unit, network, filling = self.units.payload, blocks.network, inside.filling
        fresh, most = Signal(), self.params.accelerator.classes
        to = Signal.like(picture.to)
        m.d.comb += [
            to.eq(unit.address),
            fresh.eq(self.units.valid & (unit.target == Target.PIXELS) & ~filling),
            network.n_classes.eq(picture.n_classes),
        ]
        # What the latent buffer learns could change what the head draws from it.
        waits = blocks.learner.closing | (to.learn & blocks.head_trainer.drawing)
        with m.If(fresh & ~network.busy & blocks.regroup.idle & ~waits):
            m.d.sync += [
                filling.eq(1),
                picture.to.eq(to),
                picture.label.eq(unit.index),
                picture.send_class.eq(self.output_class),
                picture.send_logits.eq(self.output_logits),
                picture.send_features.eq(self.output_features),
                picture.send_answer.eq(self.output_answer & (self.params.classifier is not None)),
                picture.n_classes.eq(Mux(self.classes_seen > most, most, self.classes_seen)),
            ]
        with m.If(network.pixels.valid & network.pixels.ready & unit.last):
            m.d.sync += filling.eq(0)

    def _takers(self, picture: View, blocks: Blocks, inside: Inside) -> list[Taker]:
        """Return who may be given the features of the picture inside, with the streams for them."""
        to, label, learner = picture.to, picture.label, blocks.learner
        return [
            Taker(to.learn, inside.learning, blocks.latent_buffer.i, label),
            Taker(to.count, inside.counting, learner.exemplars, to.slot),
            Taker(picture.send_answer, inside.answering, learner.pictures, label),
            Taker(to.train, inside.heading, blocks.head_trainer.exemplars, label),
        ]
