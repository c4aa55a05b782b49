# SPDX-License-Identifier: MIT
"""Pooling: the OR of the words of a window (contract, 3)."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params.checks import check_integer

__all__ = ["Pool", "pooled_layout", "window_layout"]


def window_layout(simd: int, tag: Any) -> data.StructLayout:
    """Return the layout of a word that enters, with a `tag` of any shape."""
    return data.StructLayout({"x": simd, "last": 1, "tag": tag})


def pooled_layout(simd: int, tag: Any) -> data.StructLayout:
    """Return the layout of the OR of a window."""
    return data.StructLayout({"x": simd, "tag": tag})


class Pool(wiring.Component):
    """OR of the words of a window, which is the maximum of +1 and -1.

    The block takes one word a cycle. In the cycle after the last word of a window, it offers the
    OR. A window of one word passes unchanged. The block takes nothing while a result waits. Reset
    drops the words that were taken.

    Parameters
    ----------
    simd : int
        Channels of a word.
    tag : shape
        Shape of a tag that accompanies each word. A result leaves with the tag of its last word.

    Members
    -------
    i : In(stream.Signature(window_layout(simd, tag)))
        Words; `last` ends a window.
    o : Out(stream.Signature(pooled_layout(simd, tag)))
        One word for each window.
    """

    #: Cycles from the last word of a window to its OR.
    latency = 1
    #: Cycles from one word to the next.
    interval = 1

    def __init__(self, simd: int, tag: Any) -> None:
        check_integer("Pool lanes SIMD", simd, 1)
        if isinstance(tag, int):
            check_integer("Pool tag bits", tag, 1)
        self.simd = simd
        super().__init__({
            "i": In(stream.Signature(window_layout(simd, tag))),
            "o": Out(stream.Signature(pooled_layout(simd, tag))),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i, o = self.i, self.o
        so_far, merged = Signal(self.simd), Signal(self.simd)
        m.d.comb += merged.eq(so_far | i.payload.x)
        m.d.comb += i.ready.eq(~o.valid | o.ready)
        with m.If(i.ready):
            m.d.sync += o.valid.eq(i.valid & i.payload.last)
        with m.If(i.ready & i.valid):
            m.d.sync += so_far.eq(merged)
            with m.If(i.payload.last):
                m.d.sync += so_far.eq(0)
                m.d.sync += o.payload.x.eq(merged)
                m.d.sync += o.payload.tag.eq(i.payload.tag)
        return m
