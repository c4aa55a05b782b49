# SPDX-License-Identifier: MIT
"""The whole chip behind AXI4-Lite and AXI4-Stream (docs/chip.md)."""

from amaranth.hdl import Cat, Const, Module, ResetInserter, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams
from rtl.axi_lite import AxiLite
from rtl.core import Core
from rtl.dispatch import WORD, Dispatch
from rtl.output import Kind, Output, user_layout
from rtl.register_file import RegisterFile
from rtl.registers import ADDRESS_WIDTH

__all__ = ["Chip", "capabilities"]

SELECTIONS = ("round_robin", "uniform", "weighted")  # indexed by the value of a register


def capabilities(params: ChipParams) -> dict[str, int]:
    """Return the values of the registers that describe a chip, by their ports."""
    prototypes, mvu = params.sampler.prototypes, params.accelerator.mvu
    hidden, mixture = params.hidden, params.mixture
    return {
        "shape_features": prototypes.features,
        "shape_lanes": prototypes.lanes,
        "codes_width": prototypes.code_width,
        "codes_draws": params.sampler.draws_per_read,
        "modes_serial": int(params.sampler.mode == "serial"),
        "modes_selection": SELECTIONS.index(params.sampler.selection),
        "modes_secded": params.watch.secded,
        "modes_self_test": int(params.watch.self_test),
        "modes_scrub": int(params.watch.scrub),
        "modes_hidden": int(hidden > 0),
        "table_classes": prototypes.classes,
        "table_class_components": prototypes.class_components,
        "components": prototypes.components,
        "latent_exemplars": params.latent.exemplars,
        "latent_classes": params.latent.classes,
        "mvu_pe": mvu.pe + (params.accelerator.units - 1 << 15),
        "mvu_simd": mvu.simd,
        "network_pixel_bits": params.accelerator.pixel_bits,
        "network_classes": params.accelerator.classes,
        "channels": params.accelerator.channels,
        "weight_depth": mvu.weight_depth,
        "tile_depth": mvu.tile_depth,
        "map_depth": params.accelerator.map_depth,
        "program_depth": params.accelerator.program_depth,
        "learner_slots": params.slots,
        "learner_table_width": params.table_width,
        "head_width": int(params.head.backward_width) if params.head else 0,
        "head_batch": params.batch if params.head else 0,
        "mixture_components": mixture.components if mixture else 0,
        "mixture_handicap_shift": mixture.handicap_shift if mixture else 0,
        "head_latent": params.latent_width,
        "factors_rank": params.factors.rank if params.factors else 0,
        "factors_loading_width": params.factors.loading_width if params.factors else 0,
        **({"head_hidden": hidden} if hidden else {}),
    }


