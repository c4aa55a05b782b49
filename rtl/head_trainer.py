# SPDX-License-Identifier: MIT
"""Head that learns: the trainer behind commands, with exemplars that are given and drawn."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams
from golden.params.chip import LABEL_WIDTH
from rtl.beat import beat_layout
from rtl.head_command import HeadOperation, head_command_layout, trainer_of
from rtl.head_rows import RowReads
from rtl.hidden_layer import hidden_row_layout
from rtl.lfsr import seed_layout
from rtl.output import head_word_layout, source_layout
from rtl.trainer import Trainer, row_layout
from rtl.trainer_control import Operation

__all__ = ["HeadTrainer"]


class HeadTrainer(wiring.Component):
    """Trainer that takes commands with exemplars from two places, those given before those drawn.

    A command to classify or to learn takes as many exemplars as it says, first the given ones, then
    the drawn ones. It asks for the latter by `start`, when all given ones have been taken and
    `draws_ended` says that nothing else is drawn any more. If that is said again before all have
    come, their requests were dropped, and the command ends without them. A command to read sends
    all rows of its classes as one packet, each in as many words as it needs, lowest bits first; for
    a hidden layer that learns, another one sends those of neurons. Any other command is refused.

    Commands and rows to write wait while a command is under way. If exemplars to be given are
    missing then, they are refused instead, because these exemplars can only come behind them. An
    exemplar that is given while no command is under way is dropped. So nothing waits for ever.

    There are no registers beside those of the control, so the trainer's latency and throughput
    hold. A row is read in a cycle, beside one for each word. Reset is that of the trainer. Rows
    of a hidden layer wait and are refused as other rows are, and stay in a reset. In a chip without
    a head, seeds are dropped, the other streams are never ready, and outputs are 0.

    Parameters
    ----------
    params : ChipParams

    Members
    -------
    commands : In(stream.Signature(head_command_layout()))
    exemplars : In(stream.Signature(beat_layout(lanes, classes)))
        Exemplars that are given; `last` ends one.
    drawn : In(stream.Signature(beat_layout(lanes, classes)))
        Exemplars that were asked for; `last` ends one.
    writes : In(stream.Signature(row_layout(trainer)))
        Rows of weights.
    hidden_writes : In(stream.Signature(hidden_row_layout(trainer)))
        Rows of the hidden layer. There is no such port for H = 0.
    seeds : In(stream.Signature(seed_layout()))
        Seeds to load into stream 21; those of other streams are dropped.
    answers : Out(stream.Signature(source_layout()))
        A packet of one word for each exemplar that was classified.
    rows : Out(stream.Signature(source_layout()))
        A packet for each command to read.
    drawable, draws_ended : In(1)
        There is something to draw from; no request is left, and no exemplar on its way.
    start : Out(1)
        Begin to draw.
    draws : Out(12)
        Exemplars to draw.
    training : Out(1)
        A command is under way.
    drawing, taking : Out(1)
        The given exemplars have been taken, but not all that are to be drawn; these come now.
    settled : Out(1)
        No word of stream 21 is used before another unit comes.
    taken : Out(1)
        The last beat of an exemplar passes to the trainer.
    learned : Out(1)
        A batch has been learned; `hits` is that of the batch.
    hits : Out(range(batch + 1))
        As of the trainer.
    row_read, row_written : Out(1)
        A row of weights is read, or written.
    stranger : Out(1)
        Set until reset when an exemplar to learn was of a class that the command did not name.
    refused : Out(1)
        Set until reset when a command was refused, or when rows or exemplars were dropped.
    """

    #: Cycles that it adds to those of the trainer.
    latency = 0
    #: Cycles from one beat to the next.
    interval = 1

    def __init__(self, params: ChipParams) -> None:
        self.params = params
        trainer = trainer_of(params)
        beats = stream.Signature(beat_layout(trainer.lanes, trainer.classes))
        hidden = stream.Signature(hidden_row_layout(trainer)) if trainer.hidden else None
        flags = (
            "start", "training", "drawing", "taking", "settled", "taken", "learned",
            "row_read", "row_written", "stranger", "refused",
        )  # fmt: skip
        super().__init__({
            "commands": In(stream.Signature(head_command_layout())),
            "exemplars": In(beats),
            "drawn": In(beats),
            "writes": In(stream.Signature(row_layout(trainer))),
            "seeds": In(stream.Signature(seed_layout())),
            **({"hidden_writes": In(hidden)} if trainer.hidden else {}),
            "answers": Out(stream.Signature(source_layout())),
            "rows": Out(stream.Signature(source_layout())),
            "drawable": In(1),
            "draws_ended": In(1),
            "draws": Out(LABEL_WIDTH),
            "hits": Out(range(params.batch + 1)),
            **dict.fromkeys(flags, Out(1)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.params.head is None:
            m.d.comb += [self.settled.eq(1), self.seeds.ready.eq(1)]
            return m
        m.submodules.trainer = trainer = Trainer(self.params.head, self.params.batch)
        left = Signal(LABEL_WIDTH)  # exemplars that are still to be given, or to be drawn
        learning, dropped = Signal(), Signal()
        wiring.connect(m, wiring.flipped(self.seeds), trainer.seeds)
        m.d.comb += [
            trainer.writes.payload.eq(self.writes.payload),
            self.hits.eq(trainer.hits),
            self.row_read.eq(trainer.row_read),
            self.row_written.eq(trainer.row_written),
            self.stranger.eq(trainer.unknown),
        ]
        m.d.sync += self.refused.eq(self.refused | dropped | trainer.refused)
        self._answer(m, trainer)
        with m.FSM(init="idle") as control:
            m.d.comb += self.training.eq(~control.ongoing("idle"))
            reads = RowReads(trainer)
            self._idle(m, trainer, reads, left, learning, dropped)
            self._take_given(m, trainer, left, dropped)
            self._take_drawn(m, trainer, left)
            self._finish(m, trainer, learning)
            reads.states(m, self.rows)
        return m

    def _answer(self, m: Module, trainer: Trainer) -> None:
        """Make words of the trainer's answers."""
        word, answer = Signal(head_word_layout()), trainer.o
        m.d.comb += [
            word.sum.eq(answer.payload.sum),
            word.label.eq(answer.payload.label),
            self.answers.valid.eq(answer.valid),
            answer.ready.eq(self.answers.ready),
            self.answers.payload.data.eq(word.as_value()),
            self.answers.payload.label.eq(word.label),
            self.answers.payload.last.eq(1),
        ]

    def _idle(
        self,
        m: Module,
        trainer: Trainer,
        reads: RowReads,
        left: Signal,
        learning: Signal,
        dropped: Signal,
    ) -> None:
        """Take rows to write and commands; drop exemplars."""
        p, command, commands = trainer.params, self.commands.payload, self.commands
        starts, strange, total = Signal(), Signal(), Signal(LABEL_WIDTH + 1)
        operation, reading = command.operation, reads.wanted(command.operation)
        clears = operation == HeadOperation.CLEAR
        no_classes = (command.classes == 0) | (command.classes > p.classes)
        no_exemplars = (total == 0) | (total > self.params.batch)
        m.d.comb += [
            total.eq(command.given + command.draws),
            starts.eq((operation == HeadOperation.LEARN) | (operation == HeadOperation.CLASSIFY)),
            strange.eq(
                ~(starts | clears | reading)
                | reads.strange(operation, command.classes)
                | (starts & (no_classes | no_exemplars))
                | (starts & (command.draws != 0) & ~self.drawable)
            ),
            trainer.commands.payload.operation.eq(Mux(reading, Operation.NONE, operation)),
            trainer.commands.payload.count.eq(total),
            trainer.commands.payload.classes.eq(command.classes),
        ]
        with m.State("idle"):
            m.d.comb += [
                self.settled.eq(1),
                self.exemplars.ready.eq(1),
                dropped.eq(self.exemplars.valid),
                trainer.writes.valid.eq(self.writes.valid),
                self.writes.ready.eq(trainer.writes.ready),
                # What can be drawn may change while the trainer is not ready.
                trainer.commands.valid.eq(commands.valid & trainer.commands.ready & ~strange),
                commands.ready.eq(trainer.commands.ready),
            ]
            if p.hidden:
                wiring.connect(m, wiring.flipped(self.hidden_writes), trainer.hidden_writes)
            with m.If(commands.valid & commands.ready):
                m.d.comb += dropped.eq(strange)
                m.d.sync += [
                    left.eq(command.given),
                    learning.eq(command.operation == HeadOperation.LEARN),
                    self.draws.eq(command.draws),
                ]
                reads.begin(m, operation, command.classes)
                with m.If(starts & ~strange):
                    m.next = "given"
                    with m.If(command.given == 0):
                        m.next = "wait"
                with m.Elif(reading & ~strange):
                    m.next = "read"

    def _take_given(self, m: Module, trainer: Trainer, left: Signal, dropped: Signal) -> None:
        """Take exemplars that are given; what cannot be done before they have come is refused."""
        hidden = trainer.params.hidden > 0
        late = self.commands.valid | self.writes.valid
        with m.State("given"):
            if hidden:
                m.d.comb += self.hidden_writes.ready.eq(1)
                late |= self.hidden_writes.valid
            m.d.comb += [
                # A hidden layer takes beats while the classifier still learns those before.
                self.settled.eq(trainer.settled if hidden else trainer.i.ready),
                self.commands.ready.eq(1),
                self.writes.ready.eq(1),
                dropped.eq(late),
            ]
            with m.If(self._pass_beats(m, trainer, self.exemplars, left)):
                m.next = "finish"
                with m.If(self.draws != 0):
                    m.next = "wait"

    def _take_drawn(self, m: Module, trainer: Trainer, left: Signal) -> None:
        """Ask for exemplars when nothing else is drawn, and take them."""
        with m.State("wait"):
            m.d.comb += [self.drawing.eq(1), self.start.eq(self.draws_ended)]
            m.d.sync += left.eq(self.draws)
            with m.If(self.draws_ended):
                m.next = "drawn"
        with m.State("drawn"):
            m.d.comb += [self.drawing.eq(1), self.taking.eq(1)]
            with m.If(self._pass_beats(m, trainer, self.drawn, left) | self.draws_ended):
                m.next = "finish"

    def _pass_beats(
        self, m: Module, trainer: Trainer, source: stream.Interface, left: Signal
    ) -> Value:
        """Let the trainer have the beats of a source; return whether the last one passes."""
        m.d.comb += [
            trainer.i.valid.eq(source.valid),
            trainer.i.payload.eq(source.payload),
            source.ready.eq(trainer.i.ready),
            self.taken.eq(source.valid & source.ready & source.payload.last),
        ]
        m.d.sync += left.eq(left - self.taken)
        return self.taken & (left == 1)

    def _finish(self, m: Module, trainer: Trainer, learning: Signal) -> None:
        """Wait until the trainer has ended its command, with all its exemplars or without some."""
        with m.State("finish"):
            m.d.comb += trainer.cut.eq(1)
            with m.If(trainer.commands.ready):
                m.d.comb += self.learned.eq(learning)
                m.next = "idle"
