# SPDX-License-Identifier: MIT
"""Regroup: it turns the words of a map into the beats of a vector."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from golden.params import ChipParams
from rtl.lanes import used_lanes
from rtl.thermometer import word_layout

__all__ = ["Regroup", "vector_layout"]


def vector_layout(lanes: int) -> StructLayout:
    """Return the layout of a beat without a label."""
    return StructLayout({"bits": lanes, "last": 1})


class Regroup(wiring.Component):
    """Block that cuts words of SIMD bits into beats of L bits, or joins words to beats.

    One of SIMD and L must divide the other. A vector always leaves in B beats. Missing bits are 0,
    and surplus bits are dropped. Words and beats share one register: a word is taken in one cycle,
    and its beats follow from the next cycle on. Reset drops the current vector.

    Parameters
    ----------
    params : ChipParams

    Members
    -------
    i : In(stream.Signature(word_layout(simd)))
        Words up to `last`.
    o : Out(stream.Signature(vector_layout(lanes)))
        Beats up to `last`; lanes past D are 0.
    idle : Out(1)
        No vector is inside.
    """

    #: Cycles from the word that completes a beat to the beat.
    latency = 1

    def __init__(self, params: ChipParams) -> None:
        self.params = params
        self._lanes = params.sampler.prototypes.lanes
        simd = params.accelerator.mvu.simd
        #: Cycles from one beat to the next, or from one word to the next if words are longer.
        self.interval = 1 + max(self._lanes // simd, simd // self._lanes)
        super().__init__({
            "i": In(stream.Signature(word_layout(params.accelerator.mvu.simd))),
            "o": Out(stream.Signature(vector_layout(self._lanes))),
            "idle": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i, o = self.i, self.o
        prototypes = self.params.sampler.prototypes
        simd, lanes, beats = len(i.payload.x), self._lanes, prototypes.beats
        words, parts = max(1, lanes // simd), max(1, simd // lanes)
        store = Signal(max(simd, lanes))
        word, part, beat = Signal(range(words)), Signal(range(parts)), Signal(range(beats))
        final, last = Signal(), Signal()  # no more words; no more beats
        m.d.comb += [
            last.eq(beat == beats - 1),
            o.payload.last.eq(last),
            o.payload.bits.eq(store.word_select(part, lanes) & used_lanes(prototypes, last)),
        ]
        with m.FSM():
            with m.State("words"):
                m.d.comb += [i.ready.eq(1), self.idle.eq((word == 0) & (beat == 0))]
                with m.If(i.valid):
                    m.d.sync += [
                        store.word_select(word, simd).eq(i.payload.x),
                        word.eq(word + 1),
                        final.eq(i.payload.last),
                    ]
                    with m.If((word == words - 1) | i.payload.last):
                        m.d.sync += word.eq(0)
                        m.next = "beats"

            with m.State("beats"):
                m.d.comb += o.valid.eq(1)
                with m.If(o.ready):
                    m.d.sync += [part.eq(part + 1), beat.eq(beat + 1)]
                    with m.If((part == parts - 1) | last):
                        m.d.sync += [part.eq(0), store.eq(0)]
                        with m.If(~final):
                            m.next = "words"
                    with m.If(last):
                        m.d.sync += beat.eq(0)
                        m.next = "words"
                        with m.If(~final):
                            m.next = "surplus"

            with m.State("surplus"):
                m.d.comb += i.ready.eq(1)
                with m.If(i.valid & i.payload.last):
                    m.next = "words"
        return m
