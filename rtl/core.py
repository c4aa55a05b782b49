# SPDX-License-Identifier: MIT
"""The chip without its buses: network, sampler, latent buffer and their connections."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams, Stream
from golden.params.machine import LABEL_WIDTH
from rtl.dispatch import Target, unit_layout
from rtl.latent_buffer import LatentBuffer
from rtl.network import Network
from rtl.output import source_layout
from rtl.regroup import Regroup
from rtl.requests import COUNT_WIDTH, Requests, Source
from rtl.sampler import Sampler

__all__ = ["Core", "picture_layout"]


def picture_layout(params: ChipParams) -> StructLayout:
    """Return the layout of the settings of the current picture."""
    return StructLayout({
        "learn": 1, "label": LABEL_WIDTH,
        "send_class": 1, "send_logits": 1, "send_features": 1,
        "n_classes": range(params.accelerator.classes + 1),
    })  # fmt: skip


class Core(wiring.Component):
    """The blocks of the chip: units come in, packets go out.

    Units go in order to the block that their target names, and wait there. Pixels wait until the
    picture before them has left completely. The first pixel of a picture brings its label and says
    whether its features are to be learned. It also fixes the settings `output_*` and `classes_seen`
    for the picture. A unit to learn waits while features are learned, so that exemplars never mix,
    and so does a seed, so that it changes no draw before it.
    Requests run in parallel. There are no registers between the blocks, so latency and throughput
    are those of the blocks. Reset ends everything; the blocks say what their memories keep.

    Parameters
    ----------
    params : ChipParams

    Members
    -------
    units : In(stream.Signature(unit_layout(params)))
        Units of packets.
    result, features, exemplar, latent : Out(stream.Signature(source_layout()))
        Packets, as in `rtl.output.Output`.
    control_draw, output_*, draw_source_*, draw_count, classes_seen : In
        Settings and commands of `rtl.registers`.
    status_*, errors_*, draw_left, n_classes, n_components, pictures, exemplars, learned, recalled,
    row_reads, plane_reads : Out
        Values of its registers.
    irq_pending_* : Out(1)
        High for a cycle, one after `pictures`, `learned` or `n_classes` has counted, or `draw_left`
        has come to 0. Not after a reset.
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
            "control_draw": In(1),
            "output_class": In(1),
            "output_logits": In(1),
            "output_features": In(1),
            "draw_source_source": In(Source),
            "draw_source_label": In(LABEL_WIDTH),
            "draw_count": In(COUNT_WIDTH),
            "classes_seen": In(32),
            "status_busy": Out(1),
            "status_drawing": Out(1),
            "errors_draw": Out(1),
            "errors_overflow": Out(1),
            "errors_unknown": Out(1),
            "errors_refused": Out(1),
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
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.network = self._network = Network(self.params.accelerator)
        m.submodules.regroup = self._regroup = Regroup(self.params)
        m.submodules.sampler = self._sampler = Sampler(self.params.sampler)
        m.submodules.latent_buffer = self._latent_buffer = LatentBuffer(self.params.latent)
        m.submodules.requests = self._requests = Requests(self.params)
        filling = self._admit(m)
        learning = Signal()
        m.d.comb += learning.eq(self._picture.learn & (self._network.busy | ~self._regroup.idle))
        self._hand_out(m, filling, learning)
        self._send_result(m)
        self._send_features(m, learning)
        self._send_exemplars(m)
        self._show(m)
        return m

    def _admit(self, m: Module) -> Signal:
        """Let a picture begin; return a signal that is set while its pixels come."""
        unit, network = self.units.payload, self._network
        self._picture = picture = Signal(picture_layout(self.params))
        filling = Signal()
        fresh = self.units.valid & (unit.target == Target.PIXELS) & ~filling
        with m.If(fresh & ~network.busy & self._regroup.idle):
            m.d.sync += [
                filling.eq(1),
                picture.learn.eq(unit.address[0]),
                picture.label.eq(unit.index),
                picture.send_class.eq(self.output_class),
                picture.send_logits.eq(self.output_logits),
                picture.send_features.eq(self.output_features),
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

    def _hand_out(self, m: Module, filling: Signal, learning: Signal) -> None:
        """Route units to the blocks that their targets name."""
        units, network, sampler = self.units, self._network, self._sampler
        unit, load, learned = units.payload, network.load, self._latent_buffer.i
        of_sampler, of_latent = sampler.seeds, self._latent_buffer.seeds
        m.d.comb += [
            load.payload.target.eq(unit.target),
            load.payload.address.eq(unit.address),
            load.payload.lane.eq(unit.index),
            load.payload.data.eq(unit.data),
            network.pixels.payload.eq(unit.data),
            sampler.append.payload.count.eq(unit.index),
            sampler.append.payload.thresholds.eq(unit.data),
            sampler.rows.payload.eq(unit.data),
            sampler.weights.payload.index.eq(unit.address),
            sampler.weights.payload.threshold.eq(unit.data),
            *(
                [seeds.payload.stream.eq(unit.address), seeds.payload.seed.eq(unit.data)]
                for seeds in (of_sampler, of_latent)
            ),
        ]
        with m.If(~learning):
            m.d.comb += [
                learned.payload.bits.eq(unit.data),
                learned.payload.label.eq(unit.index),
                learned.payload.last.eq(unit.last),
            ]
        with m.Switch(unit.target):
            for target, way, open_ in (
                (Target.PIXELS, network.pixels, filling),
                (Target.APPEND, sampler.append, Const(1)),
                (Target.ROWS, sampler.rows, Const(1)),
                (Target.LEARN, learned, ~learning),
                (Target.CLASS_THRESHOLDS, sampler.weights, Const(1)),
            ):
                with m.Case(target), m.If(open_):
                    m.d.comb += [way.valid.eq(units.valid), units.ready.eq(way.ready)]
            with m.Case(Target.SEEDS), m.If(~learning):
                for seeds, wanted in (
                    (of_sampler, unit.address < Stream.RESERVOIR),
                    (of_latent, unit.address >= Stream.RESERVOIR),
                ):
                    with m.If(wanted):
                        m.d.comb += [seeds.valid.eq(units.valid), units.ready.eq(seeds.ready)]
            with m.Default():
                m.d.comb += [load.valid.eq(units.valid), units.ready.eq(load.ready)]

    def _send_result(self, m: Module) -> None:
        """Send the logits of a picture, or only the last one, which carries the class."""
        logits, picture, result = self._network.logits, self._picture, self.result
        send, logit = Signal(), Signal(signed(32))
        m.d.comb += [
            logit.eq(logits.payload.logit),
            send.eq(picture.send_class & (picture.send_logits | logits.payload.last)),
            result.valid.eq(logits.valid & send),
            logits.ready.eq(result.ready | ~send),
            result.payload.data.eq(Cat(logit, logits.payload.best)),
            result.payload.label.eq(logits.payload.best),
            result.payload.last.eq(logits.payload.last),
        ]

    def _send_features(self, m: Module, learning: Signal) -> None:
        """Send the features of a picture, give them to the latent buffer, or both."""
        wiring.connect(m, self._network.features, self._regroup.i)
        beat, picture = self._regroup.o, self._picture
        features, learned = self.features, self._latent_buffer.i
        # If a beat is both sent and learned, it is sent only when the buffer takes it. Otherwise a
        # deadlock is possible: a packet of features waits for the buffer, and the buffer waits for
        # one of its exemplars behind that packet. A beat that has to be sent later is given once.
        given = Signal()
        done_sending = ~picture.send_features | features.ready
        done_giving = ~picture.learn | given | learned.ready
        m.d.comb += [
            features.valid.eq(beat.valid & picture.send_features & done_giving),
            features.payload.data.eq(beat.payload.bits),
            features.payload.label.eq(picture.label),
            features.payload.last.eq(beat.payload.last),
            beat.ready.eq(done_sending & done_giving),
        ]
        with m.If(learning):
            m.d.comb += [
                learned.valid.eq(beat.valid & ~given),
                learned.payload.bits.eq(beat.payload.bits),
                learned.payload.label.eq(picture.label),
                learned.payload.last.eq(beat.payload.last),
            ]
        with m.If(beat.valid):
            m.d.sync += given.eq(~beat.ready & (given | (learned.valid & learned.ready)))

    def _send_exemplars(self, m: Module) -> None:
        """Draw exemplars and send them."""
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
        for drawn, packets in ((sampler.o, self.exemplar), (latent_buffer.o, self.latent)):
            m.d.comb += [
                packets.valid.eq(drawn.valid),
                drawn.ready.eq(packets.ready),
                packets.payload.data.eq(drawn.payload.bits),
                packets.payload.label.eq(drawn.payload.label),
                packets.payload.last.eq(drawn.payload.last),
            ]
        # All exemplars of a request end with its last M beats.
        draws = self.params.sampler.draws_per_read
        ended = Signal(range(draws))
        final = ended == draws - 1
        m.d.comb += self.exemplar.payload.more.eq(~final)
        with m.If(self.exemplar.valid & self.exemplar.ready & self.exemplar.payload.last):
            m.d.sync += ended.eq(Mux(final, 0, ended + 1))

    def _show(self, m: Module) -> None:
        """Drive the values of the registers, and count."""
        network, sampler, requests = self._network, self._sampler, self._requests
        learned = self._latent_buffer.i
        m.d.comb += [
            self.status_busy.eq(network.busy),
            self.status_drawing.eq(requests.left != 0),
            self.errors_draw.eq(requests.ignored),
            self.errors_overflow.eq(sampler.overflow),
            self.errors_unknown.eq(sampler.unknown),
            self.errors_refused.eq(self._latent_buffer.unknown),
            self.draw_left.eq(requests.left),
            self.n_classes.eq(sampler.n_classes),
            self.n_components.eq(sampler.n_components),
        ]
        busy_before = Signal()
        m.d.sync += busy_before.eq(network.busy)
        for counter, step in (
            (self.pictures, busy_before & ~network.busy),
            (self.exemplars, _ends(self.exemplar)),
            (self.learned, _ends(learned)),
            (self.recalled, _ends(self.latent)),
            (self.row_reads, sampler.row_read),
            (self.plane_reads, Mux(sampler.plane_read, len(self.params.sampler.streams), 0)),
        ):
            m.d.sync += counter.eq(counter + step)
        drawing_before, classes_before = Signal(), Signal.like(self.n_classes)
        m.d.sync += [
            drawing_before.eq(self.status_drawing),
            classes_before.eq(self.n_classes),
            self.irq_pending_picture.eq(busy_before & ~network.busy),
            self.irq_pending_learned.eq(_ends(learned)),
            self.irq_pending_drawn.eq(drawing_before & ~self.status_drawing),
            self.irq_pending_appended.eq(classes_before != self.n_classes),
        ]


def _ends(packets: stream.Interface) -> Value:
    """Return whether the last word of a packet passes."""
    return packets.valid & packets.ready & packets.payload.last
