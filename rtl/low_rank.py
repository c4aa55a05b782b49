# SPDX-License-Identifier: MIT
"""Low-rank discriminant: the nearest prototype in a metric of all classes (contract, 18)."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import LowRankParams
from rtl.beat import beat_layout
from rtl.low_rank_sums import COST_BITS, Sums, Task, stages_of
from rtl.prototypes import entry_layout

__all__ = ["LowRank", "answer_layout", "basis_layout", "factor_layout"]


def basis_layout(params: LowRankParams) -> StructLayout:
    """Return the layout of a row of entries, lane 0 first, with its number ``k * B + beat``."""
    memory = params.prototypes
    return StructLayout({
        "row": bits_for(params.rank * memory.beats - 1),
        "entries": unsigned(memory.lanes * params.basis_width),
    })  # fmt: skip


def factor_layout(params: LowRankParams) -> StructLayout:
    """Return the layout of the factor of a direction."""
    return StructLayout({"direction": bits_for(params.rank - 1), "factor": params.factor_width})


def answer_layout(params: LowRankParams) -> StructLayout:
    """Return the layout of an answer: the class, and the cost of its component."""
    return StructLayout({
        "label": bits_for(params.prototypes.classes - 1),
        "cost": signed(COST_BITS + 1),
    })  # fmt: skip


class LowRank(wiring.Component):
    """Reader of all prototypes that names the class of the nearest one in a metric.

    A class is projected by its number when it was written into the memory of prototypes; what was
    projected stays until the class is projected again. This takes ``(R + 1) * B * (q + 1)`` cycles
    a component, and `projecting` in addition. A picture is projected when its last beat has
    come, which takes ``(R + 1) * B`` cycles. Then every component takes ``max(B, R)`` cycles, in
    which its rows and its directions are read side by side, and a class that was removed one. The
    answer is offered `latency` cycles after the last beat, and so many more. The next picture is
    taken in the cycle after the answer, so that one takes `interval` cycles and so many more.
    Without a class, the answer comes one cycle after the last beat.

    The block asks for the memory before it reads, and all is later by the cycles in which it waits
    for `go`. A row of the metric is taken at any time; between pictures, it is to be loaded before
    classes are projected. The classes that count are those in the table of the memory with the last
    beat. Reset drops the picture; it leaves the metric and what was projected as they are.

    Parameters
    ----------
    params : LowRankParams
        With R of 1 or more: the nearest mean is that of `rtl.prototype_classifier`.

    Members
    -------
    i : In(stream.Signature(beat_layout(lanes, classes)))
        Pictures of B beats; `label` and `last` are ignored, and so are lanes past D.
    project : In(stream.Signature(unsigned))
        Numbers of classes to project, between two pictures.
    basis : In(stream.Signature(basis_layout(params)))
        Rows of entries, in two's complement, or 1 for +1 and 0 for -1 where they have one bit.
        Lanes past D do not matter.
    factors : In(stream.Signature(factor_layout(params)))
        Factors of the directions.
    exponent : In(6)
        s, held while a picture is under way.
    o : Out(stream.Signature(answer_layout(params)))
        Answers.
    empty : Out(1)
        Set until reset when a picture came while no class was there.
    unknown : Out(1)
        Set until reset when a class to project was not in the table.
    busy : Out(1)
        A picture or a class to project has begun and not ended.
    ask : Out(1)
        The memory is to be read, or is read.
    go : In(1)
        It may be read, and goes on to be until `ask` falls.
    n_classes, entry, codes : In
        As an editable `rtl.prototypes.Prototypes` has them.
    label_en, label, row_en, component, beat : Out
        What is read of it.

    Raises
    ------
    ValueError
        If R is 0.
    """

    def __init__(self, params: LowRankParams) -> None:
        if not params.rank:
            raise ValueError("Rank R of a discriminant in hardware must be 1 or more, not 0")
        self.params, memory = params, params.prototypes
        stages = stages_of(params)
        projection = (params.rank + 1) * memory.beats
        #: Cycles from the last beat to the answer, beside those of the components.
        self.latency = projection + 2 * stages + 2
        #: Cycles from one picture to the next, beside those of the components.
        self.interval = self.latency + memory.beats
        #: Cycles that a command to project takes, beside those of its components.
        self.projecting = 2 + stages
        label_width = bits_for(memory.classes - 1)
        super().__init__({
            "i": In(stream.Signature(beat_layout(memory.lanes, memory.classes))),
            "project": In(stream.Signature(label_width)),
            "basis": In(stream.Signature(basis_layout(params))),
            "factors": In(stream.Signature(factor_layout(params))),
            "exponent": In(range(COST_BITS)),
            "o": Out(stream.Signature(answer_layout(params))),
            **dict.fromkeys(("empty", "unknown", "busy", "ask"), Out(1)),
            "go": In(1),
            "n_classes": In(bits_for(memory.classes)),
            "label_en": Out(1),
            "label": Out(label_width),
            "entry": In(entry_layout(memory, editable=True)),
            "row_en": Out(1),
            "component": Out(bits_for(memory.components - 1)),
            "beat": Out(bits_for(memory.beats - 1)),
            "codes": In(ArrayLayout(memory.code_width, memory.lanes)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, once = self.params.prototypes, {"no_rw_check": 1}
        m.submodules.picture = picture = Memory(
            shape=unsigned(p.lanes), depth=p.beats, init=[], attrs=once
        )
        m.submodules.basis = basis = Memory(
            shape=unsigned(p.lanes * self.params.basis_width),
            depth=self.params.rank * p.beats,
            init=[],
            attrs=once,
        )
        m.submodules.factors = weights = Memory(
            shape=unsigned(self.params.factor_width), depth=self.params.rank, init=[], attrs=once
        )
        bits, entries = picture.read_port(), basis.read_port()
        sums = Sums(m, self.params, entries.data, bits.data, self.codes)
        sums.weigh(m, weights, self.exponent)
        bits_write, write = picture.write_port(), basis.write_port()
        weight_write, asked = weights.write_port(), sums.asked
        m.d.comb += [
            bits_write.addr.eq(self.beat),
            bits_write.data.eq(self.i.payload.bits),
            bits_write.en.eq(self.i.valid & self.i.ready),
            bits.addr.eq(self.beat),
            bits.en.eq(asked.adds & (asked.task != Task.COMPONENT)),
            entries.addr.eq(asked.direction * p.beats + self.beat),
            entries.en.eq(
                asked.adds & (asked.task != Task.COST) & (asked.direction != self.params.rank)
            ),
            self.basis.ready.eq(1),
            write.addr.eq(self.basis.payload.row),
            write.data.eq(self.basis.payload.entries),
            write.en.eq(self.basis.valid),
            self.factors.ready.eq(1),
            weight_write.addr.eq(self.factors.payload.direction),
            weight_write.data.eq(self.factors.payload.factor),
            weight_write.en.eq(self.factors.valid),
        ]
        self._go(m, sums)
        self._compare(m, sums)
        return m

    def _go(self, m: Module, sums: Sums) -> None:
        """Take a picture or a class; read what it needs, and wait until it went all the way."""
        p, rank, asked = self.params.prototypes, self.params.rank, sums.asked
        steps = max(p.beats, rank)
        left = Signal(range(p.classes + 1))  # classes, the one in work included
        current = Signal.like(self.label)  # class in work
        nth = Signal(range(p.class_components))  # component within its class
        beat = Signal.like(self.beat, name="beat_now")  # of the picture, or of a class to project
        step = Signal(range(steps))  # row or direction of a component, or both
        direction = Signal(range(rank + 1))  # to project on
        plane = Signal(range(p.code_width + 1))
        any_there = Signal()  # a class that is there has been read
        ended = sums.stages[-1].final
        end = Signal()  # row of its vector
        last_plane = Signal()
        whole = Signal()  # the class ends with this row, or was removed
        there = self.entry.there
        last = nth + 1 == self.entry.count
        begin = [value.eq(0) for value in (nth, beat, step, direction, plane)]
        m.d.comb += [
            end.eq(beat == p.beats - 1),
            last_plane.eq(plane == p.code_width),
            self.component.eq(self.entry.first + nth),
            self.beat.eq(beat),
            self.label.eq(current),
            asked.component.eq(self.component),
            asked.label.eq(current),
            asked.direction.eq(direction),
            asked.end.eq(end),
        ]
        with m.FSM() as fsm:
            reads = ("look_up", "scan", "find", "project")
            m.d.comb += [
                self.ask.eq(Cat(fsm.ongoing(name) for name in reads).any()),
                self.busy.eq(~fsm.ongoing("take") | (beat != 0)),
            ]
            with m.State("take"):
                m.d.comb += [
                    self.project.ready.eq(beat == 0),
                    self.i.ready.eq((beat != 0) | ~self.project.valid),
                ]
                m.d.sync += any_there.eq(0)
                with m.If(self.project.valid & self.project.ready):
                    m.d.sync += current.eq(self.project.payload)
                    m.next = "find"
                    with m.If(self.project.payload >= self.n_classes):
                        m.d.sync += self.unknown.eq(1)
                        m.next = "take"
                with m.Elif(self.i.valid):
                    m.d.sync += beat.eq(beat + 1)
                    with m.If(end):
                        m.d.sync += [*begin, left.eq(self.n_classes), current.eq(0)]
                        m.next = "measure"
                        with m.If(self.n_classes == 0):
                            m.d.sync += self.empty.eq(1)
                            m.next = "answer"
            with m.State("measure"):
                whole_picture = end & (direction == rank)
                m.d.comb += [
                    asked.task.eq(Task.PICTURE),
                    asked.adds.eq(1),
                    asked.first.eq(beat == 0),
                    asked.last.eq(end),
                    asked.final.eq(whole_picture),
                ]
                m.d.sync += beat.eq(Mux(end, 0, beat + 1))
                with m.If(end):
                    m.d.sync += direction.eq(direction + 1)
                with m.If(whole_picture):
                    m.d.sync += begin
                    m.next = "measured"
            with m.State("measured"), m.If(ended):
                m.next = "look_up"
            with m.State("look_up"):
                m.d.comb += self.label_en.eq(1)
                with m.If(self.go):
                    m.next = "scan"
            with m.State("scan"):
                # The entry of the next class comes with its first row.
                m.d.comb += [
                    whole.eq(~there | ((step == steps - 1) & last)),
                    self.label_en.eq(whole & (left != 1)),
                    self.label.eq(current + 1),
                    self.beat.eq(step),
                    self.row_en.eq(asked.adds),
                    asked.task.eq(Task.COST),
                    asked.adds.eq(there & (step < p.beats)),
                    asked.weighs.eq(there & (step < rank)),
                    asked.first.eq(step == 0),
                    asked.last.eq(there & (step == steps - 1)),
                    asked.end.eq(step == p.beats - 1),
                    asked.direction.eq(step),
                    asked.final.eq(whole & (left == 1)),
                ]
                m.d.sync += any_there.eq(any_there | there)
                with m.If(there):
                    m.d.sync += step.eq(Mux(step == steps - 1, 0, step + 1))
                with m.If(step == steps - 1):
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
                    m.d.sync += begin
                    m.next = "take"
            with m.State("find"):
                m.d.comb += self.label_en.eq(1)
                m.d.sync += begin
                with m.If(self.go):
                    m.next = "project"
            with m.State("project"):
                complete = end & last_plane
                m.d.comb += [
                    self.row_en.eq(there & (plane == 0)),
                    asked.task.eq(Task.COMPONENT),
                    asked.adds.eq(there),
                    asked.first.eq((beat == 0) & (plane == 0)),
                    asked.last.eq(complete),
                    asked.plane.eq(plane),
                    asked.final.eq(there & complete & (direction == rank) & last),
                ]
                m.d.sync += plane.eq(Mux(last_plane, 0, plane + 1))
                with m.If(last_plane):
                    m.d.sync += beat.eq(Mux(end, 0, beat + 1))
                with m.If(complete):
                    m.d.sync += direction.eq(Mux(direction == rank, 0, direction + 1))
                    with m.If(direction == rank):
                        m.d.sync += nth.eq(nth + 1)
                with m.If(~there | asked.final):
                    m.d.sync += begin
                    m.next = "projected"
                    with m.If(~there):
                        m.next = "take"
            with m.State("projected"), m.If(ended):
                m.next = "take"

    def _compare(self, m: Module, sums: Sums) -> None:
        """Keep the first component of the least cost."""
        best, mark = self.o.payload, sums.stages[-1]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [best.label.eq(0), best.cost.eq(2**COST_BITS - 1)]
        with m.If(mark.last & (mark.task == Task.COST) & (sums.cost < best.cost)):
            m.d.sync += [best.label.eq(mark.label), best.cost.eq(sums.cost)]
