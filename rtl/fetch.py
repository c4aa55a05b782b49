# SPDX-License-Identifier: MIT
"""The two feature memories, and the fetch of the words that steps read."""

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import AcceleratorParams
from rtl import mvu, strip
from rtl.descriptor import tag_layout
from rtl.lanes import lane_range
from rtl.memories import Memory

__all__ = ["Fetch", "fill_layout", "write_layout"]


def write_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a word to write, with its bank and address."""
    address = range(max(2, params.map_depth))
    return data.StructLayout({"bank": 1, "address": address, "data": params.mvu.simd})


def fill_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a word of the first map, which goes to memory 0."""
    return data.StructLayout({"address": range(max(2, params.map_depth)), "data": params.mvu.simd})


class Fetch(wiring.Component):
    """Two feature memories of one port each. One is read while the other one is written.

    A step of the window leaves as a step of the matrix-vector unit `latency` cycles later, one a
    cycle. It carries the word at its address, or 0 outside the map, and its range of lanes as a
    mask. On a machine that gathers windows, the first map is written to memory 0 while steps may
    read it: a word of it waits in a cycle in which a step does. So no memory is read and written in
    one cycle. But memory 0 may be written while the word that it read last is offered and waits.
    Hence a memory of one port must keep its output while it is written (no-change mode); one that
    shows what is written, or nothing, needs a register behind it. Reset drops the step inside. The
    memories keep their contents.

    Parameters
    ----------
    params : AcceleratorParams

    Members
    -------
    i : In(stream.Signature(strip.step_layout(params)))
        Steps with addresses.
    source : In(1)
        Memory that is read; held while a step is inside.
    o : Out(stream.Signature(mvu.step_layout(params.mvu, tag_layout(params))))
        Steps with words.
    write : In(stream.Signature(write_layout(params)))
        Words to write to the memory that is not read, always taken.
    fill : In(stream.Signature(fill_layout(params)))
        Words of the first map. None may come while `write` goes to memory 0, nor, on a machine that
        gathers no windows, while steps read it; there they are always taken.
    """

    #: Cycles from a step with an address to the step with its word.
    latency = 1
    #: Cycles from one step to the next.
    interval = 1

    def __init__(self, params: AcceleratorParams) -> None:
        self.params = params
        super().__init__({
            "i": In(stream.Signature(strip.step_layout(params))),
            "source": In(1),
            "o": Out(stream.Signature(mvu.step_layout(params.mvu, tag_layout(params)))),
            "write": In(stream.Signature(write_layout(params))),
            "fill": In(stream.Signature(fill_layout(params))),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i, o, step = self.i, self.o, self.i.payload
        inside, advance = Signal(), Signal()
        held = {
            name: Signal(field.shape, name=name)
            for name, field in mvu.step_layout(self.params.mvu, tag_layout(self.params))
            if name != "x"
        }
        words = [self._memory(m, bank, advance) for bank in range(2)]
        m.d.comb += [
            advance.eq(~o.valid | o.ready),
            i.ready.eq(advance),
            self.write.ready.eq(1),
            self.fill.ready.eq(
                ~(advance & i.valid & step.inside & ~self.source) if self.params.gathers else 1
            ),
            o.payload.x.eq(Mux(inside, Mux(self.source, words[1], words[0]), 0)),
            *(o.payload[name].eq(value) for name, value in held.items()),
        ]
        lanes = lane_range(step.low, step.high, self.params.mvu.simd)
        with m.If(advance):
            m.d.sync += [o.valid.eq(i.valid), inside.eq(step.inside), held["mask"].eq(lanes)]
            m.d.sync += [value.eq(step[name]) for name, value in held.items() if name != "mask"]
        return m

    def _memory(self, m: Module, bank: int, advance: Signal) -> Value:
        """Return the word of a memory at the address of the previous step, if the step reads it."""
        m.submodules[f"map_{bank}"] = memory = Memory(
            shape=unsigned(self.params.mvu.simd), depth=self.params.map_depth, one_port=True
        )
        port, read, step = memory.write_port(), memory.read_port(), self.i.payload
        word, writes = self.write.payload, self.write.valid & (self.write.payload.bank == bank)
        m.d.comb += [port.en.eq(writes), port.addr.eq(word.address), port.data.eq(word.data)]
        if bank == 0:
            fill = self.fill
            with m.If(fill.valid):
                m.d.comb += [
                    port.en.eq(fill.ready),
                    port.addr.eq(fill.payload.address),
                    port.data.eq(fill.payload.data),
                ]
        m.d.comb += [
            read.en.eq(advance & self.i.valid & step.inside & (self.source == bank)),
            read.addr.eq(step.address),
        ]
        return read.data
