# SPDX-License-Identifier: MIT
"""Walk of a hidden layer that learns: neurons and classes of exemplars, then rows and exemplars."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.utils import bits_for

from golden.params import TrainerParams
from rtl.trainer_lanes import stage_layout

__all__ = ["Walk", "follow"]


class Walk:
    """Registers that say what comes next, and signals derived from them."""

    def __init__(self, params: TrainerParams, batch: int) -> None:
        self.params = params
        self.beats = params.without_hidden.beats  # of an exemplar
        self.groups = -(-params.hidden // params.lanes)  # of neurons
        self.rows = params.hidden * self.beats  # of latent weights
        gradients = batch * self.groups
        self.idle = Signal()  # no batch is learned
        self.moving = Signal()  # latent weights move
        self.asked = Signal(stage_layout(max(self.rows, gradients)))
        self.row = Signal(range(max(self.rows, gradients) + 1))  # of gradients, or of weights
        self.nth = Signal(range(batch))  # exemplar
        self.group = Signal(range(self.groups))
        self.current = Signal(range(params.classes))
        self.weights_at = Signal(bits_for(params.rows + params.beats))  # row of the classifier
        self.error_at = Signal(bits_for((batch + 1) * params.classes))
        self.error_base = Signal.like(self.error_at)
        self.beat = Signal(range(self.beats))
        self.lane = Signal(range(params.lanes))  # of the neuron in its group
        self.features_at = Signal(bits_for((batch + 1) * self.beats))
        self.gradient_at = Signal(bits_for(gradients + self.groups))

    def begin(self) -> list[Any]:
        """Return what goes back to the first exemplar, neuron, class and row."""
        places = (
            self.row, self.nth, self.group, self.current, self.weights_at, self.error_at,
            self.error_base, self.beat, self.lane, self.features_at, self.gradient_at,
        )  # fmt: skip
        return [place.eq(0) for place in places]


def follow(m: Module, now: Walk, ports: wiring.PureInterface, free: Value, ended: Value) -> None:
    """Go through a batch when it is to be learned.

    Parameters
    ----------
    m : Module
    now : Walk
    ports : PureInterface
        Those of the hidden layer that learns.
    free : Value
        No row is offered, and no exemplar is inside.
    ended : Value
        The last row has passed all stages.
    """
    asked = now.asked
    m.d.comb += asked.row.eq(now.row)
    with m.FSM():
        with m.State("idle"):
            m.d.comb += now.idle.eq(1)
            m.d.sync += now.begin()
            with m.If(ports.learn):
                m.next = "wait"
                with m.If(free):
                    m.next = "sum"
        with m.State("wait"), m.If(free):
            m.next = "sum"
        with m.State("sum"):
            _sum(m, now, ports)
            with m.If(asked.final):
                m.next = "turn"
        with m.State("turn"), m.If(ended):
            m.d.sync += now.begin()
            m.next = "move"
        with m.State("move"):
            _move(m, now, ports)
            with m.If(asked.final):
                m.next = "settle"
        with m.State("settle"):
            m.d.comb += [now.moving.eq(1), ports.learned.eq(ended)]
            with m.If(ended):
                m.next = "idle"


def _sum(m: Module, now: Walk, ports: wiring.PureInterface) -> None:
    """Go through the classes for each group of neurons, and through the groups of an exemplar."""
    p, asked = now.params, now.asked
    following = Signal.like(now.error_base)
    m.d.comb += [
        asked.valid.eq(1),
        asked.first.eq(now.current == 0),
        asked.last.eq(now.current + 1 == ports.classes),
        asked.end.eq(now.group == now.groups - 1),
        asked.final.eq(asked.last & asked.end & (now.nth + 1 == ports.count)),
        following.eq(now.error_base + Mux(asked.end, p.classes, 0)),
    ]
    m.d.sync += [
        now.current.eq(now.current + 1),
        now.weights_at.eq(now.weights_at + p.beats),
        now.error_at.eq(now.error_at + 1),
    ]
    with m.If(asked.last):
        m.d.sync += [
            now.row.eq(now.row + 1),
            now.current.eq(0),
            now.group.eq(Mux(asked.end, 0, now.group + 1)),
            now.weights_at.eq(Mux(asked.end, 0, now.group + 1)),
            now.nth.eq(now.nth + asked.end),
            now.error_at.eq(following),
            now.error_base.eq(following),
        ]


def _move(m: Module, now: Walk, ports: wiring.PureInterface) -> None:
    """Go through the exemplars for each row of latent weights."""
    asked, group = now.asked, Signal.like(now.gradient_at)
    full = now.lane == now.params.lanes - 1
    m.d.comb += [
        now.moving.eq(1),
        asked.valid.eq(1),
        asked.first.eq(now.nth == 0),
        asked.last.eq(now.nth + 1 == ports.count),
        asked.end.eq(now.beat == now.beats - 1),
        asked.final.eq(asked.last & (now.row == now.rows - 1)),
        group.eq(now.group + (asked.end & full)),
    ]
    m.d.sync += [
        now.nth.eq(now.nth + 1),
        now.features_at.eq(now.features_at + now.beats),
        now.gradient_at.eq(now.gradient_at + now.groups),
    ]
    with m.If(asked.last):
        m.d.sync += [
            now.row.eq(now.row + 1),
            now.nth.eq(0),
            now.beat.eq(Mux(asked.end, 0, now.beat + 1)),
            now.features_at.eq(Mux(asked.end, 0, now.beat + 1)),
            now.group.eq(group),
            now.gradient_at.eq(group),
        ]
        with m.If(asked.end):
            m.d.sync += now.lane.eq(Mux(full, 0, now.lane + 1))
