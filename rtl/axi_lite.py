# SPDX-License-Identifier: MIT
"""AXI4-Lite slave with 32 data bits in front of a register bus."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from rtl.register_file import bus_signature
from rtl.registers import ADDRESS_WIDTH

__all__ = ["OKAY", "SLVERR", "AxiLite", "read_layout", "write_layout"]

OKAY, SLVERR = 0b00, 0b10


def write_layout() -> StructLayout:
    """Return the payload of the write data channel."""
    return StructLayout({"data": 32, "strb": 4})


def read_layout() -> StructLayout:
    """Return the payload of the read data channel."""
    return StructLayout({"data": 32, "resp": 2})


class AxiLite(wiring.Component):
    """Slave whose five channels are streams. The chip gives their wires the names of AXI4-Lite.

    Every channel has its own register, and there is no combinational path between channels. So
    address and data of a write may come in any order. A write takes effect once, in the cycle after
    both have come and the last response has left. If the address is no multiple of 4, if the bus
    refuses it, or if not all four strobes are set, then the write has no effect and the response is
    `SLVERR`. Reads follow the same rules, without strobes. Reads and writes are independent, and
    each takes at most two cycles.

    Members
    -------
    aw, ar : In(stream.Signature(12))
        Byte addresses.
    w : In(stream.Signature(write_layout()))
    b : Out(stream.Signature(2))
        Responses.
    r : Out(stream.Signature(read_layout()))
    bus : Out(bus_signature())
    """

    #: Cycles from the last part of a request to its response.
    latency = 2
    #: Cycles from one write to the next, and from one read to the next.
    interval = 2

    def __init__(self) -> None:
        super().__init__({
            "aw": In(stream.Signature(ADDRESS_WIDTH)),
            "w": In(stream.Signature(write_layout())),
            "b": Out(stream.Signature(2)),
            "ar": In(stream.Signature(ADDRESS_WIDTH)),
            "r": Out(stream.Signature(read_layout())),
            "bus": Out(bus_signature()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._write(m)
        self._read(m)
        return m

    def _write(self, m: Module) -> None:
        address, addressed = Signal(ADDRESS_WIDTH), Signal()
        word, worded = Signal(write_layout()), Signal()
        go, refused = Signal(), Signal()
        m.d.comb += [
            # One write at a time: the address is held until the data come, and vice versa.
            self.aw.ready.eq(~addressed),
            self.w.ready.eq(~worded),
            go.eq(addressed & worded & (~self.b.valid | self.b.ready)),
            self.bus.write_address.eq(address[2:]),
            self.bus.write_data.eq(word.data),
            refused.eq(self.bus.write_error | address[:2].any() | ~word.strb.all()),
            self.bus.write_en.eq(go & ~refused),
        ]
        with m.If(self.b.ready):
            m.d.sync += self.b.valid.eq(0)
        with m.If(go):
            m.d.sync += [
                addressed.eq(0),
                worded.eq(0),
                self.b.valid.eq(1),
                self.b.payload.eq(_response(refused)),
            ]
        with m.If(self.aw.valid & self.aw.ready):
            m.d.sync += [address.eq(self.aw.payload), addressed.eq(1)]
        with m.If(self.w.valid & self.w.ready):
            m.d.sync += [word.eq(self.w.payload), worded.eq(1)]

    def _read(self, m: Module) -> None:
        address, addressed = Signal(ADDRESS_WIDTH), Signal()
        go, refused = Signal(), Signal()
        m.d.comb += [
            self.ar.ready.eq(~addressed),
            go.eq(addressed & (~self.r.valid | self.r.ready)),
            self.bus.read_address.eq(address[2:]),
            refused.eq(self.bus.read_error | address[:2].any()),
        ]
        with m.If(self.r.ready):
            m.d.sync += self.r.valid.eq(0)
        with m.If(go):
            m.d.sync += [
                addressed.eq(0),
                self.r.valid.eq(1),
                self.r.payload.resp.eq(_response(refused)),
                self.r.payload.data.eq(self.bus.read_data),
            ]
            with m.If(refused):
                m.d.sync += self.r.payload.data.eq(0)
        with m.If(self.ar.valid & self.ar.ready):
            m.d.sync += [address.eq(self.ar.payload), addressed.eq(1)]


def _response(refused: Signal) -> Signal:
    """Return `SLVERR` if refused, else `OKAY`."""
    return refused << 1  # pyright: ignore[reportReturnType]
