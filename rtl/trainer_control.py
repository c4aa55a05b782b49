# SPDX-License-Identifier: MIT
"""Control of the trainer: what a command, an exemplar and a batch do, row by row."""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import enum, stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.memory import WritePort
from amaranth.utils import bits_for

from golden.params import TrainerParams
from rtl.trainer_lanes import stage_layout

__all__ = ["Operation", "UnderWay", "command_layout", "idle", "learn_batch", "sum_rows", "take"]


class Operation(enum.IntEnum, shape=unsigned(2)):
    """What a command does."""

    CLASSIFY = 0
    LEARN = 1
    CLEAR = 2
    NONE = 3


def command_layout(params: TrainerParams, batch: int) -> StructLayout:
    """Return the layout of a command: what it does, with how many exemplars and classes."""
    return StructLayout({
        "operation": Operation,
        "count": bits_for(batch),
        "classes": bits_for(params.classes),
    })  # fmt: skip


class UnderWay:
    """Registers of the current command and exemplar, and signals derived from them."""

    def __init__(self, params: TrainerParams, batch: int) -> None:
        self.params, self.batch = params, batch
        self.idle = Signal()
        self.updating = Signal()  # rows are updated, not summed
        self.learning = Signal()
        self.left = Signal(range(batch + 1))  # exemplars of the command, the one in work included
        self.classes = Signal(range(params.classes + 1))
        self.label = Signal(bits_for(params.classes - 1))
        self.slot = Signal(range(batch + 1))  # exemplars that are kept
        self.base = Signal(bits_for(batch * params.beats))  # first row of the slot
        self.error_base = Signal(bits_for(batch * params.classes))  # its first error
        self.asked = Signal(stage_layout(params.rows))  # the row that is asked for
        self.row = Signal(range(params.rows))
        self.beat = Signal(range(params.beats))
        self.current = Signal(range(params.classes))  # class of the row
        self.whole = Signal()  # it is the last class
        self.nth = Signal(range(batch))  # exemplar of the batch
        self.at = Signal(bits_for(batch * params.beats))  # its row of bits
        self.error_at = Signal(bits_for(batch * params.classes))  # its error

    def begin(self) -> list[Any]:
        """Return what makes the first row the current one."""
        places = (self.row, self.beat, self.current, self.nth, self.at, self.error_at)
        return [place.eq(0) for place in places]

    def step(self) -> list[Any]:
        """Return what goes to the next row."""
        end = self.asked.end
        return [
            self.row.eq(self.row + 1),
            self.beat.eq(Mux(end, 0, self.beat + 1)),
            self.current.eq(self.current + end),
        ]


def idle(
    m: Module, now: UnderWay, ports: wiring.PureInterface, write: WritePort, held: Value | None
) -> None:
    """Clear all rows; then write a row, or read one, or take a command.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : PureInterface
        Those of the trainer.
    write : WritePort
        Of the rows.
    held : Value or None
        Commands wait for rows of a hidden layer, where there is one.
    """
    writes, reads, rows = ports.writes, ports.reads, ports.rows
    commands, refused = ports.commands, ports.refused
    p, command, free = now.params, commands.payload, ~writes.valid & ~reads.valid
    learns = command.operation == Operation.LEARN
    starts = learns | (command.operation == Operation.CLASSIFY)
    strange = (command.count == 0) | (command.count > now.batch)
    strange |= (command.classes == 0) | (command.classes > p.classes)
    with m.State("clear"):
        m.d.sync += [
            write.en.eq(1),
            write.addr.eq(now.row),
            write.data.eq(0),
            now.row.eq(now.row + 1),
        ]
        with m.If(now.row == p.rows - 1):
            m.next = "idle"
    with m.State("idle"):
        m.d.comb += [
            now.idle.eq(1),
            writes.ready.eq(1),
            # A row that is just being written can be read in the next cycle.
            reads.ready.eq(~writes.valid & ~write.en),
            commands.ready.eq(free if held is None else free & ~held),
        ]
        with m.If(writes.valid):
            m.d.sync += [
                write.en.eq(writes.payload.row < p.rows),
                write.addr.eq(writes.payload.row),
                write.data.eq(writes.payload.weights),
                refused.eq(refused | (writes.payload.row >= p.rows)),
            ]
        with m.Elif(reads.valid & reads.ready):
            m.d.sync += refused.eq(refused | (reads.payload >= p.rows))
            with m.If(reads.payload < p.rows):
                m.next = "show"
        with m.Elif(commands.valid & commands.ready):
            m.d.sync += [
                *now.begin(),
                *(place.eq(0) for place in (now.slot, now.base, now.error_base)),
                now.learning.eq(learns),
                now.left.eq(command.count),
                now.classes.eq(command.classes),
                refused.eq(refused | (starts & strange)),
            ]
            with m.If(starts & ~strange):
                m.next = "take"
                with m.If(learns):
                    m.d.sync += ports.hits.eq(0)
            with m.Elif(command.operation == Operation.CLEAR):
                m.next = "clear"
    with m.State("show"):
        m.d.comb += rows.valid.eq(1)
        with m.If(rows.ready):
            m.next = "idle"


