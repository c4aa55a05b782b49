# SPDX-License-Identifier: MIT
"""Join of matrix-vector units side by side, which work as one with the neurons of all."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import AcceleratorParams
from rtl.mvu import mvu_signature, step_layout, threshold_layout, tile_layout, weight_layout

__all__ = ["UnitJoin"]


class UnitJoin(wiring.Component):
    """Fork of steps to all units, and join of their tiles.

    A step is offered to each unit until that one has taken it, and is taken when all have. A tile
    of the join is one tile of each unit: lanes ``u*PE .. (u+1)*PE - 1`` are those of unit u, and
    the tag is that of unit 0. It is offered when all are, and all are taken with it. A write goes
    to the unit of its neuron, which takes it at once. Reset offers the step at the input to all.

    To those around them, the units and the join are a `rtl.mvu.Mvu` with the parameters `array`,
    and as fast. Only in a write may the other unit take one step more.

    Parameters
    ----------
    params : AcceleratorParams
    tag : shape
        Shape of a tag that accompanies each step.

    Members
    -------
    i : In(stream.Signature(step_layout(params.mvu, tag)))
        Steps.
    o : Out(stream.Signature(tile_layout(params.array, tag)))
        Tiles of all units.
    weights : In(stream.Signature(weight_layout(params.array)))
        Writes of weights, taken at once. Neurons count through all units.
    thresholds : In(stream.Signature(threshold_layout(params.array)))
        Writes of limits and polarities, taken at once.
    units : In(mvu_signature(params.mvu, tag)).array(params.units)
        The units.
    """

    #: Cycles from a step to the same step at the units, and from tiles to the joined tile.
    latency = 0
    #: Cycles from one step to the next.
    interval = 1

    def __init__(self, params: AcceleratorParams, tag: Any) -> None:
        self.params = params
        array = params.array
        super().__init__({
            "i": In(stream.Signature(step_layout(params.mvu, tag))),
            "o": Out(stream.Signature(tile_layout(array, tag))),
            "weights": In(stream.Signature(weight_layout(array))),
            "thresholds": In(stream.Signature(threshold_layout(array))),
            "units": In(mvu_signature(params.mvu, tag)).array(params.units),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i, o, units = self.i, self.o, self.units
        tiles = [unit.o.payload for unit in units]
        given = Signal(len(units))  # units that have taken the step, while others have not
        takes = Cat(unit.i.ready for unit in units) | given
        m.d.comb += [
            i.ready.eq(takes.all()),
            o.valid.eq(Cat(unit.o.valid for unit in units).all()),
            o.payload.bits.eq(Cat(tile.bits for tile in tiles)),
            o.payload.counts.eq(Cat(tile.counts for tile in tiles)),
            o.payload.tag.eq(tiles[0].tag),
        ]
        with m.If(i.valid):
            m.d.sync += given.eq(Mux(i.ready, 0, takes))
        for n, unit in enumerate(units):
            m.d.comb += [
                unit.i.payload.eq(i.payload),
                unit.i.valid.eq(i.valid & ~given[n]),
                unit.o.ready.eq(o.ready & o.valid),
            ]
            self._pass_writes(m, n, unit)
        return m

    def _pass_writes(self, m: Module, n: int, unit: Any) -> None:
        """Give unit `n` the writes of its neurons."""
        first, pe = n * self.params.mvu.pe, self.params.mvu.pe
        for name in ("weights", "thresholds"):
            way, own = getattr(self, name), getattr(unit, name)
            neuron = way.payload.pe
            m.d.comb += [
                way.ready.eq(1),
                own.valid.eq(way.valid & (neuron >= first) & (neuron < first + pe)),
                *(own.payload[field].eq(way.payload[field]) for field, _ in own.payload.shape()),
                own.payload.pe.eq(neuron - first),
            ]
