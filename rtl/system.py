# SPDX-License-Identifier: MIT
"""The chip beside a small RISC-V processor, which is all that drives it (docs/system.md)."""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams
from rtl.chip import Chip
from rtl.chip_buses import connect_buses
from rtl.system_bridge import WINDOW, SystemBridge
from rtl.uart import UartTransmitter, checked_divisor

__all__ = ["CORE", "DEVICES", "System"]

#: Verilog module of the processor: a VexRiscv with two buses in Wishbone and no data cache.
CORE = "VexRiscv"
#: Bit of a byte address that is 1 for the bridge and 0 for the memory.
DEVICES = 30


class System(wiring.Component):
    """Processor, chip, bridge and console, with one memory of 32 bits outside.

    The processor begins at address 0 of the memory. A byte address of data with bit 30 reaches the
    bridge: from 0x40000000 on the registers of the chip, from 0x40010000 on the places of
    `rtl.system_bridge.Place`; the bits between are not looked at. All other addresses, and all of
    instructions, reach the memory, of which they repeat. The memory has one port, in each cycle for
    one access: of data before one of instructions. `memory_read` must be there in the cycle after
    `memory_en`. The interrupt of the chip is external interrupt 0 of the processor. Reset is
    synchronous, and resets all but the memory.

    Parameters
    ----------
    params : ChipParams
    divisor : int
        Cycles of a bit of the console, at least 4.
    words : int
        Words of the memory, a power of two.

    Members
    -------
    memory_en : Out(1)
        The memory is read or written at the end of this cycle.
    memory_write : Out(4)
        Bytes that are written; none for a read.
    memory_address : Out(range(words))
        Word of the memory.
    memory_data : Out(32)
        What is written.
    memory_read : In(32)
        The word that was read.
    tx : Out(1)
        Wire of the console.
    """

    #: Cycles from a load of the processor on its bus to the data, out of the memory.
    latency = 1
    #: Cycles from one access of the memory by data to the next.
    interval = 2

    def __init__(self, params: ChipParams, divisor: int, words: int) -> None:
        if words < 2 or words & words - 1:
            raise ValueError(f"words must be a power of two and at least 2, not {words}")
        self.params, self.divisor, self.words = params, checked_divisor(divisor), words
        super().__init__({
            "memory_en": Out(1),
            "memory_write": Out(4),
            "memory_address": Out(range(words)),
            "memory_data": Out(32),
            "memory_read": In(32),
            "tx": Out(1, init=1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.chip = chip = Chip(self.params)
        m.submodules.bridge = bridge = SystemBridge()
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        wiring.connect(m, bridge.console, transmitter.i)
        m.d.comb += self.tx.eq(transmitter.tx)
        connect_buses(m, chip, bridge)
        instructions, data = _Bus("i"), _Bus("d")
        m.submodules.core = Instance(
            CORE,
            i_clk=ClockSignal(),
            i_reset=ResetSignal(),
            i_externalResetVector=Const(0, 32),
            i_timerInterrupt=Const(0, 1),
            i_softwareInterrupt=Const(0, 1),
            i_externalInterruptArray=chip.irq,
            **instructions.ports,
            **data.ports,
        )
        self._connect_memory(m, instructions, data)
        self._connect_bridge(m, data, bridge)
        return m

    def _connect_memory(self, m: Module, instructions: "_Bus", data: "_Bus") -> None:
        """Give the one port of the memory to data, and otherwise to instructions."""
        loads, fetches = Signal(), Signal()
        loaded, fetched = Signal(), Signal()
        m.d.comb += [
            loads.eq(data.asks & ~data.address[DEVICES - 2] & ~loaded),
            fetches.eq(instructions.asks & ~fetched & ~loads),
            self.memory_en.eq(loads | fetches),
            self.memory_write.eq(Mux(loads & data.write, data.select, 0)),
            self.memory_address.eq(Mux(loads, data.address, instructions.address)),
            self.memory_data.eq(data.out),
            instructions.ack.eq(fetched),
            instructions.read.eq(self.memory_read),
        ]
        m.d.sync += [loaded.eq(loads), fetched.eq(fetches)]
        with m.If(loaded):
            m.d.comb += [data.ack.eq(1), data.read.eq(self.memory_read)]

    def _connect_bridge(self, m: Module, data: "_Bus", bridge: SystemBridge) -> None:
        """Turn an access of the data bus into one of the bridge, and its answer back."""
        waits = Signal()
        access = bridge.access.payload
        m.d.comb += [
            bridge.access.valid.eq(data.asks & data.address[DEVICES - 2] & ~waits),
            access.address.eq(data.address[: WINDOW + 1 - 2]),
            access.write.eq(data.write),
            access.data.eq(data.out),
            access.strb.eq(data.select),
            bridge.answer.ready.eq(1),
        ]
        with m.If(bridge.access.valid & bridge.access.ready):
            m.d.sync += waits.eq(1)
        with m.If(bridge.answer.valid):
            m.d.sync += waits.eq(0)
            m.d.comb += [data.ack.eq(1), data.read.eq(bridge.answer.payload)]


class _Bus:
    """A bus of the processor, in Wishbone. Each word is an access of its own, also of a burst."""

    def __init__(self, name: str) -> None:
        cycle, strobe = Signal(name=f"{name}_cyc"), Signal(name=f"{name}_stb")
        self.asks = cycle & strobe
        self.write = Signal(name=f"{name}_we")
        self.address = Signal(30, name=f"{name}_adr")
        self.out, self.read = Signal(32, name=f"{name}_out"), Signal(32, name=f"{name}_read")
        self.select = Signal(4, name=f"{name}_sel")
        self.ack = Signal(name=f"{name}_ack")
        wires = {
            "o": {"CYC": cycle, "STB": strobe, "WE": self.write, "ADR": self.address,
                  "DAT_MOSI": self.out, "SEL": self.select},
            "i": {"ACK": self.ack, "DAT_MISO": self.read, "ERR": Const(0, 1)},
        }  # fmt: skip
        #: Ports of the processor.
        self.ports = {
            f"{way}_{name}BusWishbone_{wire}": signal
            for way, group in wires.items()
            for wire, signal in group.items()
        }
