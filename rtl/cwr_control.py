# SPDX-License-Identifier: MIT
"""Control of CWR*: commands, and the rows and lanes that they go through."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import enum, wiring
from amaranth.lib.data import StructLayout
from amaranth.utils import bits_for

from golden.params import CwrParams
from golden.params.training import SEEN_BITS

__all__ = ["Operation", "UnderWay", "command", "command_layout", "next_row", "take"]


class Operation(enum.IntEnum, shape=unsigned(1)):
    """What a command does."""

    SUM = 0
    MIX = 1


def command_layout(params: CwrParams) -> StructLayout:
    """Return the layout of a command: what it does, the class, and its samples in the task."""
    return StructLayout({
        "operation": Operation,
        "label": bits_for(params.classes - 1),
        "present": SEEN_BITS,
    })  # fmt: skip


class UnderWay:
    """Registers of the current command and row, and signals derived from them."""

    def __init__(self, params: CwrParams, lanes: int) -> None:
        width, terms = int(params.width), params.classes * params.inputs
        self.params = params
        self.beats = -(-params.inputs // lanes)  # B, rows of a class
        self.in_last = params.inputs - (self.beats - 1) * lanes  # lanes of the last one
        self.mixing = Signal()
        self.label = Signal(bits_for(params.classes - 1))
        self.present = Signal(SEEN_BITS)
        self.total = Signal(signed(width + bits_for(terms)))  # of the weights that were summed
        self.terms = Signal(bits_for(terms))  # their number
        self.mean = Signal(signed(width))  # a
        self.centred = Signal()  # there is the mean of all that was summed
        self.divisor = Signal(max(SEEN_BITS, bits_for(terms)))  # s; so wide are all divisors
        self.beat = Signal(range(self.beats))
        self.last = Signal()  # row of the class
        self.lane = Signal(range(lanes))
        self.end = Signal()  # it is the last lane
        self.used = Signal()  # it is not past F
        self.trained = Signal(lanes * width)  # weights of the row from the current lane on
        self.kept = Signal(lanes * width)
        self.tw = self.trained[:width].as_signed()
        self.cw = self.kept[:width].as_signed()
        self.way = Signal(signed(width + 2))  # tw - a - cw
        self.more = Signal()  # the quotient is rounded up

    def next_lane(self) -> list[Any]:
        """Return what goes to the next lane."""
        width = int(self.params.width)
        return [
            self.lane.eq(self.lane + 1),
            self.trained.eq(self.trained >> width),
            self.kept.eq(self.kept >> width),
        ]

    def way_of(self, trained: Value, kept: Value) -> list[Any]:
        """Return what finds the way of the lowest lane of two rows, in the cycle that takes them.

        A register of its own, because two differences before a magnitude are slow.
        """
        tw, cw = (row[: int(self.params.width)].as_signed() for row in (trained, kept))
        return [self.way.eq(tw - self.mean - cw)]


def command(m: Module, now: UnderWay, ports: wiring.PureInterface) -> None:
    """Take a command, unless it is refused.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : PureInterface
        Those of the block.
    """
    p, given = now.params, ports.commands.payload
    terms = Mux(now.centred, 0, now.terms)
    strange = (now.terms == 0) | (given.present == 0) | (given.label >= p.classes)
    with m.State("idle"):
        m.d.comb += ports.commands.ready.eq(1)
        m.d.sync += [
            now.label.eq(given.label),
            now.present.eq(given.present),
            now.mixing.eq(given.operation == Operation.MIX),
        ]
        with m.If(ports.commands.valid & (given.operation == Operation.MIX)):
            m.next = "weigh"
            with m.If(strange):
                m.d.sync += ports.refused.eq(1)
                m.next = "idle"
        with m.Elif(ports.commands.valid):
            with m.If(terms == p.classes * p.inputs):
                m.d.sync += ports.refused.eq(1)
            with m.Else():
                m.d.sync += [now.terms.eq(terms + p.inputs), now.centred.eq(0)]
                m.next = "take"
                with m.If(now.centred):
                    m.d.sync += now.total.eq(0)


def take(m: Module, now: UnderWay, ports: wiring.PureInterface) -> None:
    """Take a row of each stream that the command needs, and add a trained one up.

    Parameters
    ----------
    m : Module
    now : UnderWay
    ports : PureInterface
        Those of the block.
    """
    with m.State("take"):
        m.d.comb += [
            ports.tw.ready.eq(~now.mixing | ports.cw.valid),
            ports.cw.ready.eq(now.mixing & ports.tw.valid),
        ]
        m.d.sync += [
            now.trained.eq(ports.tw.payload),
            now.kept.eq(ports.cw.payload),
            now.lane.eq(0),
        ]
        with m.If(ports.tw.valid & ports.tw.ready):
            m.next = "add"
            with m.If(now.mixing):
                m.d.sync += now.way_of(ports.tw.payload, ports.cw.payload)
                m.next = "mix"
    with m.State("add"):
        m.d.sync += [now.total.eq(now.total + Mux(now.used, now.tw, 0)), *now.next_lane()]
        with m.If(now.end):
            next_row(m, now)


def next_row(m: Module, now: UnderWay) -> None:
    """Go on to the next row, or end the command."""
    m.d.sync += now.beat.eq(Mux(now.last, 0, now.beat + 1))
    m.next = "take"
    with m.If(now.last):
        m.next = "idle"
