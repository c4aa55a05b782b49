# SPDX-License-Identifier: MIT
"""The chip without its buses: the blocks and their connections."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams, Stream
from golden.params.machine import LABEL_WIDTH
from rtl.core_packets import (
    Taker,
    ends,
    picture_layout,
    send_exemplars,
    send_features,
    send_result,
    tell_more,
)
from rtl.correlated import CorrelatedSampler
from rtl.dispatch import Target, class_address_layout, unit_layout
from rtl.latent_buffer import LatentBuffer
from rtl.learner import Learner
from rtl.network import Network
from rtl.output import source_layout
from rtl.regroup import Regroup
from rtl.requests import COUNT_WIDTH, Requests, Source
from rtl.sampler import Sampler

__all__ = ["Core"]


class Core(wiring.Component):
    """The blocks of the chip: units come in, packets go out.

    Units go in order to the block that their target names, and wait there. Pixels wait until the
    picture before them has left completely. The first pixel of a picture brings its label and says
    what its features are given to. It also fixes the settings `output_*` and `classes_seen` for the
    picture. A unit to learn or to count waits while features go the same way, so that exemplars
    never mix, and so does a seed, so that it changes no draw before it. Classes, commands and costs
    wait until the pictures before them have been answered by prototypes. All units wait while a
    class is closed, so that those behind it find it in the table. The last row of a basis stays
    until the basis is there or refused.

    Requests run in parallel. There are no registers between the blocks, so latency and throughput
    are those of the blocks. Reset ends everything; the blocks say what their memories keep. A chip
    without a class counter, or without a classifier by prototypes, has zeros where it would speak.

    Parameters
    ----------
    params : ChipParams

    Members
    -------
    units : In(stream.Signature(unit_layout(params)))
        Units of packets.
    result, features, exemplar, latent, answer : Out(stream.Signature(source_layout()))
        Packets, as in `rtl.output.Output`.
    control_draw, output_*, draw_source_*, draw_count, classes_seen : In
        Settings and commands of `rtl.registers`.
    status_*, errors_*, draw_left, n_classes, n_components, pictures, exemplars, learned, recalled,
    row_reads, plane_reads, counted, count_reads, answers, answer_reads, factor_reads : Out
        Values of its registers.
    irq_pending_* : Out(1)
        High for a cycle, one after `pictures`, `learned`, `n_classes` or `counted` has counted, or
        `draw_left` or `status_closing` has come to 0. Not after a reset.
    """

    def __init__(self, params: ChipParams) -> None:
        self.params = params
        packets = stream.Signature(source_layout())
        super().__init__({
            "units": In(stream.Signature(unit_layout(params))),
            "result": Out(packets),
            "features": Out(packets),
            "exemplar": Out(packets),
            "latent": Out(packets),
            "answer": Out(packets),
            "control_draw": In(1),
            "output_class": In(1),
            "output_logits": In(1),
            "output_features": In(1),
            "output_answer": In(1),
            "draw_source_source": In(Source),
            "draw_source_label": In(LABEL_WIDTH),
            "draw_count": In(COUNT_WIDTH),
            "classes_seen": In(32),
            "status_busy": Out(1),
            "status_drawing": Out(1),
            "status_closing": Out(1),
            "status_answering": Out(1),
            "status_basis": Out(1),
            "errors_draw": Out(1),
            "errors_overflow": Out(1),
            "errors_unknown": Out(1),
            "errors_refused": Out(1),
            "errors_full": Out(1),
            "errors_empty": Out(1),
            "errors_closed": Out(1),
            "errors_nameless": Out(1),
            "errors_basis": Out(1),
            "draw_left": Out(COUNT_WIDTH),
            "n_classes": Out(32),
            "n_components": Out(32),
            "pictures": Out(32),
            "exemplars": Out(32),
            "learned": Out(32),
            "recalled": Out(32),
            "row_reads": Out(32),
            "plane_reads": Out(32),
            "irq_pending_picture": Out(1),
            "irq_pending_learned": Out(1),
            "irq_pending_drawn": Out(1),
            "irq_pending_appended": Out(1),
            "irq_pending_counted": Out(1),
            "irq_pending_closed": Out(1),
            "counted": Out(32),
            "count_reads": Out(32),
            "answers": Out(32),
            "answer_reads": Out(32),
            "factor_reads": Out(32),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params
        m.submodules.network = self._network = Network(p.accelerator)
        m.submodules.regroup = self._regroup = Regroup(p)
        made = CorrelatedSampler if p.factors else Sampler
        m.submodules.sampler = self._sampler = made(p.sampler, shared=p.shared)
        m.submodules.latent_buffer = self._latent_buffer = LatentBuffer(p.latent)
        m.submodules.requests = self._requests = Requests(p)
        m.submodules.learner = self._learner = Learner(p)
        if p.shared:
            self._share(m)
        filling = self._admit(m)
        takers = self._takers(m)
        self._hand_out(m, filling)
        send_result(m, self._network.logits, self._picture, self.result)
        wiring.connect(m, self._network.features, self._regroup.i)
        send_features(m, self._regroup.o, self._picture, self.features, takers)
        self._draw(m)
        send_exemplars(m, self._sampler.o, self.exemplar)
        send_exemplars(m, self._latent_buffer.o, self.latent)
        tell_more(m, self.exemplar, p.sampler.draws_per_read)
        wiring.connect(m, self._learner.answer, wiring.flipped(self.answer))
        self._show(m)
        return m

    def _share(self, m: Module) -> None:
        """Let the learner read the prototypes of the sampler."""
        sampler, learner = self._sampler, self._learner
        for name in learner.signature.members:
            if name.startswith("reader_") and name != "reader_go":
                m.d.comb += getattr(sampler, name).eq(getattr(learner, name))
        for name in ("reader_go", "n_classes", "entry", "codes"):
            m.d.comb += getattr(learner, name).eq(getattr(sampler, name))

    def _admit(self, m: Module) -> Signal:
        """Let a picture begin; return a signal that is set while its pixels come."""
        unit, network = self.units.payload, self._network
        self._picture = picture = Signal(picture_layout(self.params))
        filling = Signal()
        fresh = self.units.valid & (unit.target == Target.PIXELS) & ~filling
        with m.If(fresh & ~network.busy & self._regroup.idle & ~self._learner.closing):
            m.d.sync += [
                filling.eq(1),
                picture.to.eq(unit.address),
                picture.label.eq(unit.index),
                picture.send_class.eq(self.output_class),
                picture.send_logits.eq(self.output_logits),
                picture.send_features.eq(self.output_features),
                picture.send_answer.eq(self.output_answer & (self.params.classifier is not None)),
                picture.n_classes.eq(
                    Mux(
                        self.classes_seen > self.params.accelerator.classes,
                        self.params.accelerator.classes,
                        self.classes_seen,
                    )
                ),
            ]
        with m.If(network.pixels.valid & network.pixels.ready & unit.last):
            m.d.sync += filling.eq(0)
        m.d.comb += network.n_classes.eq(picture.n_classes)
        return filling

    def _takers(self, m: Module) -> list[Taker]:
        """Return who may be given the features of the picture inside, with the streams for them."""
        picture, learner = self._picture, self._learner
        inside = Signal()
        m.d.comb += inside.eq(self._network.busy | ~self._regroup.idle)
        self._learning = Signal(name="learning")
        self._counting = Signal(name="counting")
        self._answering = Signal(name="answering")
        m.d.comb += [
            self._learning.eq(picture.to.learn & inside),
            self._counting.eq(picture.to.count & inside),
            self._answering.eq((picture.send_answer & inside) | learner.answering),
        ]
        return [
            Taker(picture.to.learn, self._learning, self._latent_buffer.i, picture.label),
            Taker(picture.to.count, self._counting, learner.exemplars, picture.to.slot),
            Taker(picture.send_answer, self._answering, learner.pictures, picture.label),
        ]

    def _hand_out(self, m: Module, filling: Signal) -> None:
        """Route units to the blocks that their targets name."""
        units, network, sampler, learner = self.units, self._network, self._sampler, self._learner
        unit, load, latent_buffer = units.payload, network.load, self._latent_buffer
        of_sampler, of_latent = sampler.seeds, latent_buffer.seeds
        learning, counting, answering = self._learning, self._counting, self._answering
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
            *(
                [seeds.payload.stream.eq(unit.address), seeds.payload.seed.eq(unit.data)]
                for seeds in (of_sampler, of_latent)
            ),
        ]
        for given, way in ((learning, latent_buffer.i), (counting, learner.exemplars)):
            with m.If(~given):
                m.d.comb += [
                    way.payload.bits.eq(unit.data),
                    way.payload.label.eq(unit.index),
                    way.payload.last.eq(unit.last),
                ]
        with m.If(learner.closing):
            self._write_class(m)
        with m.Else():
            self._write_given_class(m)
            with m.Switch(unit.target):
                for target, way, open_ in (
                    (Target.PIXELS, network.pixels, filling),
                    (Target.APPEND, sampler.append, ~answering),
                    (Target.ROWS, sampler.rows, Const(1)),
                    (Target.LEARN, latent_buffer.i, ~learning),
                    (Target.CLASS_THRESHOLDS, sampler.weights, Const(1)),
                    (Target.COUNT, learner.exemplars, ~counting),
                    (Target.COMMAND, learner.commands, ~counting & ~answering),
                    (Target.TABLE, learner.table, ~answering),
                ):
                    with m.Case(target), m.If(open_):
                        m.d.comb += [way.valid.eq(units.valid), units.ready.eq(way.ready)]
                with m.Case(Target.SEEDS), m.If(~learning):
                    streams = (Stream.RESERVOIR, Stream.EXEMPLAR)
                    of_rival = Cat(unit.address == stream for stream in streams).any()
                    for seeds, wanted in (
                        (of_latent, of_rival),
                        (of_sampler, ~of_rival),  # it ignores those of streams that it has not
                    ):
                        with m.If(wanted):
                            m.d.comb += [seeds.valid.eq(units.valid), units.ready.eq(seeds.ready)]
                if self.params.factors:
                    with m.Case(Target.BASIS):
                        self._give_basis(m)
                with m.Default():
                    m.d.comb += [load.valid.eq(units.valid), units.ready.eq(load.ready)]

    def _give_basis(self, m: Module) -> None:
        """Give an exponent and then the rows of a basis, and keep the last until it is loaded."""
        units, sampler = self.units, self._sampler
        begun, given = Signal(name="basis_begun"), Signal(name="basis_given")
        row = sampler.loadings
        m.d.comb += [
            sampler.basis.valid.eq(units.valid & ~begun),
            sampler.basis.payload.eq(units.payload.address),
            row.valid.eq(units.valid & begun & ~given),
            row.payload.eq(units.payload.data),
            units.ready.eq(Mux(units.payload.last, given & ~sampler.loading, begun & row.ready)),
        ]
        with m.If(sampler.basis.valid & sampler.basis.ready):
            m.d.sync += begun.eq(1)
        with m.If(row.valid & row.ready & units.payload.last):
            m.d.sync += given.eq(1)
        with m.If(units.valid & units.ready & units.payload.last):
            m.d.sync += [begun.eq(0), given.eq(0)]

    def _write_given_class(self, m: Module) -> None:
        """Let the units of a class go to the prototypes."""
        unit, sampler = self.units.payload, self._sampler
        m.d.comb += [
            sampler.append.payload.count.eq(unit.index),
            sampler.append.payload.thresholds.eq(unit.data),
            sampler.rows.payload.eq(unit.data),
        ]
        if self.params.shared:
            given = class_address_layout()(unit.address)
            label = Mux(given.numbered, given.label, sampler.n_classes)
            m.d.comb += sampler.append.payload.label.eq(label)

    def _write_class(self, m: Module) -> None:
        """Let a class that was counted go to the prototypes."""
        if self.params.counter is not None:
            wiring.connect(m, self._learner.append, self._sampler.append)
            wiring.connect(m, self._learner.rows, self._sampler.rows)

    def _draw(self, m: Module) -> None:
        """Let exemplars be drawn."""
        sampler, latent_buffer, requests = self._sampler, self._latent_buffer, self._requests
        wiring.connect(m, sampler.requests, requests.picked)
        wiring.connect(m, requests.sampler, sampler.i)
        wiring.connect(m, requests.latent, latent_buffer.requests)
        m.d.comb += [
            sampler.request_en.eq(requests.pick),
            requests.start.eq(self.control_draw),
            requests.source.eq(self.draw_source_source),
            requests.label.eq(self.draw_source_label),
            requests.count.eq(self.draw_count),
        ]

    def _show(self, m: Module) -> None:
        """Drive the values of the registers, and count."""
        network, sampler, requests = self._network, self._sampler, self._requests
        learned, learner = self._latent_buffer.i, self._learner
        m.d.comb += [
            self.status_busy.eq(network.busy),
            self.status_drawing.eq(requests.left != 0),
            self.status_closing.eq(learner.closing),
            self.status_answering.eq(learner.answering),
            self.errors_draw.eq(requests.ignored),
            self.errors_overflow.eq(sampler.overflow),
            self.errors_unknown.eq(sampler.unknown),
            self.errors_refused.eq(self._latent_buffer.unknown),
            *(
                getattr(self, f"errors_{flag}").eq(getattr(learner, flag))
                for flag in ("full", "empty", "closed", "nameless")
            ),
            self.draw_left.eq(requests.left),
            self.n_classes.eq(sampler.n_classes),
            self.n_components.eq(sampler.n_components),
            self.status_basis.eq(sampler.loaded if self.params.factors else 0),
            self.errors_basis.eq(sampler.refused if self.params.factors else 0),
        ]
        busy_before = Signal()
        m.d.sync += busy_before.eq(network.busy)
        for counter, step in (
            (self.pictures, busy_before & ~network.busy),
            (self.exemplars, ends(self.exemplar)),
            (self.learned, ends(learned)),
            (self.recalled, ends(self.latent)),
            (self.row_reads, sampler.row_read),
            (self.plane_reads, Mux(sampler.plane_read, len(self.params.sampler.streams), 0)),
            (self.counted, ends(learner.exemplars)),
            (self.count_reads, learner.count_read),
            (self.answers, ends(self.answer)),
            (self.answer_reads, learner.reader_row_en),
            (self.factor_reads, sampler.factor_used if self.params.factors else 0),
        ):
            m.d.sync += counter.eq(counter + step)
        drawing_before, closing_before = Signal(), Signal()
        classes_before = Signal.like(self.n_classes)
        m.d.sync += [
            drawing_before.eq(self.status_drawing),
            closing_before.eq(self.status_closing),
            classes_before.eq(self.n_classes),
            self.irq_pending_picture.eq(busy_before & ~network.busy),
            self.irq_pending_learned.eq(ends(learned)),
            self.irq_pending_drawn.eq(drawing_before & ~self.status_drawing),
            self.irq_pending_appended.eq(classes_before != self.n_classes),
            self.irq_pending_counted.eq(ends(learner.exemplars)),
            self.irq_pending_closed.eq(closing_before & ~self.status_closing),
        ]
