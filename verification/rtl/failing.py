# SPDX-License-Identifier: MIT
"""Memories of the hardware whose cells fail, in simulation alone (contract, 19).

A wrapper takes the place of a memory while a block is elaborated. The block is unchanged.
"""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import pytest
from amaranth.hdl import Const, Shape, Value
from amaranth.lib import wiring

from golden.faults import Faults
from verification.rtl.failing_memory import FailingMaps, FailingMemory, FailingReads, UpsetMemory

__all__ = ["fail", "fail_each", "fail_maps", "fail_reads", "rows_of", "upset"]

#: Every read counts.
ALWAYS = Const(1)


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

    Memories of another size fail as an earlier call has said, and those of this size as well.

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
    size = len(rows[0]), width
    return _wrap(monkeypatch, module, size, lambda memory: FailingMemory(memory, *rows, width))


def fail_each(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    tables: Sequence[tuple[list[int], list[int]]],
    width: int,
) -> Callable[[], int]:
    """Let memories of a module that are alike fail, each by cells of its own, as `fail` does.

    Parameters
    ----------
    tables : sequence of tuple of list of int
        Rows of each memory, in the order in which the module makes them.
    monkeypatch, module, width
        As of `fail`; so is what it returns.
    """
    size, left = (len(tables[0][0]), width), iter(tables)
    return _wrap(
        monkeypatch, module, size, lambda memory: FailingMemory(memory, *next(left), width)
    )


def fail_maps(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    tables: Sequence[tuple[list[int], list[int]]],
    width: int,
    channels: list[list[int]],
    layer: Value,
) -> Callable[[], int]:
    """Let memories of maps of a module fail, each by cells of its own, as `fail_each` does.

    Parameters
    ----------
    monkeypatch, module, tables, width
        As of `fail_each`; so is what it returns.
    channels, layer
        As of `FailingMaps`.
    """
    size, left = (len(tables[0][0]), width), iter(tables)
    return _wrap(
        monkeypatch, module, size,
        lambda memory: FailingMaps(memory, *next(left), width, channels, layer),
    )  # fmt: skip


def fail_reads(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    size: tuple[int, int],
    reads: tuple[list[int], list[int]],
    served: Value = ALWAYS,
) -> Callable[[], int]:
    """Let reads of the memories of a module fail whose rows and bits of a row are `size`.

    Parameters
    ----------
    monkeypatch, module
        As of `fail`; so is what it returns.
    size : tuple of int
    reads : tuple of list of int
        What `rows_of` returns for `golden.faults.ReadErrors`, a row a read.
    served : Value, optional
        As of `FailingReads`: every read, by default.
    """
    return _wrap(
        monkeypatch, module, size, lambda memory: FailingReads(memory, *reads, size[1], served)
    )


def upset(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, cells: list[int], width: int
) -> Callable[[], int]:
    """Let the memories of a module with so many rows of so many bits be upset, as `UpsetMemory` is.

    Parameters
    ----------
    monkeypatch, module, width
        As of `fail`; so is what it returns.
    cells : list of int
        Cells of each row that are upset.
    """
    size = len(cells), width
    return _wrap(monkeypatch, module, size, lambda memory: UpsetMemory(memory, cells, width))


def _wrap(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    size: tuple[int, int],
    wrapper: Callable[[Any], wiring.Component],
) -> Callable[[], int]:
    """Put a wrapper around memories of a size, and around their wrappers; return their number."""
    made: list[wiring.Component] = []
    earlier = module.Memory

    def memory(*, shape: Any, depth: int, **given: Any) -> Any:
        inner = earlier(shape=shape, depth=depth, **given)
        if (depth, Shape.cast(shape).width) != size:
            return inner
        made.append(wrapper(inner))
        return made[-1]

    monkeypatch.setattr(module, "Memory", memory)
    return lambda: len(made)
