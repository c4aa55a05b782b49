# SPDX-License-Identifier: MIT
"""One access after another on an AXI4-Lite bus with 32 data bits, as states of a bridge."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring

from rtl.registers import ADDRESS_WIDTH

__all__ = ["access_registers"]


def access_registers(
    m: Module, bus: wiring.PureInterface, read_at: Value, write_at: Value
) -> tuple[Signal, Signal]:
    """Add the states `read` and `write` to the open state machine; both end in its state `answer`.

    An address beyond the window has bits that no register has.

    Parameters
    ----------
    m : Module
        With a state machine that is open, and that has a state `answer`.
    bus : PureInterface
        Has the channels `aw`, `w`, `b`, `ar` and `r` from the side of the master. The payload of
        `w` is left to the caller, and has to stay while the access lasts.
    read_at, write_at : Value
        Byte addresses of a read and of a write, which stay as well; at least `ADDRESS_WIDTH` bits.

    Returns
    -------
    was_read, was_written : Signal
        The response is there, on `r` or on `b`, for this cycle.
    """
    was_read, was_written = Signal(), Signal()
    wrote_address, wrote_data = Signal(), Signal()
    high = 2**ADDRESS_WIDTH - 1  # at this address, no register begins
    for channel, address in ((bus.ar, read_at), (bus.aw, write_at)):
        beyond = address[ADDRESS_WIDTH:].any()
        m.d.comb += channel.payload.eq(Mux(beyond, high, address))
    with m.State("read"):
        m.d.comb += bus.ar.valid.eq(1)
        with m.If(bus.ar.ready):
            m.next = "read response"
    with m.State("read response"):
        m.d.comb += [bus.r.ready.eq(1), was_read.eq(bus.r.valid)]
        with m.If(bus.r.valid):
            m.next = "answer"
    with m.State("write"):
        address_gone = wrote_address | bus.aw.ready
        data_gone = wrote_data | bus.w.ready
        m.d.comb += [bus.aw.valid.eq(~wrote_address), bus.w.valid.eq(~wrote_data)]
        m.d.sync += [wrote_address.eq(address_gone), wrote_data.eq(data_gone)]
        with m.If(address_gone & data_gone):
            m.d.sync += [wrote_address.eq(0), wrote_data.eq(0)]
            m.next = "write response"
    with m.State("write response"):
        m.d.comb += [bus.b.ready.eq(1), was_written.eq(bus.b.valid)]
        with m.If(bus.b.valid):
            m.next = "answer"
    return was_read, was_written
