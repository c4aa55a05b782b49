# SPDX-License-Identifier: MIT
"""Low-rank discriminant: the nearest prototype in a metric of all classes (contract, 18)."""

from amaranth.hdl import Cat, Module, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import LowRankParams
from rtl.beat import beat_layout
from rtl.low_rank_control import UnderWay, compare_classes, measure, project, take
from rtl.low_rank_sums import COST_BITS, Sums, Task, stages_of
from rtl.memories import Memory
from rtl.prototype_classifier import reader_members

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
        super().__init__({
            "i": In(stream.Signature(beat_layout(memory.lanes, memory.classes))),
            "project": In(stream.Signature(bits_for(memory.classes - 1))),
            "basis": In(stream.Signature(basis_layout(params))),
            "factors": In(stream.Signature(factor_layout(params))),
            "exponent": In(range(COST_BITS)),
            "o": Out(stream.Signature(answer_layout(params))),
            **dict.fromkeys(("empty", "unknown", "busy"), Out(1)),
            **reader_members(memory),
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
        now = UnderWay(self.params, sums, self.entry)
        m.d.comb += [
            now.end.eq(now.beat == self.params.prototypes.beats - 1),
            now.last_plane.eq(now.plane == self.params.prototypes.code_width),
            self.component.eq(self.entry.first + now.nth),
            self.beat.eq(now.beat),
            self.label.eq(now.current),
            now.asked.component.eq(self.component),
            now.asked.label.eq(now.current),
            now.asked.direction.eq(now.direction),
            now.asked.end.eq(now.end),
        ]
        with m.FSM() as fsm:
            reads = ("look_up", "scan", "find", "project")
            m.d.comb += [
                self.ask.eq(Cat(fsm.ongoing(name) for name in reads).any()),
                self.busy.eq(~fsm.ongoing("take") | (now.beat != 0)),
            ]
            take(m, now, self)
            measure(m, now, self)
            compare_classes(m, now, self)
            project(m, now, self)

    def _compare(self, m: Module, sums: Sums) -> None:
        """Keep the first component of the least cost."""
        best, mark = self.o.payload, sums.stages[-1]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [best.label.eq(0), best.cost.eq(2**COST_BITS - 1)]
        with m.If(mark.last & (mark.task == Task.COST) & (sums.cost < best.cost)):
            m.d.sync += [best.label.eq(mark.label), best.cost.eq(sums.cost)]
