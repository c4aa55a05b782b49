# SPDX-License-Identifier: MIT
"""The registers of the chip as ports behind a bus that any slave can drive."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.params import WatchParams
from rtl.prototype_rows import UNWATCHED
from rtl.registers import ADDRESS_WIDTH, EVENTS, Field, Register, registers_of

__all__ = ["RegisterFile", "bus_signature"]


def bus_signature() -> wiring.Signature:
    """Return the bus of a register file, from the side of the slave that drives it.

    Addresses count 32-bit words. Data and errors answer an address in the same cycle.
    """
    return wiring.Signature({
        "read_address": Out(ADDRESS_WIDTH - 2),
        "read_data": In(32),
        "read_error": In(1),
        "write_address": Out(ADDRESS_WIDTH - 2),
        "write_data": Out(32),
        "write_en": Out(1),
        "write_error": In(1),
    })  # fmt: skip


class RegisterFile(wiring.Component):
    """The registers of the table in `rtl.registers`, with a port for each non-constant field.

    A write takes effect in the next cycle. A write to an offset without a register, or to a
    register with only read-only fields, raises `bus.write_error` and has no effect. A read of an
    offset without a register raises `bus.read_error`. A field that is set and cleared in the same
    cycle stays set. Reset restores all reset values.

    Parameters
    ----------
    watch : WatchParams
        What watches over the prototypes: some registers are for that.
    hidden : bool, optional
        Whether the head that learns has a hidden layer, for which there is a register.

    Members
    -------
    bus : In(bus_signature())
    <register>_<field>, or <register> where there is one field
        Read-only: In, the value that is read. Read and write: Out, the value that was written. Set
        by the chip: In(1), sets the field. Started by 1: Out(1), high for one cycle. Counted by the
        chip: In, the value that is read, and ``<register>_clear``, Out(1), high while any value
        is written.
    irq : Out(1)
        High while a bit of `irq_pending` is set that is set in `irq_enable`, too.
    """

    #: Cycles from a write to the level of its port.
    latency = 1
    #: Cycles from one access to the next.
    interval = 1

    def __init__(self, watch: WatchParams = UNWATCHED, *, hidden: bool = False) -> None:
        self.registers = registers_of(watch, hidden=hidden)
        members = {"bus": In(bus_signature()), "irq": Out(1)}
        for register in self.registers:
            for field in register.fields:
                if not field.constant:
                    flow = Out if field.access in ("rw", "w1s") else In
                    members[register.port(field)] = flow(field.width)
                if field.access == "wc":
                    members[f"{register.port(field)}_clear"] = Out(1)
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.bus
        flags: dict[str, Signal] = {}
        m.d.comb += [bus.read_error.eq(1), bus.write_error.eq(1)]
        for register in self.registers:
            if register.writable:
                written = Signal(name=f"{register.name}_written")
                with m.If(bus.write_address == register.offset // 4):
                    m.d.comb += [bus.write_error.eq(0), written.eq(bus.write_en)]
                for field in register.fields:
                    self._accept(m, register, field, written, flags)
        m.d.comb += self.irq.eq(
            Cat(flags[f"irq_pending_{event}"] & getattr(self, f"irq_enable_{event}")
                for event in EVENTS).any()
        )  # fmt: skip
        with m.Switch(bus.read_address):
            for register in self.registers:
                with m.Case(register.offset // 4):
                    m.d.comb += bus.read_error.eq(0)
                    for field in register.fields:
                        port = register.port(field)
                        if field.constant:
                            level = Const(field.reset, field.width)
                        elif field.access == "w1s":
                            level = Const(0, field.width)
                        else:
                            level = flags.get(port, getattr(self, port))
                        part = bus.read_data[field.low : field.low + field.width]
                        m.d.comb += part.eq(level)
        return m

    def _accept(
        self,
        m: Module,
        register: Register,
        field: Field,
        written: Signal,
        flags: dict[str, Signal],
    ) -> None:
        """Add the logic of a field for writes to its register."""
        data = self.bus.write_data[field.low : field.low + field.width]
        name = register.port(field)
        if field.access == "rw":
            value = Signal(field.width, init=field.reset, name=name)
            with m.If(written):
                m.d.sync += value.eq(data)
            m.d.comb += getattr(self, name).eq(value)
        elif field.access == "w1s":
            m.d.sync += getattr(self, name).eq(written & data)
        elif field.access == "wc":
            m.d.comb += getattr(self, f"{name}_clear").eq(written)
        elif field.access == "w1c":
            flags[name] = flag = Signal(name=f"{name}_flag")
            with m.If(written & data):
                m.d.sync += flag.eq(0)
            with m.If(getattr(self, name)):
                m.d.sync += flag.eq(1)
