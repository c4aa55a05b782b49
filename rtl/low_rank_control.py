# SPDX-License-Identifier: MIT
"""Control of the low-rank discriminant: what a picture and a class to project read, row by row."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.utils import bits_for

from golden.params import LowRankParams
from rtl.low_rank_sums import Sums, Task

__all__ = ["UnderWay", "compare_classes", "measure", "project", "take"]


class UnderWay:
    """Registers of the current picture or class, and signals derived from them.

    Parameters
    ----------
    params : LowRankParams
    sums : Sums
        Which the rows go to.
    entry : View
        Entry of a class, as the memory has it.
    """

    def __init__(self, params: LowRankParams, sums: Sums, entry: Any) -> None:
        self.prototypes, self.rank = params.prototypes, params.rank
        self.steps = max(self.prototypes.beats, self.rank)  # of a component
        self.left = Signal(range(self.prototypes.classes + 1))  # classes, the one in work included
        self.current = Signal(bits_for(self.prototypes.classes - 1))  # class in work
        self.nth = Signal(range(self.prototypes.class_components))  # component within its class
        self.last = self.nth + 1 == entry.count
        #: Row of the picture, or of a class to project.
        self.beat = Signal(bits_for(self.prototypes.beats - 1), name="beat_now")
        self.end = Signal()  # it is the last of its vector
        self.step = Signal(range(self.steps))  # row or direction of a component, or both
        self.direction = Signal(range(self.rank + 1))  # to project on
        self.plane = Signal(range(self.prototypes.code_width + 1))
        self.last_plane = Signal()
        self.whole = Signal()  # the class ends with this row, or was removed
        self.there = entry.there
        self.any_there = Signal()  # a class that is there has been read
        self.asked = sums.asked
        self.ended = sums.stages[-1].final

    def begin(self) -> list[Any]:
        """Return what makes the first row the current one."""
        places = (self.nth, self.beat, self.step, self.direction, self.plane)
        return [place.eq(0) for place in places]


def take(m: Module, now: UnderWay, ports: wiring.PureInterface) -> None:
    """Take a picture, or else a class to project.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : PureInterface
        Those of the block.
    """
    with m.State("take"):
        m.d.comb += [
            ports.project.ready.eq(now.beat == 0),
            ports.i.ready.eq((now.beat != 0) | ~ports.project.valid),
        ]
        m.d.sync += now.any_there.eq(0)
        with m.If(ports.project.valid & ports.project.ready):
            m.d.sync += now.current.eq(ports.project.payload)
            m.next = "find"
            with m.If(ports.project.payload >= ports.n_classes):
                m.d.sync += ports.unknown.eq(1)
                m.next = "take"
        with m.Elif(ports.i.valid):
            m.d.sync += now.beat.eq(now.beat + 1)
            with m.If(now.end):
                m.d.sync += [*now.begin(), now.left.eq(ports.n_classes), now.current.eq(0)]
                m.next = "measure"
                with m.If(ports.n_classes == 0):
                    m.d.sync += ports.empty.eq(1)
                    m.next = "answer"


def measure(m: Module, now: UnderWay, ports: wiring.PureInterface) -> None:
    """Project the picture, and wait until it went all the way.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : PureInterface
        Those of the block.
    """
    with m.State("measure"):
        whole_picture = now.end & (now.direction == now.rank)
        m.d.comb += [
            now.asked.task.eq(Task.PICTURE),
            now.asked.adds.eq(1),
            now.asked.first.eq(now.beat == 0),
            now.asked.last.eq(now.end),
            now.asked.final.eq(whole_picture),
        ]
        m.d.sync += now.beat.eq(Mux(now.end, 0, now.beat + 1))
        with m.If(now.end):
            m.d.sync += now.direction.eq(now.direction + 1)
        with m.If(whole_picture):
            m.d.sync += now.begin()
            m.next = "measured"
    with m.State("measured"), m.If(now.ended):
        m.next = "look_up"


def compare_classes(m: Module, now: UnderWay, ports: wiring.PureInterface) -> None:
    """Read all components class by class, and offer the answer.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : PureInterface
        Those of the block.
    """
    with m.State("look_up"):
        m.d.comb += ports.label_en.eq(1)
        with m.If(ports.go):
            m.next = "scan"
    with m.State("scan"):
        # The entry of the next class comes with its first row.
        m.d.comb += [
            now.whole.eq(~now.there | ((now.step == now.steps - 1) & now.last)),
            ports.label_en.eq(now.whole & (now.left != 1)),
            ports.label.eq(now.current + 1),
            ports.beat.eq(now.step),
            ports.row_en.eq(now.asked.adds),
            now.asked.task.eq(Task.COST),
            now.asked.adds.eq(now.there & (now.step < now.prototypes.beats)),
            now.asked.weighs.eq(now.there & (now.step < now.rank)),
            now.asked.first.eq(now.step == 0),
            now.asked.last.eq(now.there & (now.step == now.steps - 1)),
            now.asked.end.eq(now.step == now.prototypes.beats - 1),
            now.asked.direction.eq(now.step),
            now.asked.final.eq(now.whole & (now.left == 1)),
        ]
        m.d.sync += now.any_there.eq(now.any_there | now.there)
        with m.If(now.there):
            m.d.sync += now.step.eq(Mux(now.step == now.steps - 1, 0, now.step + 1))
        with m.If(now.step == now.steps - 1):
            m.d.sync += now.nth.eq(now.nth + 1)
        with m.If(now.whole):
            m.d.sync += [now.nth.eq(0), now.current.eq(now.current + 1), now.left.eq(now.left - 1)]
            with m.If(now.left == 1):
                m.next = "add"
    with m.State("add"), m.If(now.ended):
        m.d.sync += ports.empty.eq(ports.empty | ~now.any_there)
        m.next = "answer"
    with m.State("answer"):
        m.d.comb += ports.o.valid.eq(1)
        with m.If(ports.o.ready):
            m.d.sync += now.begin()
            m.next = "take"


def project(m: Module, now: UnderWay, ports: wiring.PureInterface) -> None:
    """Project the components of a class, if it is there.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : PureInterface
        Those of the block.
    """
    with m.State("find"):
        m.d.comb += ports.label_en.eq(1)
        m.d.sync += now.begin()
        with m.If(ports.go):
            m.next = "project"
    with m.State("project"):
        complete = now.end & now.last_plane
        m.d.comb += [
            ports.row_en.eq(now.there & (now.plane == 0)),
            now.asked.task.eq(Task.COMPONENT),
            now.asked.adds.eq(now.there),
            now.asked.first.eq((now.beat == 0) & (now.plane == 0)),
            now.asked.last.eq(complete),
            now.asked.plane.eq(now.plane),
            now.asked.final.eq(now.there & complete & (now.direction == now.rank) & now.last),
        ]
        m.d.sync += now.plane.eq(Mux(now.last_plane, 0, now.plane + 1))
        with m.If(now.last_plane):
            m.d.sync += now.beat.eq(Mux(now.end, 0, now.beat + 1))
        with m.If(complete):
            m.d.sync += now.direction.eq(Mux(now.direction == now.rank, 0, now.direction + 1))
            with m.If(now.direction == now.rank):
                m.d.sync += now.nth.eq(now.nth + 1)
        with m.If(~now.there | now.asked.final):
            m.d.sync += now.begin()
            m.next = "projected"
            with m.If(~now.there):
                m.next = "take"
    with m.State("projected"), m.If(now.ended):
        m.next = "take"
