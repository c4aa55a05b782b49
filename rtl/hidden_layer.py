# SPDX-License-Identifier: MIT
"""Binary hidden layer, frozen, in front of a classifier that learns (contract, 12)."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import TrainerParams, XnorParams
from rtl.beat import beat_layout
from rtl.lanes import used_lanes
from rtl.xnor import Xnor, xnor_latency

__all__ = ["HiddenLayer", "hidden_row_layout"]


def hidden_row_layout(params: TrainerParams) -> StructLayout:
    """Return the layout of a row of binary weights, with its number: L bits of one neuron."""
    rows = params.hidden * params.without_hidden.beats
    return StructLayout({"row": bits_for(rows - 1), "bits": unsigned(params.lanes)})


class HiddenLayer(wiring.Component):
    """Memory of binary weights that turns exemplars x into the inputs z = (h, x) of a classifier.

    The B = ceil(D/L) beats of an exemplar are kept. Then the B rows of every neuron are read, one a
    cycle, and the agreements are counted. A neuron is 1 where at least half of the D inputs agree.
    The ceil((H + D)/L) beats of z leave after the last neuron: H bits of neurons, followed by the D
    bits of the exemplar. The first one is offered `latency` cycles after the last beat of x. The
    next exemplar is taken after the last beat of z, so that one takes `interval` cycles.

    Rows are taken until the last beat of an exemplar has come, and then wait until its z has left.
    Reset drops the exemplar, and leaves the rows. While reset is high, a beat that comes is lost,
    and a row is written.

    Parameters
    ----------
    params : TrainerParams
        With H > 0 and binary weights that never change, q_v = 1.

    Members
    -------
    i : In(stream.Signature(beat_layout(lanes, classes)))
        Exemplars of B beats. The label of the first beat goes with the exemplar; `last` is ignored,
        and so are lanes past D.
    writes : In(stream.Signature(hidden_row_layout(params)))
        Rows of weights, row ``h*B + b`` being that of beat b for neuron h. Lanes past D count for
        nothing.
    o : Out(stream.Signature(beat_layout(lanes, classes)))
        Beats of z, each with the label; `last` ends one. Lanes past H + D are 0.
    busy : Out(1)
        An exemplar, or a part of one, is inside.
    refused : Out(1)
        Set until reset when a row was not there.

    Raises
    ------
    ValueError
        If there is no hidden layer, or its weights would change.
    """

    def __init__(self, params: TrainerParams) -> None:
        if not params.hidden or params.binary_width != 1:
            raise ValueError(
                "A hidden layer must have H >= 1 and q_v = 1 in hardware, "
                f"not {params.hidden} and {params.binary_width}"
            )
        self.params, self.first = params, params.without_hidden
        rows = params.hidden * self.first.beats
        self._xnor = XnorParams(inputs=params.lanes)
        #: Cycles from the last beat of x to the first of z.
        self.latency = rows + 2 + xnor_latency(self._xnor)
        #: Cycles from one exemplar to the next.
        self.interval = self.first.beats - 1 + self.latency + params.beats
        beats = stream.Signature(beat_layout(params.lanes, params.classes))
        super().__init__({
            "i": In(beats),
            "writes": In(stream.Signature(hidden_row_layout(params))),
            "o": Out(beats),
            "busy": Out(1),
            "refused": Out(1),
        })  # fmt: skip

    def feed(
        self,
        m: Module,
        exemplars: stream.Interface,
        rows: stream.Interface,
        *,
        wanted: Value,
        idle: Value,
    ) -> None:
        """Let the layer inside a trainer have exemplars while they are wanted, else rows if idle.

        Parameters
        ----------
        m : Module
            Of the trainer.
        exemplars, rows : stream.Interface
            Ports of the trainer, as `i` and `writes`.
        wanted, idle : Value
            A command waits for an exemplar; no command is under way.
        """
        for source, sink, now in ((exemplars, self.i, wanted), (rows, self.writes, idle)):
            m.d.comb += [
                sink.valid.eq(source.valid & now),
                sink.payload.eq(source.payload),
                source.ready.eq(sink.ready & now),
            ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, once = self.params, {"no_rw_check": 1}  # what is written is read in a later cycle
        rows = p.hidden * self.first.beats
        m.submodules.weights = weights = Memory(
            shape=unsigned(p.lanes), depth=rows, init=[], attrs=once
        )
        m.submodules.exemplar = exemplar = Memory(
            shape=unsigned(p.lanes), depth=self.first.beats, init=[], attrs=once
        )
        write, keep = weights.write_port(), exemplar.write_port()
        read, kept = weights.read_port(), exemplar.read_port()
        row = Signal(range(rows))
        beat = Signal(range(self.first.beats))
        summing = Signal()
        end = Signal()
        stages = self._stages(m, summing, beat, row)
        neurons = self._neurons(m, stages, kept.data, read.data)
        counted = stages[-1].valid & stages[-1].final
        m.d.comb += [
            end.eq(beat == self.first.beats - 1),
            read.addr.eq(row),
            read.en.eq(summing),
            write.addr.eq(self.writes.payload.row),
            write.data.eq(self.writes.payload.bits),
            keep.addr.eq(beat),
            # Lanes past D become lanes past H + D of z.
            keep.data.eq(self.i.payload.bits & used_lanes(self.first, end)),
            keep.en.eq(self.i.valid & self.i.ready),
            kept.addr.eq(beat),
            kept.en.eq(summing | counted),
        ]
        with m.FSM() as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("take") | (beat != 0))
            self._take(m, beat, end, write.en)
            with m.State("sum"):
                m.d.comb += summing.eq(1)
                m.d.sync += [row.eq(row + 1), beat.eq(Mux(end, 0, beat + 1))]
                with m.If(row == rows - 1):
                    m.d.sync += row.eq(0)
                    m.next = "settle"
            with m.State("settle"), m.If(counted):
                m.next = "give"
            self._give(m, beat, neurons, kept)
        return m

    def _take(self, m: Module, beat: Signal, end: Value, write: Value) -> None:
        """Take the beats of an exemplar, and rows of weights beside them."""
        there = self.writes.payload.row < self.params.hidden * self.first.beats
        with m.State("take"):
            m.d.comb += [
                self.i.ready.eq(1),
                self.writes.ready.eq(1),
                write.eq(self.writes.valid & there),
            ]
            m.d.sync += self.refused.eq(self.refused | (self.writes.valid & ~there))
            with m.If(self.i.valid):
                m.d.sync += beat.eq(Mux(end, 0, beat + 1))
                with m.If(beat == 0):
                    m.d.sync += self.o.payload.label.eq(self.i.payload.label)
                with m.If(end):
                    m.next = "sum"

    def _stages(self, m: Module, summing: Value, beat: Value, row: Value) -> list[Signal]:
        """Return what goes beside a row, from the cycle in which it is asked for to its count."""
        layout = StructLayout(dict.fromkeys(("valid", "first", "last", "final"), 1))
        stages = [Signal(layout, name="asked")]
        m.d.comb += [
            stages[0].valid.eq(summing),
            stages[0].first.eq(beat == 0),
            stages[0].last.eq(beat == self.first.beats - 1),
            stages[0].final.eq(row == self.params.hidden * self.first.beats - 1),
        ]
        for number in range(1, 2 + xnor_latency(self._xnor)):
            stages.append(Signal(layout, name=f"stage_{number}"))
            m.d.sync += stages[-1].eq(stages[-2])
        return stages

    def _neurons(self, m: Module, stages: list[Signal], bits: Value, weights: Value) -> Signal:
        """Return the bits of the neurons: a new one comes in at the top."""
        p, here = self.params, stages[-1]
        neurons = Signal(p.hidden)
        count = Signal(range(p.features + 1))
        total = Signal.like(count)
        m.submodules.xnor = xnor = Xnor(self._xnor)
        m.d.comb += [
            xnor.en.eq(Cat(stage.valid for stage in stages[1:-1]).any()),
            xnor.x.eq(bits),
            xnor.w.eq(weights),
            xnor.mask.eq(used_lanes(self.first, stages[1].last)),
            total.eq(Mux(here.first, 0, count) + xnor.agree),
        ]
        with m.If(here.valid):
            m.d.sync += count.eq(total)
            with m.If(here.last):
                # The sum is that of agreements less that of the others: at least 0 from a half on.
                m.d.sync += neurons.eq(Cat(neurons[1:], total >= -(-p.features // 2)))
        return neurons

    def _give(self, m: Module, beat: Signal, neurons: Signal, kept: wiring.PureInterface) -> None:
        """Send z: whole beats of neurons, then the bits of the exemplar behind those left over."""
        p, o = self.params, self.o
        whole, over = divmod(p.hidden, p.lanes)
        bits, left = kept.data, neurons[:over]
        place = Signal(range(p.beats))
        sending = Signal()  # a beat of the exemplar
        m.d.comb += [
            sending.eq((place >= whole) & (place < whole + self.first.beats)),
            o.payload.bits.eq(Mux(place < whole, neurons, Cat(left, Mux(sending, bits, 0)))),
            o.payload.last.eq(place == p.beats - 1),
        ]
        with m.State("give"):
            m.d.comb += o.valid.eq(1)
            with m.If(o.ready):
                m.d.sync += place.eq(place + 1)
                if whole:
                    m.d.sync += neurons.eq(neurons >> p.lanes)
                with m.If(sending):
                    if over:
                        m.d.sync += left.eq(bits[p.lanes - over :])
                    with m.If(beat != self.first.beats - 1):
                        m.d.comb += [kept.addr.eq(beat + 1), kept.en.eq(1)]
                        m.d.sync += beat.eq(beat + 1)
                with m.If(o.payload.last):
                    m.d.sync += [place.eq(0), beat.eq(0)]
                    m.next = "take"
