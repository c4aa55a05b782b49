# SPDX-License-Identifier: MIT
"""Strips of pixels that share the rows of weights, and the layout of the steps for them."""

from typing import Any

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import AcceleratorParams
from rtl.descriptor import descriptor_layout, tag_layout

__all__ = ["Strip", "first_layout", "step_layout"]


def step_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a step, which reads a word and names the weights for it.

    `address` is that of the word, and `inside` says whether it is in the map; otherwise the word
    counts as 0. Lanes ``low..high-1`` of the word count. `weight` and `tile` are rows of the
    memories. `last` is set in the last step of a tile, and `tag` is that of the tile. With weight
    reuse, `slot` is the place of the pixel in its strip.
    """
    reuse = params.mvu.weight_reuse
    slot: dict[str, Any] = {"slot": range(reuse)} if reuse > 1 else {}
    return data.StructLayout({**_fields(params), **slot, "tag": tag_layout(params)})


def first_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a step for the first pixel of a strip.

    The fields are those of `step_layout`, but `inside` only says whether the row is in the map.
    `column` is the column of the word, which is a large number before the map, and `pixels` is the
    number of pixels of the strip, at least 1.
    """
    column = descriptor_layout(params)["columns"].width + 1
    return data.StructLayout({
        **_fields(params), "column": column, "pixels": range(params.mvu.weight_reuse + 1),
        "tag": tag_layout(params),
    })  # fmt: skip


def _fields(params: AcceleratorParams) -> dict[str, Any]:
    simd = params.mvu.simd
    return {
        "address": unsigned(bits_for(params.map_depth)), "inside": 1,
        "low": range(max(2, simd)), "high": range(simd + 1),
        "weight": range(max(2, params.mvu.weight_depth)),
        "tile": range(max(2, params.mvu.tile_depth)), "last": 1,
    }  # fmt: skip


class Strip(wiring.Component):
    """Steps for all pixels of a strip, from the steps for its first one.

    A strip is a run of up to P adjacent pixels of an output row, P being the weight reuse. Its
    pixels take turns: a step leaves once for each of them, at the address and in the column of that
    pixel, and is taken when it leaves for the last one. One step leaves a cycle, and none is
    delayed. Reset begins anew with a first pixel.

    Parameters
    ----------
    params : AcceleratorParams
        P is at least 2.

    Members
    -------
    i : In(stream.Signature(first_layout(params)))
        Steps for the first pixel.
    columns : In
        Columns of the map. This and the next two inputs are held while a step is offered.
    stride, x_pitch : In
        Distance to the next pixel, in columns and in words.
    o : Out(stream.Signature(step_layout(params)))
        Steps. The tag of the last pixel has `strip_end`, and only that one keeps `end`.
    """

    #: Cycles from a step for the first pixel to the same step of `o`.
    latency = 0
    #: Cycles from one step to the next.
    interval = 1

    def __init__(self, params: AcceleratorParams) -> None:
        self.params = params
        descriptor = descriptor_layout(params)
        super().__init__({
            "i": In(stream.Signature(first_layout(params))),
            **{name: In(descriptor[name].shape) for name in ("columns", "stride", "x_pitch")},
            "o": Out(stream.Signature(step_layout(params))),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i, o, first = self.i, self.o, self.i.payload
        slot, final = Signal(range(self.params.mvu.weight_reuse)), Signal()
        # Distances from the first pixel, and the column of this one.
        words, columns = Signal.like(first.address), Signal.like(first.column)
        column = Signal.like(first.column)
        m.d.comb += [
            final.eq(slot + 1 == first.pixels),
            i.ready.eq(o.ready & final),
            o.valid.eq(i.valid),
            *(o.payload[name].eq(first[name]) for name in _fields(self.params)),
            o.payload.tag.eq(first.tag),
            o.payload.address.eq(first.address + words),
            column.eq(first.column + columns),
            o.payload.inside.eq(first.inside & (column < self.columns)),
            o.payload.slot.eq(slot),
            o.payload.tag.strip_end.eq(final),
            o.payload.tag.end.eq(first.tag.end & final),
        ]
        with m.If(o.valid & o.ready):
            with m.If(final):
                m.d.sync += [slot.eq(0), words.eq(0), columns.eq(0)]
            with m.Else():
                m.d.sync += [
                    slot.eq(slot + 1),
                    words.eq(words + self.x_pitch),
                    columns.eq(columns + self.stride),
                ]
        return m
