# SPDX-License-Identifier: MIT
"""The memory of all blocks, and memories as modules of their own, for the macros of a process."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from amaranth.hdl import ClockSignal, Const, Instance, Module, Mux, Shape, Value
from amaranth.hdl import MemoryInstance as _Inferred
from amaranth.lib import memory as amaranth_memory
from amaranth.utils import ceil_log2

__all__ = ["Macro", "Macros", "Memory"]


class Memory(amaranth_memory.Memory):
    """A memory, with what a macro in its place has to be able to do.

    Parameters
    ----------
    shape : shape-like
        Shape of a row.
    depth : int
        Rows.
    init : iterable, optional
        Contents at the start. A memory that has some is a table, and never a macro.
    attrs : mapping, optional
        Attributes for synthesis. With `no_rw_check`, what is read from a row that is written in the
        same cycle may be anything.
    one_port : bool, optional
        No row is read in a cycle in which one is written, so that one port does.
    """

    def __init__(
        self,
        *,
        shape: Any,
        depth: int,
        init: Any = (),
        attrs: Mapping[str, int] | None = None,
        one_port: bool = False,
    ) -> None:
        contents = list(init)
        super().__init__(shape=shape, depth=depth, init=contents, attrs=attrs, src_loc_at=1)
        self.one_port, self.table = one_port, bool(contents)


@dataclass(frozen=True)
class Macro:
    """A module that a memory of a process takes the place of.

    Its read data come after the edge at which `read_en` is 1, and stay until the next such edge,
    also while rows are written.

    Parameters
    ----------
    depth, width : int
        Rows, and bits of a row.
    part : int
        Bits that one bit of `write_en` writes; `width` without a mask.
    one_port : bool
        Reading and writing share an address, and never come together.
    old : bool
        A row that is written while it is read gives what it was before. Otherwise, what is read
        then does not matter, as with one port, where this is never true.
    """

    depth: int
    width: int
    part: int
    one_port: bool
    old: bool

    @property
    def name(self) -> str:
        """Name of its module."""
        kind = "one_port" if self.one_port else "old" if self.old else "any"
        mask = "" if self.part == self.width else f"_by_{self.part}"
        return f"memory_{kind}_{self.depth}x{self.width}{mask}"

    @property
    def ports(self) -> dict[str, tuple[str, int]]:
        """Direction and width of its ports, by name."""
        row, enables = ceil_log2(self.depth), self.width // self.part
        addresses = ("address",) if self.one_port else ("read_address", "write_address")
        return {
            "clk": ("input", 1),
            "read_en": ("input", 1),
            "write_en": ("input", enables),
            **{name: ("input", row) for name in addresses},
            "write_data": ("input", self.width),
            "read_data": ("output", self.width),
        }

    @property
    def model(self) -> str:
        """Its behaviour in Verilog-2001.

        What may be anything is wrong in it. A one-port memory that is read and written at once
        ends the simulation.
        """
        read, write = ("address",) * 2 if self.one_port else ("read_address", "write_address")
        lines = [f"module {self.name}({', '.join(self.ports)});"]
        for name, (direction, width) in self.ports.items():
            reg = " reg" if direction == "output" else ""
            lines.append(f"  {direction}{reg} [{width - 1}:0] {name};")
        lines += [
            f"  reg [{self.width - 1}:0] rows [0:{self.depth - 1}];",
            "  integer i;",
            "  always @(posedge clk) begin",
            "    if (read_en) read_data <= rows[" + read + "];",
        ]
        if self.one_port:
            lines += [
                "    if (read_en && |write_en) begin",
                f'      $display("%m: {self.name} is read and written in one cycle");',
                "      $stop;",
                "    end",
            ]
        elif not self.old:
            lines.append(
                "    if (read_en && |write_en && read_address == write_address)"
                " read_data <= ~rows[read_address];"
            )
        part = f"[i * {self.part} +: {self.part}]"
        lines += [
            f"    for (i = 0; i < {self.width // self.part}; i = i + 1)",
            f"      if (write_en[i]) rows[{write}]{part} <= write_data{part};",
            "  end",
            "endmodule",
        ]
        return "\n".join(lines) + "\n"


class Macros:
    """Platform that makes memories modules of their own, which the design does not have.

    A memory stays in the design if it has fewer than `least_bits`, contents of its own, another
    number of ports than one to read and one to write, or is read without a clock or as new data in
    the cycle in which they are written.

    Parameters
    ----------
    least_bits : int
        Bits of the smallest memory that becomes a module.
    """

    def __init__(self, least_bits: int) -> None:
        if least_bits < 1:
            raise ValueError(f"least_bits must be at least 1, not {least_bits}")
        self.least_bits = least_bits
        #: Memories by their macro.
        self.used: Counter[Macro] = Counter()
        #: Memories that stay, by rows, bits of a row, and why.
        self.stay: Counter[tuple[int, int, str]] = Counter()

    def get_memory(self, memory: amaranth_memory.Memory) -> Module | _Inferred:
        """Return the hardware of a memory, which Amaranth asks for when it elaborates one."""
        width = Shape.cast(memory.shape).width
        if why := self._why_not(memory, width):
            self.stay[memory.depth, width, why] += 1
            return memory.elaborate(None)
        (write,) = memory.write_ports
        one_port = getattr(memory, "one_port", False)
        macro = Macro(
            depth=memory.depth,
            width=width,
            part=width // len(write.en),
            one_port=one_port,
            old=not (one_port or memory.attrs.get("no_rw_check")),
        )
        self.used[macro] += 1
        return _instance(memory, macro)

    @property
    def models(self) -> str:
        """Behaviour of all modules in Verilog, for simulation."""
        return "\n".join(macro.model for macro in self._sorted)

    @property
    def manifest(self) -> dict[str, Any]:
        """The modules as plain data, and the memories that stay in the design."""
        return {
            "macros": [
                {
                    "module": macro.name,
                    "memories": self.used[macro],
                    **asdict(macro),
                    "ports": {name: list(port) for name, port in macro.ports.items()},
                }
                for macro in self._sorted
            ],
            "stay": [
                {"depth": depth, "width": width, "memories": count, "why": why}
                for (depth, width, why), count in sorted(self.stay.items())
            ],
        }

    @property
    def _sorted(self) -> list[Macro]:
        return sorted(self.used, key=lambda macro: macro.name)

    def _why_not(self, memory: amaranth_memory.Memory, width: int) -> str:
        """Return why a memory stays in the design, or nothing."""
        # A memory of Amaranth, as in its FIFOs, does not tell contents of zeros from none.
        rows = (Const(row, memory.shape) for row in memory.init)
        if getattr(memory, "table", False) or any(Const.cast(row).value for row in rows):
            return "it has contents of its own"
        reads, writes = len(memory.read_ports), len(memory.write_ports)
        if (reads, writes) != (1, 1):
            return f"it has {reads} ports to read and {writes} to write"
        if memory.read_ports[0].domain == "comb":
            return "it is read without a clock"
        if memory.read_ports[0].transparent_for:
            return "a row that is written while it is read must give what it becomes"
        if width * memory.depth < self.least_bits or memory.depth == 1:
            return "it is small"
        return ""


def _instance(memory: amaranth_memory.Memory, macro: Macro) -> Module:
    """Return a macro behind the ports of a memory."""
    m = Module()
    (read,), (write,) = memory.read_ports, memory.write_ports
    addresses = (
        {"i_address": Mux(write.en.any(), write.addr, read.addr)}
        if macro.one_port
        else {"i_read_address": read.addr, "i_write_address": write.addr}
    )
    m.submodules.macro = Instance(
        macro.name,
        i_clk=ClockSignal(),
        i_read_en=read.en,
        i_write_en=write.en,
        i_write_data=Value.cast(write.data),
        o_read_data=Value.cast(read.data),
        **addresses,
    )
    return m
