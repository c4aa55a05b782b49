# SPDX-License-Identifier: MIT
"""Skid buffer: it ends a chain of `ready` signals."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Skid"]


class Skid(wiring.Component):
    """Stage of a stream whose `ready` comes from a register, and which costs no cycle.

    A payload passes in the cycle in which it comes. If it is not taken, it is kept, and the stage
    takes no other until it is. Reset drops what is kept.

    Parameters
    ----------
    shape : ShapeLike
        Shape of the payloads.

    Members
    -------
    i : In(stream.Signature(shape))
    o : Out(stream.Signature(shape))
    """

    #: Cycles from a payload in to the same payload out.
    latency = 0
    #: Cycles from one payload to the next.
    interval = 1

    def __init__(self, shape: Any) -> None:
        self.shape = shape
        super().__init__({
            "i": In(stream.Signature(shape)),
            "o": Out(stream.Signature(shape)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        full, kept = Signal(), Signal(self.shape)
        m.d.comb += [
            self.i.ready.eq(~full),
            self.o.valid.eq(self.i.valid | full),
            self.o.payload.eq(Mux(full, kept, self.i.payload)),
        ]
        m.d.sync += full.eq(self.o.valid & ~self.o.ready)
        with m.If(~full):
            m.d.sync += kept.eq(self.i.payload)
        return m
