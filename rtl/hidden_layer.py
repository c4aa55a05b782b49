# SPDX-License-Identifier: MIT
"""Binary hidden layer in front of a classifier that learns (contract, 12)."""

from dataclasses import replace

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import TrainerParams, XnorParams
from rtl.beat import beat_layout
from rtl.lanes import used_lanes
from rtl.memories import Memory
from rtl.xnor import Xnor, xnor_latency

__all__ = ["HiddenLayer", "hidden_row_layout"]


def hidden_row_layout(params: TrainerParams) -> StructLayout:
    """Return the layout of a row of weights, with its number: L codes of q_v bits of one neuron."""
    rows = params.hidden * params.without_hidden.beats
    width = params.lanes * int(params.binary_width)
    return StructLayout({"row": bits_for(rows - 1), "bits": unsigned(width)})


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

    With q_v > 1 the layer is part of an `rtl.hidden_trainer.HiddenTrainer`, and has more ports for
    it. A row can then be read while no exemplar is inside: it is there in the next cycle.

    Parameters
    ----------
    params : TrainerParams
        With H > 0.

    Members
    -------
    i : In(stream.Signature(beat_layout(lanes, classes)))
        Exemplars of B beats. The label of the first beat goes with the exemplar; `last` is ignored,
        and so are lanes past D.
    writes : In(stream.Signature(hidden_row_layout(params with q_v = 1)))
        Rows of binary weights, row ``h*B + b`` being that of beat b for neuron h. Lanes past D
        count for nothing.
    o : Out(stream.Signature(beat_layout(lanes, classes)))
        Beats of z, each with the label; `last` ends one. Lanes past H + D are 0.
    busy : Out(1)
        An exemplar, or a part of one, is inside.
    refused : Out(1)
        Set until reset when a row was not there.
    row, read : In
        Row to read, and that it is read. These ports and all below are there for q_v > 1 alone.
    binary : Out(L)
        The binary weights of the row.
    near : Out(L)
        Beside the first ``ceil(H/L)`` beats of z: its neurons whose sums are within the window.
    bits : Out(L)
        A beat of the exemplar.
    passes : Out(1)
        `bits` passes beside a beat of z; so each beat of an exemplar does once.

    Raises
    ------
    ValueError
        If there is no hidden layer, or its weights are real numbers.
    """

    def __init__(self, params: TrainerParams) -> None:
        if not params.hidden or params.real:
            raise ValueError(
                "A hidden layer must have H >= 1 and integer widths in hardware, "
                f"not {params.hidden} and {params.backward_width}"
            )
        self.params, self.first = params, params.without_hidden
        rows = params.hidden * self.first.beats
        self._xnor = XnorParams(inputs=params.lanes)
        #: Cycles from the last beat of x to the first of z.
        self.latency = rows + 2 + xnor_latency(self._xnor)
        #: Cycles from one exemplar to the next.
        self.interval = self.first.beats - 1 + self.latency + params.beats
        beats = stream.Signature(beat_layout(params.lanes, params.classes))
        trained = {"row": In(range(rows)), "read": In(1), "passes": Out(1)}
        trained |= dict.fromkeys(("binary", "near", "bits"), Out(params.lanes))
        super().__init__({
            "i": In(beats),
            "writes": In(stream.Signature(hidden_row_layout(replace(params, binary_width=1)))),
            "o": Out(beats),
            "busy": Out(1),
            "refused": Out(1),
            **(trained if params.trains_hidden else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, once = self.params, {"no_rw_check": 1}  # what is written is read in a later cycle
        rows = p.hidden * self.first.beats
        m.submodules.weights = weights = Memory(shape=unsigned(p.lanes), depth=rows, attrs=once)
        m.submodules.exemplar = exemplar = Memory(
            shape=unsigned(p.lanes), depth=self.first.beats, attrs=once, one_port=True
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
        if p.trains_hidden:
            m.d.comb += [
                read.addr.eq(Mux(summing, row, self.row)),
                read.en.eq(summing | self.read),
                self.binary.eq(read.data),
                self.bits.eq(kept.data),
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
        if p.trains_hidden:
            self._keep_near(m, here.valid & here.last, total)
        return neurons

    def _keep_near(self, m: Module, counted: Value, total: Value) -> None:
        """Tell which neurons have sums within the window; these bits move as the neurons do."""
        p = self.params
        # The sum is 2 * total - D. A window beyond D passes everything.
        window = min(p.window, p.features)
        low, high = -(-(p.features - window) // 2), (p.features + window) // 2
        near = Signal(p.hidden)
        m.d.comb += self.near.eq(near)
        with m.If(counted):
            m.d.sync += near.eq(Cat(near[1:], (total >= low) & (total <= high)))
        if p.hidden > p.lanes:
            with m.If(self.o.valid & self.o.ready):
                m.d.sync += near.eq(near >> p.lanes)

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
        if p.trains_hidden:
            m.d.comb += self.passes.eq(sending & o.valid & o.ready)
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
