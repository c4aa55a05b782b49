# SPDX-License-Identifier: MIT
"""Softmax of logits of 8 bits: a table of exponentials, their sum and a division (contract, 12)."""

import math

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import TrainerParams
from golden.params.training import PROBABILITY_BITS
from rtl.divider import Divider
from rtl.memories import Memory

__all__ = ["LOGIT_BITS", "Softmax", "logit_layout", "share_layout"]

LOGIT_BITS = 8  # of the distance of two logits, too: the coarse table alone is needed
ONE = 2**30  # of the table
#: ``exp(-i / 8)``, that is of distances of logits in units of ``2^-3``.
EXPONENTIALS = [round(ONE * math.exp(-i / 8)) for i in range(2**LOGIT_BITS)]


def logit_layout() -> StructLayout:
    """Return the layout of a logit; `last` is set for the last class of a sample."""
    return StructLayout({"logit": signed(LOGIT_BITS), "last": 1})


def share_layout() -> StructLayout:
    """Return the layout of a probability in units of ``2^-28``; `last` as with logits."""
    return StructLayout({"share": unsigned(PROBABILITY_BITS + 1), "last": 1})


class Softmax(wiring.Component):
    """Memory of the logits of a sample that turns them into probabilities when it has them all.

    It reads the logits twice: to add up their exponentials, then to divide each by the sum. For a
    sample of n classes, the first probability is offered ``n + latency`` cycles after the last
    logit was taken. The others follow one a cycle, and the next sample is taken after the last.
    With nothing waiting, that makes ``3 * n + interval`` cycles a sample. Reset drops the sample.

    Parameters
    ----------
    params : TrainerParams
        With q_f = 8.

    Members
    -------
    i : In(stream.Signature(logit_layout()))
        Logits of the classes of a sample, at most C.
    o : Out(stream.Signature(share_layout()))
        Probabilities, in the same order.
    """

    _STAGES = 4  # from a logit that is asked for to its exponential

    #: Cycles from the last logit to the first probability, beside one a class.
    latency = 2 * _STAGES + 1 + (PROBABILITY_BITS + 2)
    #: Cycles from one sample to the next, beside three a class.
    interval = latency - 1

    def __init__(self, params: TrainerParams) -> None:
        self.params = params
        super().__init__({
            "i": In(stream.Signature(logit_layout())),
            "o": Out(stream.Signature(share_layout())),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total_width = bits_for(self.params.classes * ONE)
        m.submodules.divider = divider = Divider(total_width, PROBABILITY_BITS)
        place = Signal(range(self.params.classes))
        most = Signal.like(place)  # the last one
        asked = Signal(2)  # a logit is asked for, and it is the last
        adding = Signal()
        stages = [asked]
        for number in range(self._STAGES):
            stages.append(Signal(2, name=f"stage_{number}"))
            with m.If(divider.i.ready):
                m.d.sync += stages[-1].eq(stages[-2])
        here, final = stages[-1]
        power = self._powers(m, place, stages, divider.i.ready)
        m.d.comb += [
            divider.i.valid.eq(here & ~adding),
            divider.i.payload.eq(power),
            divider.o.ready.eq(self.o.ready),
            self.o.valid.eq(divider.o.valid),
            self.o.payload.share.eq(divider.o.payload),
        ]
        with m.If(self.i.ready):
            m.d.sync += divider.total.eq(0)
        with m.Elif(here & adding):
            m.d.sync += divider.total.eq(divider.total + power)
        self._count_given(m, most)
        with m.FSM():
            with m.State("take"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid):
                    m.d.sync += [most.eq(place), place.eq(place + 1)]
                    with m.If(self.i.payload.last):
                        m.d.sync += place.eq(0)
                        m.next = "add"
            with m.State("add"):
                m.d.comb += [adding.eq(1), asked.eq(Cat(1, place == most))]
                m.d.sync += place.eq(place + 1)
                with m.If(place == most):
                    m.d.sync += place.eq(0)
                    m.next = "settle"
            with m.State("settle"):
                m.d.comb += adding.eq(1)
                with m.If(here & final):
                    m.next = "divide"
            with m.State("divide"):
                m.d.comb += asked.eq(Cat(1, place == most))
                with m.If(divider.i.ready):
                    m.d.sync += place.eq(place + 1)
                    with m.If(place == most):
                        m.d.sync += place.eq(0)
                        m.next = "give"
            with m.State("give"), m.If(self.o.valid & self.o.ready & self.o.payload.last):
                m.next = "take"
        return m

    def _powers(self, m: Module, place: Signal, stages: list[Signal], go: Value) -> Signal:
        """Return the exponential of the logit that was asked for, in the last stage."""
        # A logit is not read in the cycle of its write.
        m.submodules.logits = logits = Memory(
            shape=signed(LOGIT_BITS),
            depth=self.params.classes,
            attrs={"no_rw_check": 1},
            one_port=True,
        )
        m.submodules.table = table = Memory(
            shape=bits_for(ONE), depth=len(EXPONENTIALS), init=EXPONENTIALS
        )
        write, read, look_up = logits.write_port(), logits.read_port(), table.read_port()
        logit = self.i.payload.logit
        highest = Signal(signed(LOGIT_BITS))
        distance = Signal(LOGIT_BITS)
        power = Signal(bits_for(ONE))
        taken = self.i.valid & self.i.ready
        m.d.comb += [
            write.addr.eq(place),
            write.data.eq(logit),
            write.en.eq(taken),
            read.addr.eq(place),
            read.en.eq(stages[0][0] & go),
            look_up.addr.eq(distance),
            look_up.en.eq(stages[2][0] & go),
        ]
        # The comparison comes a cycle late, so that a logit has time to be rounded.
        latest = Signal.like(highest)
        came = Signal()
        first = Signal()
        m.d.sync += [latest.eq(logit), came.eq(taken), first.eq(place == 0)]
        with m.If(came & (first | (latest > highest))):
            m.d.sync += highest.eq(latest)
        with m.If(go):
            m.d.sync += [distance.eq(highest - read.data), power.eq(look_up.data)]
        return power

    def _count_given(self, m: Module, most: Signal) -> None:
        """Mark the last probability of a sample."""
        given = Signal.like(most)
        m.d.comb += self.o.payload.last.eq(given == most)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += given.eq(Mux(self.o.payload.last, 0, given + 1))
