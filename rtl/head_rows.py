# SPDX-License-Identifier: MIT
"""Rows of the weights of a head on their way out, for the commands that read them."""

from typing import NamedTuple

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream
from amaranth.lib.wiring import PureInterface

from rtl.dispatch import WORD
from rtl.head_command import HeadOperation
from rtl.trainer import Trainer

__all__ = ["RowReads"]


class _Memory(NamedTuple):
    """Rows that can be read.

    Attributes
    ----------
    operation : HeadOperation
        The command that does it.
    reads, rows : stream.Interface
        Numbers of rows, and these rows.
    most, beats : int
        Largest number that a command may name, and rows of each.
    """

    operation: HeadOperation
    reads: stream.Interface
    rows: stream.Interface
    most: int
    beats: int

    @property
    def words(self) -> int:
        """Words of a row."""
        return -(-len(self.rows.payload) // WORD)


class RowReads:
    """Commands to read: the rows of the classifier, and of a hidden layer that learns.

    Parameters
    ----------
    trainer : Trainer
    """

    def __init__(self, trainer: Trainer) -> None:
        p = trainer.params
        self._memories = [
            _Memory(HeadOperation.READ, trainer.reads, trainer.rows, p.classes, p.beats)
        ]
        if p.trains_hidden:
            reads, rows = trainer.hidden_reads, trainer.hidden_rows
            beats = p.without_hidden.beats
            self._memories.append(_Memory(HeadOperation.READ_HIDDEN, reads, rows, p.hidden, beats))
        most = max(memory.most * memory.beats for memory in self._memories)
        self._left = Signal(range(most + 1), name="rows_left")
        self._row = Signal(range(most), name="row_to_read")
        self._part = Signal(range(max(memory.words for memory in self._memories)), name="row_part")
        self._chosen = Signal(range(len(self._memories)), name="memory_to_read")

    def wanted(self, operation: Value) -> Value:
        """Return whether a command reads rows that the head has."""
        return Cat(operation == memory.operation for memory in self._memories).any()

    def strange(self, operation: Value, count: Value) -> Value:
        """Return whether a command reads rows of nothing, or of more than there is."""
        return Cat(
            (operation == memory.operation) & ((count == 0) | (count > memory.most))
            for memory in self._memories
        ).any()

    def begin(self, m: Module, operation: Value, count: Value) -> None:
        """Take a command: the rows of so many classes or neurons are to be read.

        Parameters
        ----------
        m : Module
        operation, count : Value
            Those of the command.
        """
        for number, memory in enumerate(self._memories):
            with m.If(operation == memory.operation):
                m.d.sync += [self._chosen.eq(number), self._left.eq(count * memory.beats)]

    def states(self, m: Module, sent: PureInterface) -> None:
        """Read row after row, and send each in words: states "read" and "show", and then "idle".

        Parameters
        ----------
        m : Module
            In the FSM of the head.
        sent : PureInterface
            Packets of `rtl.output.source_layout`.
        """
        whole, final = Signal(name="row_whole"), self._left == 1
        with m.State("read"):
            asked = []
            for number, memory in enumerate(self._memories):
                m.d.comb += [
                    memory.reads.valid.eq(self._chosen == number),
                    memory.reads.payload.eq(self._row),
                ]
                asked.append(memory.reads.valid & memory.reads.ready)
            with m.If(Cat(asked).any()):
                m.next = "show"
        with m.State("show"):
            for number, memory in enumerate(self._memories):
                with m.If(self._chosen == number):
                    m.d.comb += [
                        whole.eq(self._part == memory.words - 1),
                        sent.valid.eq(memory.rows.valid),
                        sent.payload.data.eq(memory.rows.payload.word_select(self._part, WORD)),
                        memory.rows.ready.eq(sent.ready & whole),
                    ]
            m.d.comb += sent.payload.last.eq(whole & final)
            with m.If(sent.valid & sent.ready):
                m.d.sync += self._part.eq(self._part + 1)
                with m.If(whole):
                    m.d.sync += [
                        self._part.eq(0),
                        self._row.eq(self._row + 1),
                        self._left.eq(self._left - 1),
                    ]
                    m.next = "read"
                    with m.If(final):
                        m.d.sync += self._row.eq(0)
                        m.next = "idle"
