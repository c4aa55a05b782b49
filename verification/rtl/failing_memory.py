# SPDX-License-Identifier: MIT
"""Wrappers of a memory whose cells fail: for good, in single reads, or until they are written.

Each is the memory, and tables behind its ports that say which bits of a row are wrong.
"""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory, ReadPort, WritePort
from amaranth.utils import bits_for

__all__ = ["FailingMaps", "FailingMemory", "FailingReads", "UpsetMemory"]


class _Wrapper(wiring.Component):
    """A memory with ports of its own before those of the memory inside.

    Parameters
    ----------
    memory : wiring.Component
        The memory inside, perhaps a wrapper as well.
    """

    def __init__(self, memory: Any) -> None:
        super().__init__({})
        self._memory = memory
        self._reads: list[tuple[ReadPort, ReadPort]] = []
        self._writes: list[tuple[WritePort, WritePort]] = []

    def read_port(self, **given: Any) -> ReadPort:
        """Return a port whose data are what the cells read as."""
        inner = self._memory.read_port(**given)
        outer = _like(ReadPort, inner).create()
        self._reads.append((outer, inner))
        return outer

    def write_port(self, **given: Any) -> WritePort:
        """Return a port that writes the cells."""
        inner = self._memory.write_port(**given)
        outer = _like(WritePort, inner).create()
        self._writes.append((outer, inner))
        return outer

    def _through(self) -> Module:
        """Lead all ports to the memory but for the data that are read."""
        m = Module()
        m.submodules.memory = self._memory
        for outer, inner in (*self._reads, *self._writes):
            m.d.comb += [inner.addr.eq(outer.addr), inner.en.eq(outer.en)]
        for outer, inner in self._writes:
            m.d.comb += Value.cast(inner.data).eq(Value.cast(outer.data))
        return m


class FailingMemory(_Wrapper):
    """A memory some of whose bits read the same whatever was written.

    Parameters
    ----------
    memory : wiring.Component
    failing, stuck : list of int
        For each row, the bits that fail, and what they read as; 0 where no bit fails.
    width : int
        Bits of a row.
    """

    def __init__(self, memory: Any, failing: list[int], stuck: list[int], width: int) -> None:
        super().__init__(memory)
        self._tables = _tables(failing, stuck, width)

    def elaborate(self, platform: object) -> Module:
        m = self._through()
        m.submodules.failing, m.submodules.stuck = self._tables
        for outer, inner in self._reads:
            tables = [table.read_port() for table in self._tables]
            for port in tables:
                m.d.comb += [port.addr.eq(outer.addr), port.en.eq(outer.en)]
            may_fail = self._may_fail(m, outer)
            failing, stuck = (port.data & may_fail for port in tables)
            through = Value.cast(inner.data) & ~failing | stuck
            m.d.comb += Value.cast(outer.data).eq(through)
        return m

    def _may_fail(self, m: Module, port: ReadPort) -> Value:
        """Return the bits of the row that was read in which a cell can fail: all."""
        return ~Const(0, Value.cast(port.data).shape())


class FailingMaps(FailingMemory):
    """A memory of maps, which fails in lanes that hold a channel of the map that is read, alone.

    Parameters
    ----------
    memory, failing, stuck, width
        As of `FailingMemory`.
    channels : list of list of int
        For each layer that may read, the bits of every row that hold a channel.
    layer : Value
        The layer that reads, in the cycle in which a row is asked for.
    """

    def __init__(
        self, memory: Any, failing: list[int], stuck: list[int], width: int,
        channels: list[list[int]], layer: Value,
    ) -> None:  # fmt: skip
        super().__init__(memory, failing, stuck, width)
        self._depth, self._layer, self._rows = len(failing), layer, sum(channels, [])

    def _may_fail(self, m: Module, port: ReadPort) -> Value:
        width = len(Value.cast(port.data))
        table = Memory(shape=unsigned(width), depth=len(self._rows), init=self._rows)
        m.submodules += table
        channels = table.read_port()
        m.d.comb += channels.addr.eq(self._layer * self._depth + port.addr)
        m.d.comb += channels.en.eq(port.en)
        return channels.data


class FailingReads(_Wrapper):
    """A memory of which single reads give wrong bits, other ones in each, for as many as are given.

    A reset lets the reads be counted from 0 again.

    Parameters
    ----------
    memory : wiring.Component
    failing, stuck : list of int
        For each read, the bits that fail, and what they read as; 0 where no bit fails.
    width : int
        Bits of a row.
    served : Value
        Whether a read counts and can fail, in the cycle in which it is asked for.

    Raises
    ------
    ValueError
        While it is elaborated, if more than one port reads, so that reads have no order.
    """

    def __init__(
        self, memory: Any, failing: list[int], stuck: list[int], width: int, served: Value
    ) -> None:
        super().__init__(memory)
        self._tables, self._count, self._served = _tables(failing, stuck, width), len(stuck), served

    def elaborate(self, platform: object) -> Module:
        if len(self._reads) != 1:
            raise ValueError(f"Reads that fail must be of one port, not of {len(self._reads)}")
        m, (outer, inner) = self._through(), self._reads[0]
        m.submodules.failing, m.submodules.stuck = self._tables
        done, fails = Signal(bits_for(self._count)), Signal()
        now = outer.en & self._served & (done != self._count)
        tables = [table.read_port() for table in self._tables]
        for port in tables:
            m.d.comb += [port.addr.eq(done), port.en.eq(now)]
        with m.If(outer.en):
            m.d.sync += [fails.eq(now), done.eq(done + now)]
        failing, stuck = (port.data for port in tables)
        sound = Value.cast(inner.data)
        m.d.comb += Value.cast(outer.data).eq(Mux(fails, sound & ~failing | stuck, sound))
        return m


class UpsetMemory(_Wrapper):
    """A memory with cells that hold the wrong bit from the first write of their row to the second.

    Parameters
    ----------
    memory : wiring.Component
    cells : list of int
        Those of each row.
    width : int
        Bits of a row.
    """

    def __init__(self, memory: Any, cells: list[int], width: int) -> None:
        super().__init__(memory)
        depth = len(cells)
        self._cells = Memory(shape=unsigned(width), depth=depth, init=cells)
        self._unwritten = Memory(shape=unsigned(1), depth=depth, init=[1] * depth)

    def elaborate(self, platform: object) -> Module:
        m = self._through()
        m.submodules.cells, m.submodules.unwritten = self._cells, self._unwritten
        for outer, inner in self._reads:
            m.d.comb += Value.cast(outer.data).eq(Value.cast(inner.data))
        for outer, inner in self._writes:
            cells, first = (
                table.read_port(domain="comb") for table in (self._cells, self._unwritten)
            )
            written = self._unwritten.write_port()
            for port in (cells, first, written):
                m.d.comb += port.addr.eq(outer.addr)
            wrong = Mux(first.data, cells.data, 0)
            m.d.comb += [
                written.en.eq(outer.en),
                Value.cast(inner.data).eq(Value.cast(outer.data) ^ wrong),
            ]
        return m


def _like(kind: Any, port: Any) -> Any:
    """Return the signature of a port of a memory."""
    return kind.Signature(addr_width=port.signature.addr_width, shape=port.signature.shape)


def _tables(failing: list[int], stuck: list[int], width: int) -> tuple[Memory, Memory]:
    """Return memories of what fails, and of what that reads as."""
    failing_rows, stuck_rows = (
        Memory(shape=unsigned(width), depth=len(rows), init=rows) for rows in (failing, stuck)
    )
    return failing_rows, stuck_rows
