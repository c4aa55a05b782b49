# SPDX-License-Identifier: MIT
"""Head: it computes logits and class from the counts of the output neurons (contract, 3)."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import AcceleratorParams

__all__ = ["Head", "logit_layout", "output_layout"]


def output_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a tile of output neurons: counts, number of classes, last-tile mark."""
    neurons, width = params.neurons, params.mvu.count_width
    return data.StructLayout({
        "counts": data.ArrayLayout(unsigned(width), neurons), "lanes": range(neurons + 1),
        "last": 1,
    })  # fmt: skip


def logit_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a logit with the best class so far and the mark of the last logit."""
    return data.StructLayout({
        "logit": signed(params.mvu.count_width + 2), "best": _class(params), "last": 1,
    })  # fmt: skip


def _class(params: AcceleratorParams) -> range:
    return range(max(2, params.classes))


class Head(wiring.Component):
    """Logits of a classifier, one a cycle in the order of classes, and their arg max.

    The matrix-vector unit computes the two planes of an output neuron as one neuron with twice the
    inputs, so ``logit = 2*count - 2*(H + D)``. Since a logit rises with its count, the counts are
    compared. The largest count starts at 0 with class 0, and only a strictly larger one replaces
    it. A tile is taken when there is none, or when the last lane of the one before leaves. Its
    first logit is offered in the next cycle. The last logit begins anew with class 0, and so does
    reset, which also drops the tile. Registers say whether a logit is offered, and whether it is
    the last lane of its tile.

    Parameters
    ----------
    params : AcceleratorParams

    Members
    -------
    i : In(stream.Signature(output_layout(params)))
        Tiles of classes in order. The first `lanes` (at least 1) of the `counts` of agreements
        belong to classes; `last` ends the head.
    concat : In(params.mvu.count_width)
        H + D, inputs of a plane; held while a tile is inside.
    n_classes : In(range(params.classes + 1))
        Number of classes seen so far; held while a tile is inside.
    o : Out(stream.Signature(logit_layout(params)))
        `logit`; `best`, the class below `n_classes` with the largest logit so far, the lowest class
        in a tie; `last`, set in the last logit, whose `best` is the answer.
    """

    #: Cycles from a tile to its first logit.
    latency = 1
    #: Cycles from one logit to the next.
    interval = 1

    def __init__(self, params: AcceleratorParams) -> None:
        self.params = params
        super().__init__({
            "i": In(stream.Signature(output_layout(params))),
            "concat": In(params.mvu.count_width),
            "n_classes": In(range(params.classes + 1)),
            "o": Out(stream.Signature(logit_layout(params))),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i, o = self.i, self.o
        width = self.params.mvu.count_width
        counts = Signal(self.params.neurons * width)
        lanes = Signal.like(i.payload.lanes)
        last_tile, final_lane, seen_better = Signal(), Signal(), Signal()
        index, best = Signal(_class(self.params)), Signal(_class(self.params))
        count, largest = Signal(width), Signal(width)
        m.d.comb += [
            count.eq(counts[:width]),
            seen_better.eq((index < self.n_classes) & (count > largest)),
            o.payload.logit.eq((count - self.concat) << 1),
            o.payload.best.eq(Mux(seen_better, index, best)),
            o.payload.last.eq(last_tile & final_lane),
            i.ready.eq(~o.valid | (o.ready & final_lane)),
        ]
        with m.If(o.valid & o.ready):
            m.d.sync += [counts.eq(counts >> width), lanes.eq(lanes - 1)]
            m.d.sync += [o.valid.eq(~final_lane), final_lane.eq(lanes == 2)]
            with m.If(o.payload.last):
                m.d.sync += [index.eq(0), best.eq(0), largest.eq(0)]
            with m.Else():
                m.d.sync += [index.eq(index + 1), best.eq(o.payload.best)]
                with m.If(seen_better):
                    m.d.sync += largest.eq(count)
        with m.If(i.ready & i.valid):
            m.d.sync += [
                counts.eq(i.payload.counts),
                lanes.eq(i.payload.lanes),
                last_tile.eq(i.payload.last),
                o.valid.eq(1),
                final_lane.eq(i.payload.lanes == 1),
            ]
        return m