def take(
    m: Module, now: UnderWay, exemplars: stream.Interface, cut: Value, unknown: Signal
) -> None:
    """Take the beats of an exemplar, and leave it out of a batch if its class is not there.

    A command that is cut ends between two exemplars.

    Parameters
    ----------
    m : Module
    now : UnderWay
    exemplars : stream.Interface
        Beats of exemplars.
    cut : Value
        No exemplar comes any more.
    unknown : Signal
        Flag of an exemplar that is left out.
    """
    label = Mux(now.beat == 0, exemplars.payload.label, now.label)
    with m.State("take"):
        m.d.comb += exemplars.ready.eq(1)
        with m.If(exemplars.valid):
            m.d.sync += [now.label.eq(label), now.beat.eq(now.beat + 1)]
            with m.If(now.asked.end):
                m.d.sync += now.begin()
                m.next = "sum"
                with m.If(now.learning & (label >= now.classes)):
                    m.d.sync += unknown.eq(1)
                    _go_on(m, now, now.slot)
        with m.Elif(cut & (now.beat == 0)):
            m.next = "idle"
            with m.If(now.learning & (now.slot != 0)):
                m.next = "begin"


def sum_rows(
    m: Module, now: UnderWay, ended: Value, noted: Value, answers: stream.Interface
) -> None:
    """Read all rows for an exemplar; then answer, or wait for its errors.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ended : Value
        The last row has passed all stages.
    noted : Value
        The last error is there.
    answers : stream.Interface
        The class and its sum are there already.
    """
    p, asked = now.params, now.asked
    with m.State("sum"):
        m.d.comb += [
            asked.valid.eq(1),
            asked.first.eq(now.beat == 0),
            asked.last.eq(asked.end),
        ]
        m.d.sync += now.step()
        with m.If(asked.final):
            m.next = "wait"
    with m.State("wait"):
        with m.If(noted):
            m.d.sync += [
                now.slot.eq(now.slot + 1),
                now.base.eq(now.base + p.beats),
                now.error_base.eq(now.error_base + p.classes),
            ]
            _go_on(m, now, Const(1))
        with m.Elif(ended & ~now.learning):
            m.next = "answer"
    with m.State("answer"):
        m.d.comb += answers.valid.eq(1)
        with m.If(answers.ready):
            _go_on(m, now, Const(0))


def learn_batch(m: Module, now: UnderWay, ended: Value, trained: Value | None) -> None:
    """Go through all exemplars for each row.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ended : Value
        The last row has passed all stages.
    trained : Value or None
        The hidden layer has learned the batch, where it does.
    """
    p, asked = now.params, now.asked
    with m.State("begin"):  # the last error is being written
        m.next = "update" if trained is None else "hidden"
    if trained is not None:
        with m.State("hidden"), m.If(trained):
            m.next = "update"
    with m.State("update"):
        m.d.comb += [
            now.updating.eq(1),
            asked.valid.eq(1),
            asked.first.eq(now.nth == 0),
            asked.last.eq(now.nth + 1 == now.slot),
        ]
        m.d.sync += [
            now.nth.eq(now.nth + 1),
            now.at.eq(now.at + p.beats),
            now.error_at.eq(now.error_at + p.classes),
        ]
        with m.If(asked.last):
            m.d.sync += [
                *now.step(),
                now.nth.eq(0),
                now.at.eq(Mux(asked.end, 0, now.beat + 1)),
                now.error_at.eq(now.current + asked.end),
            ]
        with m.If(asked.final):
            m.next = "settle"
    with m.State("settle"):
        m.d.comb += now.updating.eq(1)
        with m.If(ended):
            m.next = "idle"


def _go_on(m: Module, now: UnderWay, kept: Value) -> None:
    """Go on to the next exemplar, or to what comes after the last one."""
    m.d.sync += [*now.begin(), now.left.eq(now.left - 1)]
    m.next = "take"
    with m.If(now.left == 1):
        m.next = "idle"
        with m.If(now.learning & (kept != 0)):
            m.next = "begin"
