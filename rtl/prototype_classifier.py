# SPDX-License-Identifier: MIT
"""Classifier by prototypes: the component of the least cost names the class (contract, 15)."""

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import PrototypeClassifierParams, PrototypesParams
from rtl.adder_tree import add_up, levels_of
from rtl.beat import beat_layout
from rtl.lanes import used_lanes
from rtl.memories import Memory
from rtl.prototypes import entry_layout

__all__ = ["PrototypeClassifier", "answer_layout", "reader_members", "table_layout"]


def table_layout(params: PrototypeClassifierParams) -> StructLayout:
    """Return the layout of a row of the table of costs, with its number."""
    return StructLayout({
        "row": bits_for(params.table_rows - 1),
        "weight": params.table_width,
        "base": params.table_width,
    })  # fmt: skip


def answer_layout(params: PrototypeClassifierParams) -> StructLayout:
    """Return the layout of an answer: the class, and the cost of its component."""
    return StructLayout({
        "label": bits_for(params.prototypes.classes - 1),
        "cost": params.cost_width,
    })  # fmt: skip


def reader_members(memory: PrototypesParams) -> dict[str, wiring.Member]:
    """Return the ports of a block that asks for an editable prototype memory, and reads it."""
    return {
        "ask": Out(1),
        "go": In(1),
        "n_classes": In(bits_for(memory.classes)),
        "label_en": Out(1),
        "label": Out(bits_for(memory.classes - 1)),
        "entry": In(entry_layout(memory, editable=True)),
        "row_en": Out(1),
        "component": Out(bits_for(memory.components - 1)),
        "beat": Out(bits_for(memory.beats - 1)),
        "codes": In(ArrayLayout(memory.code_width, memory.lanes)),
    }


