# SPDX-License-Identifier: MIT
"""Counters of the cycles in which the registers of a block move, beside those of its memories."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from amaranth.hdl import Cat, Const, Fragment, Module, Signal, Value
from amaranth.hdl._ast import SignalDict  # pyright: ignore[reportPrivateImportUsage]

from verification.rtl.strobes import Counted

__all__ = ["TOP", "Moving"]

#: Name of the bank that has the registers of the outermost module.
TOP = "top"


class Moving(Counted):
    """A block, its strobes, and a counter for each of its register banks.

    A bank is all registers of a module. Modules that differ in a number at the end of their names,
    as the neurons of an array do, are one bank. Its counter ``moves_PATH`` counts the cycles at
    whose end a bit of it has changed. ``cycles`` counts all cycles. Registers inside memories
    belong to the memories.

    Parameters
    ----------
    component : wiring.Component

    Attributes
    ----------
    flipflops : dict of str to int
        Bits of each bank, by the name of its counter.
    """

    def _counted(self) -> Iterator[tuple[str, Value]]:
        yield "cycles", Const(1)
        yield from super()._counted()
        banks: dict[str, list[Signal]] = defaultdict(list)
        for path, registers in _registers(self._fragment, ()):
            banks["__".join(path) or TOP] += registers
        self.flipflops, self._before = {}, []
        for path, registers in banks.items():
            now = Cat(*registers)
            before = Signal(len(now), name=f"before_{path}")
            self.flipflops[f"moves_{path}"] = len(now)
            self._before.append((before, now))
            yield f"moves_{path}", before != now

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        m.d.sync += [before.eq(now) for before, now in self._before]
        return m


def _registers(
    fragment: Fragment, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], list[Signal]]]:
    """Yield the path of each module with the signals that the clock changes in it."""
    driven: Any = SignalDict()
    for statement in fragment.statements.get("sync", ()):
        driven.update((signal, None) for signal in statement._lhs_signals())
    if registers := [signal for signal in driven if len(signal)]:
        yield path, registers
    for part, name, _ in fragment.subfragments:
        yield from _registers(part, (*path, re.sub(r"_\d+$", "", str(name))))
