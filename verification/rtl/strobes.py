# SPDX-License-Identifier: MIT
"""Counters beside the memories and random streams of a block: what its cost is held to.

They are hardware, so that every simulator counts alike and at no cost a cycle.
"""

from collections.abc import Iterator

from amaranth.hdl import Fragment, Module, Signal, Value
from amaranth.hdl._mem import MemoryInstance  # pyright: ignore[reportPrivateImportUsage]
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from rtl.lfsr import Lfsr

__all__ = ["Counted"]

WIDTH = 40  # bits of a counter


class Counted(wiring.Component):
    """A block, and counters of its strobes.

    The ports are those of the block, and an output for each counter: ``reads_PATH`` and
    ``writes_PATH`` of a memory, ``words_PATH`` of an LFSR, PATH being the names of the submodules
    that lead to it, joined by two underscores. A counter is right one cycle after the strobe;
    latency and throughput are the block's. Reset clears the counters.

    Parameters
    ----------
    component : wiring.Component
    one_port : tuple of str
        PATHs of memories that must not be read and written in one cycle.

    Attributes
    ----------
    counters : tuple of str
        Names of the counters of reads, writes and words.

    Members
    -------
    ... : as of the block
    counters : Out(40)
    both_PATH : Out(40)
        Cycles in which a memory of `one_port` is read and written.
    """

    def __init__(self, component: wiring.Component, one_port: tuple[str, ...] = ()) -> None:
        self.params = getattr(component, "params", component.signature)
        self._inner = component
        self._fragment = Fragment.get(component, None)
        self._strobes = dict(self._counted())
        self.counters = tuple(self._strobes)
        for path in one_port:
            reads, writes = (self._strobes[f"{verb}_{path}"] for verb in ("reads", "writes"))
            self._strobes[f"both_{path}"] = reads & writes
        super().__init__(
            dict(component.signature.members) | dict.fromkeys(self._strobes, Out(WIDTH))
        )

    def _counted(self) -> Iterator[tuple[str, Value]]:
        """Yield the name of each counter and what it counts."""
        yield from _strobes(self._fragment, ())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.block = self._fragment
        for name in self._inner.signature.members:
            member = self._inner.signature.members[name]
            inner, outer = getattr(self._inner, name), getattr(self, name)
            if not member.is_port:
                wiring.connect(m, wiring.flipped(outer), inner)
            elif member.flow is Out:
                m.d.comb += Value.cast(outer).eq(Value.cast(inner))
            else:
                m.d.comb += Value.cast(inner).eq(Value.cast(outer))
        for name, strobe in self._strobes.items():
            counter: Signal = getattr(self, name)
            with m.If(strobe):
                m.d.sync += counter.eq(counter + 1)
        return m


def _strobes(fragment: Fragment, path: tuple[str, ...]) -> Iterator[tuple[str, Value]]:
    """Yield the name of a counter and what it counts, for all below a fragment."""
    place = "__".join(path)
    if isinstance(fragment, MemoryInstance):
        for port in fragment._read_ports:
            if port._domain != "comb":
                yield f"reads_{place}", port._en
        for port in fragment._write_ports:
            yield f"writes_{place}", port._en.any()
        return
    origins = fragment.origins or ()
    for block in origins:
        if isinstance(block, Lfsr):
            yield f"words_{place}".rstrip("_"), block.en
    for part, name, _ in fragment.subfragments:
        yield from _strobes(part, (*path, str(name)))
