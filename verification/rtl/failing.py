# SPDX-License-Identifier: MIT
"""Memories of the hardware whose cells fail, in simulation alone (contract, 19).

A wrapper takes the place of a memory while a block is elaborated: the memory, and two tables behind
its read ports that say which bits of a row fail, and what they read as. The block is unchanged.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from amaranth.hdl import Module, Shape, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory, ReadPort, WritePort

from golden.faults import Faults

__all__ = ["FailingMemory", "fail", "rows_of"]


class FailingMemory(wiring.Component):
    """A memory some of whose bits read the same whatever was written.

    Parameters
    ----------
    failing, stuck : list of int
        For each row, the bits that fail, and what they read as; 0 where no bit fails.
    shape, depth, given
        As for `amaranth.lib.memory.Memory`.
    """

    def __init__(
        self, failing: list[int], stuck: list[int], *, shape: Any, depth: int, **given: Any
    ) -> None:
        super().__init__({})
        width = Shape.cast(shape).width
        self._memory = Memory(shape=shape, depth=depth, **given)
        self._tables = [
            Memory(shape=unsigned(width), depth=depth, init=rows) for rows in (failing, stuck)
        ]
        self._reads: list[tuple[ReadPort, ReadPort, list[ReadPort]]] = []

    def read_port(self, **given: Any) -> ReadPort:
        """Return a port whose data are what the cells read as."""
        inner = self._memory.read_port(**given)
        signature = ReadPort.Signature(
            addr_width=inner.signature.addr_width, shape=inner.signature.shape
        )
        outer = signature.create()
        self._reads.append((outer, inner, [table.read_port() for table in self._tables]))
        return outer

    def write_port(self, **given: Any) -> WritePort:
        """Return a port of the memory itself."""
        return self._memory.write_port(**given)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = self._memory
        m.submodules.failing, m.submodules.stuck = self._tables
        for outer, inner, tables in self._reads:
            for port in (inner, *tables):
                m.d.comb += [port.addr.eq(outer.addr), port.en.eq(outer.en)]
            failing, stuck = (port.data for port in tables)
            through = Value.cast(inner.data) & ~failing | stuck
            m.d.comb += Value.cast(outer.data).eq(through)
        return m


def rows_of(faults: Faults, vectors: int, features: int) -> tuple[list[int], list[int]]:
    """Return the bits of every row that fail, and what they read as.

    Parameters
    ----------
    faults : Faults
    vectors, features : int
        Vectors in the memory, and codes of a vector.
    """
    lanes, width = faults.params.lanes, faults.params.width
    tables = []
    for codes in faults.cells(0, vectors, features):
        rows = [v[start : start + lanes] for v in codes for start in range(0, features, lanes)]
        tables.append([
            sum(int(code) << lane * width for lane, code in enumerate(row)) for row in rows
        ])  # fmt: skip
    return tables[0], tables[1]


def fail(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    rows: tuple[list[int], list[int]],
    width: int,
) -> Callable[[], int]:
    """Let the memories of a module with so many rows of so many bits fail, for a test.

    Memories of another size fail as an earlier call has said.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
    module : module
        Where the block is defined that makes the memory.
    rows : tuple of list of int
        As `rows_of` returns them.
    width : int
        Bits of a row.

    Returns
    -------
    callable
        The number of memories that were made to fail so far.
    """
    made: list[FailingMemory] = []
    earlier = module.Memory

    def memory(*, shape: Any, depth: int, **given: Any) -> Any:
        if (depth, Shape.cast(shape).width) != (len(rows[0]), width):
            return earlier(shape=shape, depth=depth, **given)
        made.append(FailingMemory(*rows, shape=shape, depth=depth, **given))
        return made[-1]

    monkeypatch.setattr(module, "Memory", memory)
    return lambda: len(made)
