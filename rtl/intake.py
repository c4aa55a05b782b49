# SPDX-License-Identifier: MIT
"""Intake: the pixels of a picture become its first map, which may be read while they come."""

from typing import Any

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import AcceleratorParams, MapShape, ThermometerParams
from rtl.descriptor import descriptor_layout
from rtl.fetch import fill_layout
from rtl.strip import step_layout
from rtl.thermometer import Thermometer

__all__ = ["Intake", "thermometer_params"]


def thermometer_params(params: AcceleratorParams) -> ThermometerParams:
    """Return the parameters of the machine's input encoder."""
    pixel = MapShape(height=1, width=1, channels=params.colours)
    return ThermometerParams(bits=params.pixel_bits, levels=params.levels, input=pixel)


class Intake(wiring.Component):
    """Writer of the first map, and gate of the steps that read it.

    `start` opens it for the pixels of one picture, from the next cycle on. It takes no pixel of the
    next picture. The words of the map are written in order, from address 0 on. The next layer may
    begin when `early` is set. On a machine that gathers windows that is when `lead` words lie in
    the map, at the latest when all do; a `lead` beyond `length` waits for all. There a step passes
    the gate when its word lies in the map. The last tile of that layer passes when the whole map is
    there, so that no third layer begins before. On another machine the map must be whole before it
    is read: there is no gate, and none of its pins. Reset drops the picture.

    Parameters
    ----------
    params : AcceleratorParams

    Members
    -------
    start : In(1)
        Take a picture. The next inputs are read in this cycle, `lead` also until `early`.
    levels, length : In
        T, and words of the map.
    lead : In
        Words of the map before the next layer, if the machine gathers windows.
    pixels : In(stream.Signature(params.pixel_bits))
        Colour values in the order (row, column, colour).
    write : Out(stream.Signature(fill_layout(params)))
        Words of the map.
    early : Out(1)
        Just `lead` words are in the map, or no picture is left to come.
    step : In(step_layout(params))
        Step that waits to be read, if the machine gathers windows.
    may_pass : Out(1)
        It may be read, if the machine gathers windows.
    """

    #: Cycles from the last colour of a pixel to its last word, if that need not wait for `write`.
    latency = Thermometer.latency
    #: Cycles of a colour for each word that its channels touch.
    interval = Thermometer.interval

    def __init__(self, params: AcceleratorParams) -> None:
        self.params = params
        d = descriptor_layout(params)
        gate: dict[str, Any] = {
            "lead": In(d["length"].shape), "step": In(step_layout(params)), "may_pass": Out(1),
        }  # fmt: skip
        super().__init__({
            "start": In(1),
            **{name: In(d[name].shape) for name in ("levels", "length")},
            "pixels": In(stream.Signature(unsigned(params.pixel_bits))),
            "write": Out(stream.Signature(fill_layout(params))),
            "early": Out(1),
            **(gate if params.gathers else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params
        m.submodules.thermometer = thermometer = Thermometer(thermometer_params(p), p.mvu.simd)
        levels, size = (
            Signal.like(port, name=name)
            for port, name in ((self.levels, "t"), (self.length, "size"))
        )
        written = Signal.like(self.length)
        filling = Signal()  # the picture is not in the map
        final = Signal()  # all of it is, but one word
        open_, wrote = Signal(), Signal()
        m.d.comb += [
            # The encoder asks for the next colour while the last word leaves.
            open_.eq(filling & ~(thermometer.o.valid & final)),
            thermometer.levels.eq(levels),
            thermometer.i.payload.eq(self.pixels.payload),
            thermometer.i.valid.eq(self.pixels.valid & open_),
            self.pixels.ready.eq(thermometer.i.ready & open_),
            thermometer.o.ready.eq(self.write.ready),
            wrote.eq(self.write.valid & self.write.ready),
            self.write.valid.eq(thermometer.o.valid),
            self.write.payload.address.eq(written),
            self.write.payload.data.eq(thermometer.o.payload.x),
            self.early.eq(~filling),
        ]
        if p.gathers:
            step = self.step
            # The next layer ends with its last tile: no third one may write where pixels still go.
            waits = step.tag.end | (step.inside & (step.address >= written))
            m.d.comb += [
                self.early.eq(~filling | (written == self.lead)),
                self.may_pass.eq(~filling | ~waits),
            ]
        with m.If(wrote):
            m.d.sync += [written.eq(written + 1), final.eq(written + 2 == size)]
            with m.If(final):
                m.d.sync += filling.eq(0)
        with m.If(self.start):
            m.d.sync += [
                levels.eq(self.levels), size.eq(self.length), written.eq(0),
                filling.eq(1), final.eq(self.length == 1),
            ]  # fmt: skip
        return m
