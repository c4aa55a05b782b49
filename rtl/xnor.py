# SPDX-License-Identifier: MIT
"""XNOR and popcount of one neuron (contract, 2), as a pipelined tree of carry-save adders."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.params import XnorParams

__all__ = ["Xnor", "xnor_latency"]


def xnor_latency(params: XnorParams) -> int:
    """Return the enabled cycles from inputs to count: agreements, tree levels and addition."""
    return len(_levels(params.inputs)) + (params.inputs > 1)


class Xnor(wiring.Component):
    """Count of the inputs that equal their weights, among those that the mask selects.

    The count of a vector appears `latency` enabled cycles after its inputs. The block takes one
    vector a cycle. Its registers only carry data, which have no meaning before the first vector, so
    there is no reset. The user of the block tracks which cycles are valid.

    The bits with the weight 2**k form a column. A level of the tree turns three bits of a column
    into one bit of the same column and one of the next. So every full adder removes one bit, and
    there are ``n - (bits of the count)`` full adders of two LUT4 each. When no column holds more
    than two bits, one addition completes the count. Every level ends in registers. They cost no
    LUTs, and with them a synthesiser has no reason to duplicate adders for speed.

    Parameters
    ----------
    params : XnorParams

    Members
    -------
    en : In(1)
        Let the pipeline advance.
    x, w, mask : In(params.inputs)
        Inputs, weights, and the lanes that count.
    agree : Out(params.agree_width)
        Number of lanes with ``x == w`` and ``mask``.
    """

    #: Enabled cycles from one vector to the next.
    interval = 1

    def __init__(self, params: XnorParams) -> None:
        self.params = params
        #: Enabled cycles from a vector to its count.
        self.latency = xnor_latency(params)
        self._levels = _levels(params.inputs)
        lanes = In(params.inputs)
        super().__init__({
            "en": In(1), "x": lanes, "w": lanes, "mask": lanes, "agree": Out(params.agree_width),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        agreeing = Signal(self.params.inputs, reset_less=True)
        with m.If(self.en):
            m.d.sync += agreeing.eq(~(self.x ^ self.w) & self.mask)
        columns: list[Value] = [agreeing]
        for level in range(1, len(self._levels)):
            columns = self._level(m, level, columns)
        self._add(m, columns)
        return m

    def _level(self, m: Module, level: int, columns: list[Value]) -> list[Value]:
        """Pass the bits of every column through parallel full adders."""
        following: list[Value] = []
        carries: Any = Cat()
        for k, height in enumerate(self._levels[level]):
            column = columns[k] if k < len(columns) else Cat()
            n = len(column) // 3
            a, b, c, rest = column[:n], column[n : 2 * n], column[2 * n : 3 * n], column[3 * n :]
            bits = Signal(height, name=f"level_{level}_column_{k}", reset_less=True)
            with m.If(self.en):
                m.d.sync += bits.eq(Cat(a ^ b ^ c, rest, carries))
            carries = (a & b) | (c & (a | b))
            following.append(bits)
        return following

    def _add(self, m: Module, columns: list[Value]) -> None:
        """Add the remaining numbers, of which there are at most two."""
        if self.params.inputs == 1:
            m.d.comb += self.agree.eq(columns[0])
            return
        total = Signal.like(self.agree, reset_less=True)
        augend = Cat(column[:1] for column in columns)
        # A column of one bit is added to zero. Zeros above the last column of two need no bits.
        addend = Cat(column[1] if len(column) > 1 else Signal(name="zero") for column in columns)
        with m.If(self.en):
            m.d.sync += total.eq(augend + addend)
        m.d.comb += self.agree.eq(total)


def _levels(n: int) -> list[list[int]]:
    """Return the column heights at every level. The first level is one column of n bits."""
    levels = [[n]]
    while max(levels[-1]) > 2:
        heights, carried = [], 0
        for height in [*levels[-1], 0]:
            heights.append(height - 2 * (height // 3) + carried)
            carried = height // 3
        while not heights[-1]:
            heights.pop()
        levels.append(heights)
    return levels