class PrototypeClassifier(wiring.Component):
    """Reader of all prototypes that names the class of the one that a picture is nearest to.

    The B beats of a picture are kept, then every row of the prototypes is read once, one every
    `fold` cycles. In each of them, the ``L / fold`` tables give the costs of as many lanes, the
    lowest lanes first, and a tree with a register at each level adds them. The answer is offered
    `latency` cycles after the last beat, and `fold` more for each row. The next picture is taken in
    the cycle after the answer, so a picture takes `interval` cycles and `fold` for each row.
    Without a class, the answer comes one cycle after the last beat.

    The block asks for the memory before it reads, and the answer comes later by the cycles in which
    it waits for `go`. A class that was removed takes one cycle. A row of the table is taken at any
    time, and goes to all tables. The classes that count are those in the table of the
    memory with the last beat. Reset drops the picture; it leaves the table as it is.

    Parameters
    ----------
    params : PrototypeClassifierParams

    Members
    -------
    i : In(stream.Signature(beat_layout(lanes, classes)))
        Pictures of B beats; `label` and `last` are ignored, and so are lanes past D.
    table : In(stream.Signature(table_layout(params)))
        Rows of the table of costs.
    o : Out(stream.Signature(answer_layout(params)))
        Answers.
    empty : Out(1)
        Set until reset when a picture came while no class was there.
    busy : Out(1)
        A picture has begun whose answer has not left.
    ask : Out(1)
        The memory is to be read, or is read.
    go : In(1)
        It may be read, and goes on to be until `ask` falls.
    n_classes, entry, codes : In
        As an editable `rtl.prototypes.Prototypes` has them.
    label_en, label, row_en, component, beat : Out
        What is read of it.
    """

    def __init__(self, params: PrototypeClassifierParams) -> None:
        self.params = params
        memory = params.prototypes
        #: Cycles from the last beat to the answer, beside `fold` a row.
        self.latency = 8 + levels_of(params.tables)
        #: Cycles from one picture to the next, beside `fold` a row.
        self.interval = self.latency + memory.beats
        super().__init__({
            "i": In(stream.Signature(beat_layout(memory.lanes, memory.classes))),
            "table": In(stream.Signature(table_layout(params))),
            "o": Out(stream.Signature(answer_layout(params))),
            "empty": Out(1),
            "busy": Out(1),
            **reader_members(memory),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params.prototypes
        # A row is not read in the cycle of its write.
        m.submodules.picture = picture = Memory(
            shape=unsigned(p.lanes), depth=p.beats, attrs={"no_rw_check": 1}, one_port=True
        )
        write, read = picture.write_port(), picture.read_port()
        # What a part of a row is: the lanes of one turn.
        row = StructLayout({
            "valid": 1, "first": 1, "last": 1, "final": 1, "label": bits_for(p.classes - 1),
            "turn": range(self.params.fold), "ends": 1,
        })  # fmt: skip
        scanned = Signal(row)
        m.d.comb += [
            write.addr.eq(self.beat),
            write.data.eq(self.i.payload.bits),
            write.en.eq(self.i.valid & self.i.ready),
            read.addr.eq(self.beat),
            read.en.eq(self.row_en),
        ]
        ended = Signal()
        self._go(m, scanned, ended)
        # It goes beside its numbers: codes of the row, its own codes, entries of tables, bases and
        # weights, costs, levels of the tree.
        stages = [scanned]
        for number in range(5 + levels_of(self.params.tables)):
            stages.append(Signal(row, name=f"stage_{number}"))
            m.d.sync += stages[-1].eq(stages[-2])
        costs = self._costs(m, stages, read.data)
        self._compare(m, stages[-1], add_up(m, costs), ended)
        return m

    def _go(self, m: Module, scanned: Signal, ended: Signal) -> None:
        """Take a picture, read all rows class by class, and offer the answer."""
        p = self.params.prototypes
        left = Signal(range(p.classes + 1))  # classes, the one in work included
        current = Signal.like(self.label)  # class in work
        nth = Signal(range(p.class_components))  # component within its class
        turn = Signal(range(self.params.fold))  # part of the row
        done = Signal()  # the row ends with this part
        last = Signal()  # row of a component
        whole = Signal()  # the class ends with this row, or was removed
        any_there = Signal()  # a class that is there has been read
        there = self.entry.there
        m.d.comb += [
            done.eq(turn == self.params.fold - 1),
            last.eq(self.beat == p.beats - 1),
            whole.eq(~there | (done & last & (nth + 1 == self.entry.count))),
            self.table.ready.eq(1),
            self.component.eq(self.entry.first + nth),
        ]
        with m.FSM() as fsm:
            m.d.comb += [
                self.busy.eq(~fsm.ongoing("take") | (self.beat != 0)),
                self.ask.eq(fsm.ongoing("look_up") | fsm.ongoing("scan")),
            ]
            with m.State("take"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += any_there.eq(0)
                with m.If(self.i.valid):
                    m.d.sync += self.beat.eq(Mux(last, 0, self.beat + 1))
                    with m.If(last):
                        m.d.sync += [left.eq(self.n_classes), current.eq(0), nth.eq(0)]
                        m.next = "look_up"
                        with m.If(self.n_classes == 0):
                            m.d.sync += self.empty.eq(1)
                            m.next = "answer"
            with m.State("look_up"):
                m.d.comb += self.label_en.eq(1)
                with m.If(self.go):
                    m.next = "scan"
            with m.State("scan"):
                # The entry of the next class comes with its first row. A row stays for all turns.
                m.d.comb += [
                    self.row_en.eq(there & (turn == 0)),
                    self.label_en.eq(whole & (left != 1)),
                    self.label.eq(current + 1),
                    scanned.valid.eq(there),
                    scanned.final.eq(whole & (left == 1)),
                ]
                m.d.sync += any_there.eq(any_there | there)
                with m.If(there):
                    m.d.sync += turn.eq(Mux(done, 0, turn + 1))
                with m.If(there & done):
                    m.d.sync += self.beat.eq(Mux(last, 0, self.beat + 1))
                    with m.If(last):
                        m.d.sync += nth.eq(nth + 1)
                with m.If(whole):
                    m.d.sync += [nth.eq(0), current.eq(current + 1), left.eq(left - 1)]
                    with m.If(left == 1):
                        m.next = "add"
            with m.State("add"), m.If(ended):
                m.d.sync += self.empty.eq(self.empty | ~any_there)
                m.next = "answer"
            with m.State("answer"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "take"
        m.d.comb += [
            scanned.first.eq((self.beat == 0) & (turn == 0)),
            scanned.last.eq(last & done),
            scanned.label.eq(current),
            scanned.turn.eq(turn),
            scanned.ends.eq(last),
        ]

    def _costs(self, m: Module, stages: list[Signal], bits: Value) -> list[Value]:
        """Return what the lanes of a turn cost, five cycles after their row was asked for."""
        p, width, tables = self.params, self.params.table_width, self.params.tables
        shape, costs = unsigned(2 * width), []
        codes = Value.cast(self.codes)
        own = codes.word_select(stages[1].turn, tables * p.prototypes.code_width)
        counts = used_lanes(p.prototypes, stages[3].ends).word_select(stages[3].turn, tables)
        own_codes, own_bits = Signal(ArrayLayout(p.prototypes.code_width, tables)), Signal(tables)
        # While another block reads the memory, its codes go by and nothing here moves.
        with m.If(stages[1].valid):
            m.d.sync += [own_codes.eq(own), own_bits.eq(bits.word_select(stages[1].turn, tables))]
        for number in range(tables):
            m.submodules[f"table_{number}"] = table = Memory(
                shape=shape, depth=p.table_rows, attrs={"no_rw_check": 1}, one_port=True
            )
            write, read = table.write_port(), table.read_port()
            code = own_codes[number]
            likelier, differs = code[-1], Signal(name=f"differs_{number}")
            weight, base = (Signal(width, name=f"{name}_{number}") for name in ("weight", "base"))
            cost = Signal(width + 1, name=f"cost_{number}")
            m.d.comb += [
                write.addr.eq(self.table.payload.row),
                write.data.eq(Value.cast(self.table.payload)[-2 * width :]),
                write.en.eq(self.table.valid),
                # A code and its complement share a row.
                read.addr.eq(Mux(likelier, code[:-1], ~code[:-1])),
                read.en.eq(stages[2].valid),
            ]
            m.d.sync += [
                differs.eq(own_bits[number] ^ likelier),
                weight.eq(Mux(counts[number] & differs, read.data[:width], 0)),
                base.eq(Mux(counts[number], read.data[width:], 0)),
                cost.eq(base + weight),
            ]
            costs.append(cost)
        return costs

    def _compare(self, m: Module, row: Signal, total: Value, ended: Signal) -> None:
        """Add the parts of a component up, and keep the first component of the least cost."""
        best = self.o.payload
        cost = Signal(self.params.cost_width)
        summed = Signal.like(row)
        m.d.sync += summed.eq(row)
        with m.If(row.valid):
            m.d.sync += cost.eq(Mux(row.first, 0, cost) + total)
        # A class that was removed has no row, yet may be the last.
        m.d.comb += ended.eq(summed.final)
        with m.If(self.i.ready):
            m.d.sync += [best.label.eq(0), best.cost.eq(2**self.params.cost_width - 1)]
        with m.If(summed.valid & summed.last & (cost < best.cost)):
            m.d.sync += [best.label.eq(summed.label), best.cost.eq(cost)]