class Chip(wiring.Component):
    """Network, sampler, latent buffer and what learns classes, with the buses of a processor.

    Packets come in on `s_axis` and leave on `m_axis`. Settings, commands and counters are registers
    on `s_axil`. Reset is synchronous and active high, and it resets everything to its initial
    state. `control.soft_reset` resets everything but the registers and the buses. The incoming
    packet is then dropped to its end, and a word marked as aborted ends the outgoing one.

    Parameters
    ----------
    params : ChipParams

    Members
    -------
    s_axil_* : AXI4-Lite slave, 12 bits of address, 32 of data
    s_axis_* : AXI4-Stream slave, 64 bits, `tkeep`, `tlast`
    m_axis_* : AXI4-Stream master, 64 bits, `tkeep` (always all bytes), `tlast`, `tuser` of 16 bits
    irq : Out(1)
        Interrupt, active high: an event of `irq_enable` is pending.
    """

    #: Cycles that input and output add to the latency of a block.
    latency = Dispatch.latency + Output.latency
    #: Cycles from one word to the next, in and out.
    interval = max(Dispatch.interval, Output.interval)

    def __init__(self, params: ChipParams) -> None:
        self.params = params
        super().__init__({
            "s_axil_awaddr": In(ADDRESS_WIDTH),
            "s_axil_awprot": In(3),
            "s_axil_awvalid": In(1),
            "s_axil_awready": Out(1),
            "s_axil_wdata": In(32),
            "s_axil_wstrb": In(4),
            "s_axil_wvalid": In(1),
            "s_axil_wready": Out(1),
            "s_axil_bresp": Out(2),
            "s_axil_bvalid": Out(1),
            "s_axil_bready": In(1),
            "s_axil_araddr": In(ADDRESS_WIDTH),
            "s_axil_arprot": In(3),
            "s_axil_arvalid": In(1),
            "s_axil_arready": Out(1),
            "s_axil_rdata": Out(32),
            "s_axil_rresp": Out(2),
            "s_axil_rvalid": Out(1),
            "s_axil_rready": In(1),
            "s_axis_tdata": In(WORD),
            "s_axis_tkeep": In(WORD // 8),
            "s_axis_tvalid": In(1),
            "s_axis_tready": Out(1),
            "s_axis_tlast": In(1),
            "m_axis_tdata": Out(WORD),
            "m_axis_tkeep": Out(WORD // 8),
            "m_axis_tvalid": Out(1),
            "m_axis_tready": In(1),
            "m_axis_tlast": Out(1),
            "m_axis_tuser": Out(user_layout().size),
            "irq": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        restart = Signal()
        core, dispatch, output = Core(self.params), Dispatch(self.params), Output()
        m.submodules.core = ResetInserter(restart)(core)
        m.submodules.dispatch = dispatch
        m.submodules.output = output
        hidden = self.params.hidden > 0
        m.submodules.registers = registers = RegisterFile(self.params.watch, hidden=hidden)
        m.submodules.axi_lite = axi_lite = AxiLite()
        wiring.connect(m, axi_lite.bus, registers.bus)
        self._connect_registers(m, axi_lite)
        self._connect_streams(m, dispatch, output)
        wiring.connect(m, dispatch.o, core.units)
        for kind in Kind:
            name = kind.name.lower()
            wiring.connect(m, getattr(core, name), getattr(output, name))
        m.d.comb += [
            restart.eq(self._restart(m, registers, core)),
            dispatch.abort.eq(restart),
            output.abort.eq(restart),
            registers.status_receiving.eq(dispatch.receiving),
            registers.errors_packet.eq(dispatch.error),
            registers.output_stalls.eq(self._stalls(m, restart)),
            registers.irq_pending_waiting.eq(self.m_axis_tvalid & ~self.m_axis_tready),
            registers.irq_pending_sent.eq(
                self.m_axis_tvalid & self.m_axis_tready & self.m_axis_tlast
            ),
            registers.irq_pending_error.eq(self._errors(m, core, dispatch)),
            self.irq.eq(registers.irq),
            *(getattr(registers, n).eq(value) for n, value in capabilities(self.params).items()),
        ]
        # The ports of the core have the same names as those of the register file.
        for register in registers.registers:
            ports = map(register.port, register.fields)
            for name in (name for port in ports for name in (port, f"{port}_clear")):
                if name in core.signature.members:
                    sink, source = (registers, core)
                    if core.signature.members[name].flow is In:
                        sink, source = source, sink
                    m.d.comb += getattr(sink, name).eq(getattr(source, name))
        return m

    def _restart(self, m: Module, registers: RegisterFile, core: Core) -> Value:
        """Return whether all but the registers and the buses is reset; a self-test follows one."""
        if not self.params.watch.self_test:
            return registers.control_soft_reset
        m.d.sync += core.begin_test.eq(registers.memory_test_start)
        return registers.control_soft_reset | registers.memory_test_start

    def _connect_registers(self, m: Module, slave: AxiLite) -> None:
        """Connect the channels of the slave to the ports with the names of AXI4-Lite."""
        for name, channel in (("aw", slave.aw), ("w", slave.w), ("ar", slave.ar)):
            self._enter(m, f"s_axil_{name}", channel)
        for name, channel in (("b", slave.b), ("r", slave.r)):
            self._leave(m, f"s_axil_{name}", channel)
        m.d.comb += [
            slave.aw.payload.eq(self.s_axil_awaddr),
            slave.w.payload.data.eq(self.s_axil_wdata),
            slave.w.payload.strb.eq(self.s_axil_wstrb),
            slave.ar.payload.eq(self.s_axil_araddr),
            self.s_axil_bresp.eq(slave.b.payload),
            self.s_axil_rdata.eq(slave.r.payload.data),
            self.s_axil_rresp.eq(slave.r.payload.resp),
        ]

    def _connect_streams(self, m: Module, dispatch: Dispatch, output: Output) -> None:
        """Connect the streams of packets to the ports with the names of AXI4-Stream."""
        self._enter(m, "s_axis_t", dispatch.i)
        self._leave(m, "m_axis_t", output.o)
        m.d.comb += [
            dispatch.i.payload.data.eq(self.s_axis_tdata),
            dispatch.i.payload.keep.eq(self.s_axis_tkeep),
            dispatch.i.payload.last.eq(self.s_axis_tlast),
            self.m_axis_tdata.eq(output.o.payload.data),
            self.m_axis_tkeep.eq(~Const(0, WORD // 8)),
            self.m_axis_tlast.eq(output.o.payload.last),
            self.m_axis_tuser.eq(output.o.payload.user),
        ]

    def _enter(self, m: Module, prefix: str, channel: stream.Interface) -> None:
        """Connect the handshake of an incoming channel."""
        m.d.comb += [
            channel.valid.eq(getattr(self, f"{prefix}valid")),
            getattr(self, f"{prefix}ready").eq(channel.ready),
        ]

    def _leave(self, m: Module, prefix: str, channel: stream.Interface) -> None:
        """Connect the handshake of an outgoing channel."""
        m.d.comb += [
            getattr(self, f"{prefix}valid").eq(channel.valid),
            channel.ready.eq(getattr(self, f"{prefix}ready")),
        ]

    def _errors(self, m: Module, core: Core, dispatch: Dispatch) -> Value:
        """Return whether a flag of `errors` is set in this cycle, or was set in the last one."""
        names = [name for name in core.signature.members if name.startswith("errors_")]
        flags = Cat(getattr(core, name) for name in names)
        before = Signal(len(flags))
        m.d.sync += before.eq(flags)
        return dispatch.error | (flags & ~before).any()

    def _stalls(self, m: Module, restart: Signal) -> Signal:
        """Return a counter of the cycles in which the output waited."""
        stalls = Signal(32)
        with m.If(self.m_axis_tvalid & ~self.m_axis_tready):
            m.d.sync += stalls.eq(stalls + 1)
        with m.If(restart):
            m.d.sync += stalls.eq(0)
        return stalls
