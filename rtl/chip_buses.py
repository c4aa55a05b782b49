# SPDX-License-Identifier: MIT
"""Wires between the chip and a bridge that is master of its buses."""

from typing import Any

from amaranth.hdl import Module

from rtl.chip import Chip

__all__ = ["connect_buses"]


def connect_buses(m: Module, chip: Chip, bridge: Any) -> None:
    """Connect a chip to a bridge that has `aw`, `w`, `b`, `ar`, `r`, `packets` and `words`.

    Parameters
    ----------
    m : Module
    chip : Chip
    bridge : Component
        Such as `rtl.serial_bridge.SerialBridge`, which says what these streams are.
    """
    for name in ("aw", "w", "ar"):
        channel = getattr(bridge, name)
        m.d.comb += [
            getattr(chip, f"s_axil_{name}valid").eq(channel.valid),
            channel.ready.eq(getattr(chip, f"s_axil_{name}ready")),
        ]
    for name in ("b", "r"):
        channel = getattr(bridge, name)
        m.d.comb += [
            channel.valid.eq(getattr(chip, f"s_axil_{name}valid")),
            getattr(chip, f"s_axil_{name}ready").eq(channel.ready),
        ]
    sent, come = bridge.packets, bridge.words
    m.d.comb += [
        chip.s_axil_awaddr.eq(bridge.aw.payload),
        chip.s_axil_wdata.eq(bridge.w.payload.data),
        chip.s_axil_wstrb.eq(bridge.w.payload.strb),
        chip.s_axil_araddr.eq(bridge.ar.payload),
        bridge.b.payload.eq(chip.s_axil_bresp),
        bridge.r.payload.data.eq(chip.s_axil_rdata),
        bridge.r.payload.resp.eq(chip.s_axil_rresp),
        chip.s_axis_tvalid.eq(sent.valid),
        sent.ready.eq(chip.s_axis_tready),
        chip.s_axis_tdata.eq(sent.payload.data),
        chip.s_axis_tkeep.eq(sent.payload.keep),
        chip.s_axis_tlast.eq(sent.payload.last),
        come.valid.eq(chip.m_axis_tvalid),
        chip.m_axis_tready.eq(come.ready),
        come.payload.data.eq(chip.m_axis_tdata),
        come.payload.user.eq(chip.m_axis_tuser),
        come.payload.last.eq(chip.m_axis_tlast),
    ]
