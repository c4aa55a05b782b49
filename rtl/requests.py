# SPDX-License-Identifier: MIT
"""Requests: it sends a number of requests to the sampler or to the latent buffer."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import ChipParams
from golden.params.chip import LABEL_WIDTH

__all__ = ["COUNT_WIDTH", "Requests", "Source"]

COUNT_WIDTH = 32  # bits of the number of requests


class Source(enum.IntEnum, shape=unsigned(2)):
    """Source of the exemplars and of their classes."""

    SAMPLER = 0
    SELECTOR = 1  # the sampler, with classes from its selector
    LATENT = 2
    NONE = 3


class Requests(wiring.Component):
    """Block that makes a given number of requests, one a cycle.

    The first request is offered in the cycle after `start`. `source` and `label` are sampled in the
    cycle of `start`. A start is ignored while requests remain, if there is no source, or if no
    table can hold the class. Reset drops the remaining requests.

    Parameters
    ----------
    params : ChipParams

    Members
    -------
    start, source, label, count : In
        Make `count` requests to `source`, for class `label` unless the selector chooses it.
    ignored : Out(1)
        The start in the previous cycle was ignored.
    left : Out(32)
        Number of requests that have not been made yet.
    picked : In(stream.Signature(label))
        Classes that the selector chooses.
    pick : Out(1)
        Ask the selector for a class.
    sampler, latent : Out(stream.Signature(label))
        Requests.
    """

    #: Cycles from `start` to the first request.
    latency = 1
    #: Cycles from one request to the next.
    interval = 1

    def __init__(self, params: ChipParams) -> None:
        self.params = params
        label_width = bits_for(params.sampler.prototypes.classes - 1)
        super().__init__({
            "start": In(1),
            "source": In(Source),
            "label": In(LABEL_WIDTH),
            "count": In(COUNT_WIDTH),
            "ignored": Out(1),
            "left": Out(COUNT_WIDTH),
            "picked": In(stream.Signature(label_width)),
            "pick": Out(1),
            "sampler": Out(stream.Signature(label_width)),
            "latent": Out(stream.Signature(label_width)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        source, label = Signal(Source), Signal(len(self.sampler.payload))
        waiting, legal, made = Signal(), Signal(), Signal()
        m.d.comb += [
            waiting.eq(self.left != 0),
            legal.eq(
                (self.source == Source.SELECTOR)
                | ((self.source != Source.NONE) & (self.label < self.params.latent.classes))
            ),
            self.pick.eq(waiting & (source == Source.SELECTOR)),
            self.sampler.valid.eq(
                Mux(self.pick, self.picked.valid, waiting & (source == Source.SAMPLER))
            ),
            self.sampler.payload.eq(Mux(self.pick, self.picked.payload, label)),
            self.picked.ready.eq(self.pick & self.sampler.ready),
            self.latent.valid.eq(waiting & (source == Source.LATENT)),
            self.latent.payload.eq(label),
            made.eq(
                (self.sampler.valid & self.sampler.ready) | (self.latent.valid & self.latent.ready)
            ),
        ]
        m.d.sync += [self.left.eq(self.left - made), self.ignored.eq(0)]
        with m.If(self.start):
            with m.If(waiting | ~legal):
                m.d.sync += self.ignored.eq(1)
            with m.Else():
                m.d.sync += [
                    source.eq(self.source),
                    label.eq(self.label),
                    self.left.eq(self.count),
                ]
        return m
