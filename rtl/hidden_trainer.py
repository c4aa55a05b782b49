# SPDX-License-Identifier: MIT
"""Binary hidden layer that learns, in front of a classifier that learns (contract, 12)."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import TrainerParams
from rtl.affine import draws, rounded
from rtl.beat import beat_layout
from rtl.hidden_layer import HiddenLayer, hidden_row_layout
from rtl.hidden_walk import Walk, follow
from rtl.memories import Memory
from rtl.trainer_lanes import LOADED, UPDATED, codes, next_weights

__all__ = ["HiddenTrainer"]

SUMMED = 4  # stage in which the sum of a gradient over the classes is complete
ENDED = 5  # stage in which numbers are written


class HiddenTrainer(wiring.Component):
    """Hidden layer with its latent weights, and steps 2 and 3 of a batch.

    Exemplars pass through an `rtl.hidden_layer.HiddenLayer`, in whose memory are the signs of the
    latent weights; latency and throughput are its. The other bits lie beside it, and only learning
    reads them. Of a batch, features are kept, and which neurons had sums within the window.

    `learn` begins. The gradients of L neurons are summed over the classes, one a cycle, with L
    products of an error and a weight of the classifier: ``m * ceil(H/L) * n`` cycles for m
    exemplars. Then a row of latent weights at a time adds its gradient up over the batch:
    ``H * B * m`` cycles. `learned` comes `learning` cycles later than these together.

    A row to write takes a cycle. A row that is read is offered in the next cycle, and the one after
    it is taken when it is gone. Until then no beat is taken and no batch begins, nor until z has
    left. From `learn` to `learned`, nothing is taken. Reset drops the exemplars, and leaves the
    rows of weights; while it is high, a row that comes is written, unless a batch is learned.

    Parameters
    ----------
    params : TrainerParams
        With H > 0 and q_v > 1.
    batch : int
        Most exemplars of a batch.

    Members
    -------
    i, o, busy
        As of `rtl.hidden_layer.HiddenLayer`.
    writes : In(stream.Signature(hidden_row_layout(params)))
        Rows of latent weights. Lanes past D stay as they are written, and count for nothing.
    reads : In(stream.Signature(unsigned))
        Numbers of rows.
    rows : Out(stream.Signature(L * q_v))
        The rows that `reads` asked for.
    empty : In(1)
        The batch is to begin anew.
    keep : In(1)
        The exemplar whose z left last belongs to the batch.
    notes : In(1)
        The exemplar inside may come to belong to the batch. Otherwise nothing is kept of it.
    learn : In(1)
        Learn the batch of `count` exemplars, for `classes` classes, which stay until `learned`.
    count, classes : In
        Numbers of exemplars and of classes, each at least 1.
    asks : Out(1)
        A row of the classifier's weights, and an error, are asked for.
    row, place : Out
        Their numbers: row ``c*B + k``, and error ``s*C + c`` of exemplar s and class c.
    weights, error : In
        The row and the error that were asked for two cycles before.
    word : In(W)
        Word of stream 21.
    used : Out(1)
        The word is used. It is by stochastic rounding alone.
    learned : Out(1)
        The last row of latent weights is being written.
    refused : Out(1)
        Set until reset when a row was not there.

    Raises
    ------
    ValueError
        If there is no hidden layer, its weights never change, or they are real numbers.
    """

    #: Cycles from `learn` to `learned`, beside those of the sums.
    learning = 2 * ENDED

    def __init__(self, params: TrainerParams, batch: int) -> None:
        if not params.trains_hidden:
            raise ValueError(
                "A hidden layer that learns must have H >= 1 and q_v > 1, "
                f"not {params.hidden} and {params.binary_width}"
            )
        self.params, self.batch = params, batch
        self._layer = HiddenLayer(params)
        #: Cycles from the last beat of x to the first of z.
        self.latency = self._layer.latency
        #: Cycles from one exemplar to the next.
        self.interval = self._layer.interval
        self._walk = Walk(params, batch)
        q_b, beats = int(params.backward_width), beat_layout(params.lanes, params.classes)
        flags = {"busy": Out(1), "refused": Out(1), "used": Out(1), "learned": Out(1)}
        super().__init__({
            "i": In(stream.Signature(beats)),
            "o": Out(stream.Signature(beats)),
            "writes": In(stream.Signature(hidden_row_layout(params))),
            "reads": In(stream.Signature(bits_for(self._walk.rows - 1))),
            "rows": Out(stream.Signature(params.lanes * int(params.binary_width))),
            **dict.fromkeys(("empty", "keep", "notes", "learn"), In(1)),
            "count": In(range(batch + 1)),
            "classes": In(range(params.classes + 1)),
            "asks": Out(1),
            "row": Out(range(params.rows)),
            "place": Out(bits_for(batch * params.classes)),
            "weights": In(params.lanes * q_b),
            "error": In(signed(q_b)),
            "word": In(params.lfsr.step),
            **flags,
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, layer, now = self.params, self._layer, self._walk
        m.submodules.layer = layer
        stages = [now.asked]
        for number in range(1, ENDED + 1):
            stages.append(Signal(now.asked.shape(), name=f"stage_{number}"))
            m.d.sync += stages[-1].eq(stages[-2])
        moved = Signal(hidden_row_layout(p))  # a row of latent weights that is written
        moving = Signal(name="row_moves")
        latent = self._latent(m, stages[LOADED], moved, moving)
        features, near = self._exemplars(m, stages[SUMMED - 1])
        error = self._gradients(m, stages, near)
        held, bits = Signal.like(latent, name="held"), Signal(p.lanes)
        fresh = next_weights(
            m, p, stages, held, bits, error, self.word, self.batch, hidden=True
        )  # fmt: skip
        ready, rounding, summed = stages[UPDATED], stages[UPDATED - 1], stages[SUMMED]
        by_chance = p.rounding == "stochastic"
        m.d.sync += [
            held.eq(latent),
            bits.eq(features),
            moving.eq(now.moving & ready.valid & ready.last),
            moved.row.eq(ready.row),
            moved.bits.eq(Cat(fresh)),
        ]
        used = Mux(now.moving, rounding.valid & rounding.last, summed.valid & summed.last)
        m.d.comb += [
            self.busy.eq(layer.busy),
            self.used.eq(used & by_chance),
            self.asks.eq(now.asked.valid & ~now.moving),
            self.row.eq(now.weights_at),
            self.place.eq(now.error_at),
        ]
        wiring.connect(m, layer.o, wiring.flipped(self.o))
        free = ~self.rows.valid & layer.writes.ready
        follow(m, now, self, free, stages[ENDED].valid & stages[ENDED].final)
        return m

    def _latent(self, m: Module, asked: Signal, moved: Signal, moving: Signal) -> Value:
        """Write rows of latent weights that come or have moved; return the row that was asked for.

        The signs are in the memory of the layer. Its exemplars read them through the same port.
        """
        p, layer, now = self.params, self._layer, self._walk
        width = int(p.binary_width)
        m.submodules.rests = rests = Memory(
            shape=unsigned(p.lanes * (width - 1)), depth=now.rows,
            attrs={"no_rw_check": 1},  # what is written is read in a later cycle
        )  # fmt: skip
        write, read = rests.write_port(), rests.read_port()
        given, wrong, between = Signal.like(moved), Signal(), now.idle & ~self.learn
        numbers = codes(given.bits, p.lanes, width)
        taken, there = self.reads.valid & self.reads.ready, self.reads.payload < now.rows
        m.d.comb += [
            given.eq(Mux(moving, moved, self.writes.payload)),
            layer.writes.valid.eq((self.writes.valid & self.writes.ready) | moving),
            layer.writes.payload.row.eq(given.row),
            layer.writes.payload.bits.eq(Cat(~number[-1] for number in numbers)),
            self.writes.ready.eq(layer.writes.ready & between),
            write.en.eq(layer.writes.valid & layer.writes.ready & (given.row < now.rows)),
            write.addr.eq(given.row),
            write.data.eq(Cat(number[:-1] for number in numbers)),
            self.reads.ready.eq(self.writes.ready & ~self.writes.valid & ~self.rows.valid),
            self.i.ready.eq(layer.i.ready & between & ~taken & ~self.rows.valid),
            layer.i.valid.eq(self.i.valid & self.i.ready),
            layer.i.payload.eq(self.i.payload),
            layer.row.eq(Mux(now.moving, asked.row, self.reads.payload)),
            layer.read.eq(Mux(now.moving, asked.valid & asked.last, taken & there)),
            read.addr.eq(layer.row),
            read.en.eq(layer.read),
            self.refused.eq(layer.refused | wrong),
        ]
        with m.If(self.rows.valid & self.rows.ready):
            m.d.sync += self.rows.valid.eq(0)
        with m.If(taken):
            m.d.sync += [self.rows.valid.eq(there), wrong.eq(wrong | ~there)]
        rest = read.data
        pairs = (
            (rest.word_select(lane, width - 1), ~layer.binary[lane]) for lane in range(p.lanes)
        )
        latent = self.rows.payload
        m.d.comb += latent.eq(Cat(Cat(*pair) for pair in pairs))
        return latent

    def _exemplars(self, m: Module, summing: Signal) -> tuple[Value, Value]:
        """Keep the exemplars of a batch, and which neurons had sums within the window.

        Return a beat of features, and the marks of L neurons, each in the cycle after it was asked
        for: the marks when the sums of these neurons are complete.
        """
        p, layer, now = self.params, self._layer, self._walk
        once = {"no_rw_check": 1}
        m.submodules.exemplars = exemplars = Memory(
            shape=unsigned(p.lanes), depth=self.batch * now.beats, attrs=once
        )
        m.submodules.near = near = Memory(
            shape=unsigned(p.lanes), depth=self.batch * now.groups, attrs=once
        )
        keep, mark = exemplars.write_port(), near.write_port()
        features, marks = exemplars.read_port(), near.read_port()
        base = Signal(range(self.batch * now.beats + 1))
        mark_base = Signal.like(now.row, name="mark_base")
        passed = Signal(range(now.beats))  # beat of x
        leaving = Signal(range(p.beats))  # beat of z
        sent = self.o.valid & self.o.ready
        m.d.comb += [
            keep.addr.eq(base + passed),
            keep.data.eq(layer.bits),
            keep.en.eq(layer.passes & self.notes),
            mark.addr.eq(mark_base + leaving),
            mark.data.eq(layer.near),
            mark.en.eq(sent & (leaving < now.groups) & self.notes),
            features.addr.eq(now.features_at),
            features.en.eq(now.asked.valid & now.moving),
            marks.addr.eq(summing.row),
            marks.en.eq(summing.valid & summing.last & ~now.moving),
        ]
        m.d.sync += [
            leaving.eq(Mux(sent, Mux(self.o.payload.last, 0, leaving + 1), leaving)),
            passed.eq(Mux(sent & self.o.payload.last, 0, passed + layer.passes)),
            base.eq(Mux(self.empty, 0, base + Mux(self.keep, now.beats, 0))),
            mark_base.eq(Mux(self.empty, 0, mark_base + Mux(self.keep, now.groups, 0))),
        ]
        return features.data, marks.data

    def _gradients(self, m: Module, stages: list[Signal], near: Value) -> Signal:
        """Sum the gradients of L neurons over the classes, and keep them; return one of them."""
        p, now, q_b = self.params, self._walk, int(self.params.backward_width)
        m.submodules.gradients = gradients = Memory(
            shape=unsigned(p.lanes * q_b), depth=self.batch * now.groups,
            attrs={"no_rw_check": 1},
        )  # fmt: skip
        write, read = gradients.write_port(), gradients.read_port()
        adding, summed = stages[SUMMED - 1], stages[SUMMED]
        rounding = []
        drawn = draws(self.word, p.lanes)
        for lane, weight in enumerate(codes(self.weights, p.lanes, q_b)):
            product = Signal(signed(2 * q_b), name=f"product_{lane}")
            total = Signal(signed(2 * q_b - 1 + bits_for(p.classes)), name=f"total_{lane}")
            m.d.sync += [
                product.eq(weight * self.error),
                total.eq(Mux(adding.first, 0, total) + product),
            ]
            code = rounded(total, p.back, drawn[lane])
            rounding.append(Mux(near[lane], code, 0)[:q_b])
        chosen, error = Signal(range(p.lanes)), Signal(signed(q_b))
        m.d.sync += [
            write.en.eq(~now.moving & summed.valid & summed.last),
            write.addr.eq(summed.row),
            write.data.eq(Cat(rounding)),
            chosen.eq(now.lane),
            error.eq(read.data.word_select(chosen, q_b)),
        ]
        m.d.comb += [
            read.addr.eq(now.gradient_at),
            read.en.eq(now.asked.valid & now.moving),
        ]
        return error
