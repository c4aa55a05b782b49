# SPDX-License-Identifier: MIT
"""Linear classifier that learns in integers (contract, 12)."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import Stream, TrainerParams
from golden.params.checks import check_integer
from rtl.adder_tree import levels_of
from rtl.affine import rounded
from rtl.beat import beat_layout
from rtl.hidden_trainer import HiddenTrainer
from rtl.lfsr import Lfsr, load_seeds, seed_layout
from rtl.memories import Memory
from rtl.softmax import LOGIT_BITS, Softmax
from rtl.trainer_control import UnderWay, command_layout, idle, learn_batch, sum_rows, take
from rtl.trainer_errors import keep_errors
from rtl.trainer_hidden import feed, layer_of, layer_ports, train
from rtl.trainer_lanes import (
    LOADED,
    UPDATED,
    next_weights,
    stage_layout,
    sum_of_weights,
    sum_width,
)

__all__ = ["Trainer", "class_layout", "row_layout"]


def row_layout(params: TrainerParams) -> StructLayout:
    """Return the layout of a row of weights, with its number."""
    width = params.lanes * int(params.backward_width)
    return StructLayout({"row": bits_for(params.rows - 1), "weights": unsigned(width)})


def class_layout(params: TrainerParams) -> StructLayout:
    """Return the layout of an answer: the class, and its sum."""
    return StructLayout({
        "label": bits_for(params.classes - 1),
        "sum": signed(sum_width(params)),
    })  # fmt: skip


class Trainer(wiring.Component):
    """Memory of the classifier's weights that names classes, and learns batch after batch.

    Commands, rows and exemplars are taken one after another: first rows to write, then rows to
    read, then commands. A command to classify or to learn takes as many exemplars as it says. Each
    has B beats, and all rows of the n classes are then read once, one a cycle. A tree with a
    register at each level adds a row's weights, each with the sign of its bit.

    The answer of an exemplar to classify is offered ``n * B + latency`` cycles after its last beat.
    The next exemplar is taken after the answer, so that it takes ``n * B + interval`` cycles. An
    exemplar to learn is kept, with the errors of all classes: it takes ``n * (B + 2) + learning``
    cycles. After the last one of m exemplars, a row of weights at a time adds its gradient up over
    the batch, so that all rows take ``m * n * B + updating`` cycles. While `cut` is set and no
    exemplar comes, a command ends with the exemplars that have come. A row to write takes a cycle.
    A row that is read is offered in the next cycle, and the one after it is taken when it is gone.

    After a reset, and for `Operation.CLEAR`, one row a cycle is cleared, and nothing is taken.
    Reset restarts the random stream, a clear does not. A seed is taken at any time.

    With H > 0, a hidden layer stands in front: it makes the ceil((H + D)/L) beats that are called
    those of an exemplar above. It takes the next exemplar of a command while one is summed, so an
    exemplar takes as many cycles as the slower of the two. The first one of a command is there
    ``ceil(D/L) - 1 + hidden`` cycles later than without. Rows of the hidden layer come before
    commands, as other rows do; neither a reset nor a clear changes them.

    With q_v = 1 the hidden layer is frozen. Otherwise it learns before the classifier does, in
    ``m * (ceil(H/L) * n + H * ceil(D/L)) + hidden_learning`` cycles more.

    Parameters
    ----------
    params : TrainerParams
        With q_f = 8.
    batch : int
        Most exemplars of a command.

    Members
    -------
    i : In(stream.Signature(beat_layout(lanes, classes)))
        Exemplars of B beats. The label of the first beat is the class to learn; `last` is ignored,
        and so are lanes past D.
    commands : In(stream.Signature(command_layout(params, batch)))
        What to do. `Operation.NONE` does nothing.
    writes : In(stream.Signature(row_layout(params)))
        Rows of weights. Lanes past D stay as they are written, and count for nothing.
    reads : In(stream.Signature(unsigned))
        Numbers of rows.
    seeds : In(stream.Signature(seed_layout()))
        Seeds to load into stream 21; those of other streams are dropped.
    cut : In(1)
        The exemplars that the command still waits for do not come.
    o : Out(stream.Signature(class_layout(params)))
        Classes of the exemplars to classify, each with the largest sum.
    rows : Out(stream.Signature(L * q_b))
        The rows that `reads` asked for.
    hidden_writes : In(stream.Signature(hidden_row_layout(params)))
        Rows of the hidden layer. There is no such port for H = 0.
    hidden_reads, hidden_rows : In(stream.Signature(unsigned)), Out(stream.Signature(L * q_v))
        Numbers of its rows, and these rows, for H > 0 and q_v > 1 alone.
    hits : Out(range(batch + 1))
        Exemplars of the latest command to learn whose class had the largest sum.
    unknown : Out(1)
        Set until reset when an exemplar of a class not below n has been left out of a batch.
    refused : Out(1)
        Set until reset when a command named no exemplar, no class or too many of them, or when a
        row was not there, of the hidden layer or of the classifier.
    row_read, row_written : Out(1)
        A row of weights is read, or written.
    settled : Out(1)
        An exemplar of the command is waited for, and none is worked on: no word is used before more
        beats have come. There is no such port for H = 0, where `i.ready` tells.

    Raises
    ------
    TypeError, ValueError
        If the batch is out of its range, or the hardware does not have this form.
    """

    def __init__(self, params: TrainerParams, batch: int = 128) -> None:
        check_integer("Batch", batch, 1, 65_535)
        if params.forward_width != LOGIT_BITS:
            raise ValueError(
                f"A trainer must have q_f = {LOGIT_BITS} in hardware, not {params.forward_width}"
            )
        self.params, self.batch = params, batch
        self._layer = layer_of(params, batch)
        levels = levels_of(params.lanes)
        #: Cycles from the last beat to the answer, beside one a row.
        self.latency = levels + 5
        #: Cycles from one exemplar to classify to the next, beside one a row.
        self.interval = self.latency + params.beats
        #: Cycles from one exemplar to learn to the next, beside B + 2 a class.
        self.learning = levels + 3 + params.beats + Softmax.latency
        #: Cycles from the last beat of x to the first one that the classifier takes.
        self.hidden = self._layer.latency if self._layer else 0
        #: Cycles for which the hidden layer learns, beside those of its sums.
        self.hidden_learning = HiddenTrainer.learning if params.trains_hidden else 0
        #: Cycles from the end of the last exemplar to the next command, beside one for each
        #: exemplar and row.
        self.updating = self.latency
        width = params.lanes * int(params.backward_width)
        super().__init__({
            "i": In(stream.Signature(beat_layout(params.lanes, params.classes))),
            "commands": In(stream.Signature(command_layout(params, batch))),
            "writes": In(stream.Signature(row_layout(params))),
            "reads": In(stream.Signature(bits_for(params.rows - 1))),
            "seeds": In(stream.Signature(seed_layout())),
            **layer_ports(params),
            "cut": In(1),
            "o": Out(stream.Signature(class_layout(params))),
            "rows": Out(stream.Signature(width)),
            "hits": Out(range(batch + 1)),
            "unknown": Out(1),
            "refused": Out(1),
            "row_read": Out(1),
            "row_written": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, now = self.params, UnderWay(self.params, self.batch)
        once = {"no_rw_check": 1}  # what is written is read in a later cycle
        m.submodules.weights = weights = Memory(
            shape=self.rows.payload.shape(), depth=p.rows, init=[], attrs=once
        )
        m.submodules.exemplars = exemplars = Memory(
            shape=unsigned(p.lanes), depth=self.batch * p.beats, attrs=once, one_port=True
        )
        m.submodules.softmax = softmax = Softmax(p)
        m.submodules.rounding = lfsr = Lfsr(p.lfsr)
        source, cut, waiting, trained, layer = self.i, self.cut, None, None, self._layer
        if layer:
            m.submodules.hidden = layer
            source = layer.o
        read, write = weights.read_port(), weights.write_port()
        kept, keep = exemplars.read_port(), exemplars.write_port()
        stages = [now.asked]
        for number in range(1, self.latency):
            stages.append(Signal(stage_layout(p.rows), name=f"stage_{number}"))
            m.d.sync += stages[-1].eq(stages[-2])
        # The weights of a row are needed when its gradient is complete, or at once for a sum.
        late = stages[LOADED]
        m.d.comb += [
            self.seeds.ready.eq(1),
            *load_seeds(lfsr, self.seeds, Stream.ROUNDING),
            self.rows.payload.eq(read.data),
            self.row_read.eq(read.en),
            self.row_written.eq(write.en),
            now.asked.row.eq(now.row),
            now.asked.end.eq(now.beat == p.beats - 1),
            kept.addr.eq(Mux(now.updating, now.at, now.base + now.beat)),
            kept.en.eq(now.asked.valid),
            keep.addr.eq(now.base + now.beat),
            keep.data.eq(source.payload.bits),
            keep.en.eq(source.valid & source.ready),
            read.addr.eq(Mux(now.updating, late.row, Mux(now.idle, self.reads.payload, now.row))),
            read.en.eq(
                Mux(now.updating, late.valid & late.last, now.asked.valid)
                | (self.reads.valid & self.reads.ready)
            ),
        ]
        held = Signal(len(read.data))
        bits = Signal(p.lanes)
        m.d.sync += [held.eq(read.data), bits.eq(kept.data)]
        summed = sum_of_weights(m, p, stages, held, bits)
        self._name(m, now, softmax.i, stages[-1], summed)
        errors, error = keep_errors(m, now, softmax.o, lfsr.word)
        fresh = next_weights(m, p, stages, held, bits, error, lfsr.word, self.batch)
        rounding, updated, shares = stages[UPDATED - 1], stages[UPDATED], softmax.o
        used = Mux(now.updating, rounding.valid & rounding.last, shares.valid)
        m.d.comb += [
            now.whole.eq(now.current + 1 == now.classes),
            now.asked.final.eq(now.asked.last & now.asked.end & now.whole),
            lfsr.en.eq(used & (p.rounding == "stochastic")),
        ]
        m.d.sync += [
            write.en.eq(now.updating & updated.valid & updated.last),
            write.addr.eq(updated.row),
            write.data.eq(Cat(fresh)),
        ]
        answered = shares.valid & shares.payload.last
        if isinstance(layer, HiddenTrainer):
            trained = layer.learned
            train(m, now, layer, read, errors, held, error, lfsr, answered)
        with m.If(answered):
            m.d.sync += self.hits.eq(self.hits + (self.o.payload.label == now.label))
        with m.FSM(init="clear") as control:
            if layer:
                # The next exemplar may come while one is summed, if the command has a next one.
                going = control.ongoing("sum") | control.ongoing("wait") | control.ongoing("answer")
                wanted = control.ongoing("take") | (going & (now.left != 1))
                waiting = feed(m, self, layer, wanted=wanted, idle=now.idle)
                cut = cut & ~self.i.valid & ~layer.busy
                m.d.comb += self.settled.eq(control.ongoing("take") & layer.i.ready)
            idle(m, now, self, write, waiting)
            take(m, now, source, cut, self.unknown)
            ended = stages[-1].valid & stages[-1].final
            sum_rows(m, now, ended, answered, self.o)
            learn_batch(m, now, ended, trained)
            if isinstance(layer, HiddenTrainer):
                m.d.comb += layer.learn.eq(control.ongoing("begin"))
        if layer:
            with m.If(layer.refused):
                m.d.sync += self.refused.eq(1)
        return m

    def _name(
        self, m: Module, now: UnderWay, logits: stream.Interface, stage: Signal, summed: Signal
    ) -> None:
        """Keep the first class of the largest sum, and let the softmax have the logits."""
        best, named = self.o.payload, Signal.like(now.current)
        complete = stage.valid & stage.last & ~now.updating
        with m.If(complete):
            m.d.sync += named.eq(Mux(stage.final, 0, named + 1))
            with m.If((named == 0) | (summed > best.sum)):
                m.d.sync += [best.label.eq(named), best.sum.eq(summed)]
        m.d.comb += [
            logits.valid.eq(complete & now.learning),
            logits.payload.logit.eq(rounded(summed, self.params.logits)),
            logits.payload.last.eq(stage.final),
        ]
