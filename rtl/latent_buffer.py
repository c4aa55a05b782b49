# SPDX-License-Identifier: MIT
"""Latent buffer: exemplars kept as they came, a reservoir for each class (contract, 10)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import LatentBufferParams, Stream, stream_params
from golden.params.sampling import MAX_SEEN
from rtl.beat import beat_layout
from rtl.lanes import used_lanes
from rtl.lfsr import Lfsr

__all__ = ["LatentBuffer"]

WORD_WIDTH = 32  # bits of a draw
DIGIT_WIDTH = 2  # bits of a draw that are multiplied in one cycle


class LatentBuffer(wiring.Component):
    """Memory of exemplars, so many slots a class, that learns from a stream and answers requests.

    Learning and answering exclude each other: an exemplar is taken whole, or dropped whole, before
    the next request, and what is offered on `i` goes first. The first beat of an exemplar waits 4
    cycles for the look-up of its class, or 20 where the class is full and a word is drawn; the rest
    follow one a cycle. The first beat of an answer comes `latency` cycles after the request, the
    others follow one a cycle, and the next request is taken as the last one is offered: an answer
    takes ``latency - 1 + B`` cycles.

    A draw ``(r * n) div 2**32`` needs no multiplier: from the lowest digit of ``r`` on, add n times
    the digit and shift the digit's bits out, which rounds down just as the division does.

    Reset forgets everything but the memory's bits, which nobody sees without their class's count,
    and restarts both random streams.

    Parameters
    ----------
    params : LatentBufferParams

    Members
    -------
    i : In(stream.Signature(beat_layout(lanes, classes)))
        Exemplars to learn, B beats each; the label of the first beat counts, `last` does not.
    requests : In(stream.Signature(unsigned))
        Classes to answer with an exemplar.
    o : Out(stream.Signature(beat_layout(lanes, classes)))
        Exemplars held, lanes past D 0.
    n_classes : Out(range(classes + 1))
        Classes of which an exemplar is held.
    n_exemplars : Out(range(classes * exemplars + 1))
        Exemplars held, over all classes.
    unknown : Out(1)
        Until reset: an exemplar or a request of no such class, or a request for an empty one, has
        been taken and dropped.
    """

    #: Cycles from a request to its first beat.
    latency = 5 + WORD_WIDTH // DIGIT_WIDTH

    def __init__(self, params: LatentBufferParams) -> None:
        self.params = params
        #: Cycles from one answer to the next.
        self.interval = self.latency - 1 + params.beats
        beat = beat_layout(params.lanes, params.classes)
        super().__init__({
            "i": In(stream.Signature(beat)),
            "requests": In(stream.Signature(beat["label"].shape)),
            "o": Out(stream.Signature(beat)),
            "n_classes": Out(range(params.classes + 1)),
            "n_exemplars": Out(range(params.classes * params.exemplars + 1)),
            "unknown": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params
        # What is read in the cycle of its write is not used: no logic for it.
        block = {"ram_style": "block", "no_rw_check": 1}
        m.submodules.rows = rows = Memory(shape=p.lanes, depth=p.rows, init=[], attrs=block)
        m.submodules.counts = counts = Memory(
            shape=range(MAX_SEEN + 1), depth=p.classes, init=[], attrs=block
        )
        row_read, row_write = rows.read_port(), rows.write_port()
        count_read, count_write = counts.read_port(), counts.write_port()
        m.submodules.reservoir = reservoir = Lfsr(
            stream_params(p.seed, Stream.RESERVOIR, WORD_WIDTH)
        )
        m.submodules.exemplar = exemplar = Lfsr(stream_params(p.seed, Stream.EXEMPLAR, WORD_WIDTH))

        asked = Signal()  # something is there, and nothing under way
        wanted = Signal.like(self.requests.payload)
        label = Signal.like(self.requests.payload)
        learning = Signal()
        known = Signal()  # the label is one of the table
        held = Signal(p.classes)  # classes whose count has been written
        count, counted = Signal(range(MAX_SEEN + 1)), Signal()  # as read, and whether it counts
        seen = Signal(range(MAX_SEEN + 1))
        fresh = Signal()  # the exemplar fills a slot that was empty
        base = Signal(range(p.rows))  # first row of the class
        word = Signal(WORD_WIDTH)
        digits_left = Signal(range(WORD_WIDTH // DIGIT_WIDTH))
        n = Signal(range(MAX_SEEN + 1))  # factor of the draw; of a learned exemplar, its number
        slot = Signal(range(MAX_SEEN + 1))
        keep = Signal()
        row = Signal(range(p.rows))
        beat = Signal(range(p.beats))
        last = Signal()
        read = Signal()

        m.d.comb += [
            wanted.eq(Mux(self.i.valid, self.i.payload.label, self.requests.payload)),
            count_read.en.eq(asked),
            count_read.addr.eq(wanted),
            known.eq(label < p.classes),
            seen.eq(Mux(counted, count, 0)),
            last.eq(beat == p.beats - 1),
            count_write.addr.eq(label),
            count_write.data.eq(n),
        ]

        # Written a cycle late, so that what decides need not reach many blocks of RAM in time.
        m.d.sync += [
            row_write.en.eq(self.i.valid & self.i.ready & keep),
            row_write.addr.eq(row),
            row_write.data.eq(self.i.payload.bits & used_lanes(p, last)),
        ]

        with m.FSM():
            with m.State("idle"):
                m.d.comb += [
                    self.requests.ready.eq(~self.i.valid),
                    asked.eq(self.i.valid | self.requests.valid),
                ]
                m.d.sync += [label.eq(wanted), learning.eq(self.i.valid), beat.eq(0)]
                with m.If(asked):
                    m.next = "look_up"

            with m.State("look_up"):
                # Registers of their own: block RAM is slow, and much depends on the count.
                m.d.sync += [count.eq(count_read.data), counted.eq(held.bit_select(label, 1))]
                m.next = "decide"

            with m.State("decide"):
                m.d.sync += [
                    base.eq(label * (p.exemplars * p.beats)),
                    word.eq(Mux(learning, reservoir.word, exemplar.word)),
                    digits_left.eq(-1),
                    fresh.eq(0),
                    slot.eq(0),
                ]
                with m.If(~known | (~learning & (seen == 0))):
                    m.d.sync += [self.unknown.eq(1), keep.eq(0)]
                    m.next = "idle"
                    with m.If(learning):
                        m.next = "learn"
                with m.Elif(learning):
                    m.d.sync += n.eq(Mux(seen == MAX_SEEN, MAX_SEEN, seen + 1))
                    with m.If(seen < p.exemplars):
                        m.d.sync += [fresh.eq(1), slot.eq(seen)]
                        m.next = "place"
                    with m.Else():
                        m.d.comb += reservoir.en.eq(1)
                        m.next = "scale"
                with m.Else():
                    m.d.sync += n.eq(Mux(seen < p.exemplars, seen, p.exemplars))
                    m.d.comb += exemplar.en.eq(1)
                    m.next = "scale"

            with m.State("scale"):
                # The product stays below n: the slot is as wide as n, and its sum two bits wider.
                total = slot + Mux(word[0], n, 0) + Mux(word[1], n << 1, 0)
                m.d.sync += [
                    slot.eq(total >> DIGIT_WIDTH),
                    word.eq(word >> DIGIT_WIDTH),
                    digits_left.eq(digits_left - 1),
                ]
                with m.If(digits_left == 0):
                    m.next = "place"

            with m.State("place"):
                # Of a draw that drops the exemplar, the row means nothing and is not written.
                m.d.sync += [
                    keep.eq(slot < p.exemplars),
                    row.eq(base + slot[: bits_for(p.exemplars - 1)] * p.beats),
                ]
                m.next = "answer"
                with m.If(learning):
                    m.next = "learn"

            with m.State("learn"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid):
                    m.d.sync += [row.eq(row + 1), beat.eq(beat + 1)]
                    with m.If(last):
                        m.next = "idle"
                        with m.If(known):
                            m.d.comb += count_write.en.eq(1)
                            m.d.sync += [
                                held.bit_select(label, 1).eq(1),
                                self.n_classes.eq(self.n_classes + (n == 1)),
                                self.n_exemplars.eq(self.n_exemplars + fresh),
                            ]

            with m.State("answer"):
                m.d.comb += read.eq(~self.o.valid | self.o.ready)
                with m.If(read):
                    m.d.sync += [row.eq(row + 1), beat.eq(beat + 1)]
                    with m.If(last):
                        m.next = "idle"

        # The memory's own output register holds the beat on offer.
        m.d.comb += [
            row_read.addr.eq(row),
            row_read.en.eq(read),
            self.o.payload.bits.eq(row_read.data),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(read):
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.payload.label.eq(label),
                self.o.payload.last.eq(last),
            ]
        return m
