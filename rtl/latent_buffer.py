# SPDX-License-Identifier: MIT
"""Latent buffer: it stores exemplars unchanged, in a reservoir for each class (contract, 10)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import ReadPort, WritePort
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import LatentBufferParams, Stream, stream_params
from golden.params.sampling import MAX_SEEN
from rtl.beat import beat_layout
from rtl.lanes import used_lanes
from rtl.lfsr import Lfsr, load_seeds, seed_layout
from rtl.memories import Memory

__all__ = ["LatentBuffer"]

WORD_WIDTH = 32  # bits of a draw
DIGIT_WIDTH = 2  # bits of a draw that are multiplied in one cycle


class LatentBuffer(wiring.Component):
    """Memory with a fixed number of exemplars per class. It learns a stream and answers requests.

    Learning and answering exclude each other. An exemplar is taken completely, or dropped
    completely, before the next request, and `i` has priority over `requests`. The first beat of an
    exemplar waits 4 cycles for the look-up of its class, or 20 cycles if the class is full and a
    word is drawn. The other beats follow one a cycle. The first beat of an answer comes `latency`
    cycles after the request, and the others follow one a cycle. The next request is taken when the
    last beat is offered, so an answer takes ``latency - 1 + B`` cycles.

    A draw ``(r * n) div 2**32`` needs no multiplier. It goes through the digits of ``r`` from the
    lowest on, adds n times the digit and shifts the digit's bits out. This rounds down exactly as
    the division does.

    Reset clears everything but the bits of the memory, and it restarts both random streams. The
    old bits are invisible, because the counts of their classes are cleared. A seed is taken at any
    time. The words that come after it are those of the new seed.

    Parameters
    ----------
    params : LatentBufferParams

    Members
    -------
    i : In(stream.Signature(beat_layout(lanes, classes)))
        Exemplars to learn, B beats each. The label of the first beat counts; `last` is ignored.
    requests : In(stream.Signature(unsigned))
        Classes of requested exemplars.
    seeds : In(stream.Signature(seed_layout()))
        Seeds to load into the two streams; those of other streams are dropped.
    o : Out(stream.Signature(beat_layout(lanes, classes)))
        Stored exemplars; lanes past D are 0.
    n_classes : Out(range(classes + 1))
        Number of classes with at least one stored exemplar.
    n_exemplars : Out(range(classes * exemplars + 1))
        Number of stored exemplars of all classes.
    unknown : Out(1)
        Set until reset when an exemplar or a request of an unknown class, or a request for an
        empty class, has been taken and dropped.
    busy : Out(1)
        An exemplar or a request is under way.
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
            "seeds": In(stream.Signature(seed_layout())),
            "o": Out(stream.Signature(beat)),
            "n_classes": Out(range(params.classes + 1)),
            "n_exemplars": Out(range(params.classes * params.exemplars + 1)),
            "unknown": Out(1),
            "busy": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, now = self.params, _UnderWay(self.params)
        # A row that is read in the cycle of its write is not used, so that needs no logic.
        block = {"ram_style": "block", "no_rw_check": 1}
        m.submodules.rows = rows = Memory(shape=p.lanes, depth=p.rows, attrs=block, one_port=True)
        m.submodules.counts = counts = Memory(
            shape=range(MAX_SEEN + 1), depth=p.classes, attrs=block, one_port=True
        )
        row_read, row_write = rows.read_port(), rows.write_port()
        count_read, count_write = counts.read_port(), counts.write_port()
        m.d.comb += [now.known.eq(now.label < p.classes), now.last.eq(now.beat == p.beats - 1)]
        self._write_rows(m, now, row_write)
        with m.FSM() as control:
            m.d.comb += self.busy.eq(~control.ongoing("idle") | self.i.valid | self.o.valid)
            self._take(m, now, count_read)
            seen = self._look_up(m, now, count_read)
            self._decide(m, now, seen)
            self._scale(m, now)
            self._place(m, now)
            self._learn(m, now, count_write)
            read = self._answer(m, now)
        self._offer(m, now, read, row_read)
        return m

    def _write_rows(self, m: Module, now: "_UnderWay", row_write: WritePort) -> None:
        """Write the beats of an exemplar that is kept."""
        # The write comes a cycle late, so that the decision has time to reach many block RAMs.
        m.d.sync += [
            row_write.en.eq(self.i.valid & self.i.ready & now.keep),
            row_write.addr.eq(now.row),
            row_write.data.eq(self.i.payload.bits & used_lanes(self.params, now.last)),
        ]

    def _take(self, m: Module, now: "_UnderWay", count_read: ReadPort) -> None:
        """Take an exemplar, or else a request, and read the count of its class."""
        asked = Signal()  # an exemplar or a request waits, and the block is idle
        wanted = Signal.like(self.requests.payload)
        m.d.comb += [
            wanted.eq(Mux(self.i.valid, self.i.payload.label, self.requests.payload)),
            count_read.en.eq(asked),
            count_read.addr.eq(wanted),
        ]
        with m.State("idle"):
            m.d.comb += [
                self.requests.ready.eq(~self.i.valid),
                asked.eq(self.i.valid | self.requests.valid),
            ]
            m.d.sync += [now.label.eq(wanted), now.learning.eq(self.i.valid), now.beat.eq(0)]
            with m.If(asked):
                m.next = "look_up"

    def _look_up(self, m: Module, now: "_UnderWay", count_read: ReadPort) -> Signal:
        """Register the count of the class; return the number of its exemplars seen."""
        # The count has its own registers, because block RAM is slow and much logic follows.
        count, counted = Signal(range(MAX_SEEN + 1)), Signal()  # as read, and whether it is valid
        seen = Signal(range(MAX_SEEN + 1))
        m.d.comb += seen.eq(Mux(counted, count, 0))
        with m.State("look_up"):
            m.d.sync += [
                count.eq(count_read.data),
                counted.eq(now.held.bit_select(now.label, 1)),
            ]
            m.next = "decide"
        return seen

    def _decide(self, m: Module, now: "_UnderWay", seen: Signal) -> None:
        """Fill an empty slot, draw a slot, or drop an exemplar or request that is refused."""
        p = self.params
        m.submodules.reservoir = reservoir = Lfsr(
            stream_params(p.seed, Stream.RESERVOIR, WORD_WIDTH)
        )
        m.submodules.exemplar = exemplar = Lfsr(stream_params(p.seed, Stream.EXEMPLAR, WORD_WIDTH))
        m.d.comb += [
            self.seeds.ready.eq(1),
            *load_seeds(reservoir, self.seeds, Stream.RESERVOIR),
            *load_seeds(exemplar, self.seeds, Stream.EXEMPLAR),
        ]
        with m.State("decide"):
            m.d.sync += [
                now.base.eq(now.label * (p.exemplars * p.beats)),
                now.word.eq(Mux(now.learning, reservoir.word, exemplar.word)),
                now.digits_left.eq(-1),
                now.fresh.eq(0),
                now.slot.eq(0),
            ]
            with m.If(~now.known | (~now.learning & (seen == 0))):
                m.d.sync += [self.unknown.eq(1), now.keep.eq(0)]
                m.next = "idle"
                with m.If(now.learning):
                    m.next = "learn"
            with m.Elif(now.learning):
                m.d.sync += now.n.eq(Mux(seen == MAX_SEEN, MAX_SEEN, seen + 1))
                with m.If(seen < p.exemplars):
                    m.d.sync += [now.fresh.eq(1), now.slot.eq(seen)]
                    m.next = "place"
                with m.Else():
                    m.d.comb += reservoir.en.eq(1)
                    m.next = "scale"
            with m.Else():
                m.d.sync += now.n.eq(Mux(seen < p.exemplars, seen, p.exemplars))
                m.d.comb += exemplar.en.eq(1)
                m.next = "scale"

    def _scale(self, m: Module, now: "_UnderWay") -> None:
        """Multiply the drawn word by n, one digit a cycle."""
        with m.State("scale"):
            # The slot stays below n, so it is as wide as n, and the sum is two bits wider.
            total = now.slot + Mux(now.word[0], now.n, 0) + Mux(now.word[1], now.n << 1, 0)
            m.d.sync += [
                now.slot.eq(total >> DIGIT_WIDTH),
                now.word.eq(now.word >> DIGIT_WIDTH),
                now.digits_left.eq(now.digits_left - 1),
            ]
            with m.If(now.digits_left == 0):
                m.next = "place"

    def _place(self, m: Module, now: "_UnderWay") -> None:
        """Compute the first row of the slot."""
        p = self.params
        with m.State("place"):
            # If the draw drops the exemplar, the row is meaningless and is not written.
            m.d.sync += [
                now.keep.eq(now.slot < p.exemplars),
                now.row.eq(now.base + now.slot[: bits_for(p.exemplars - 1)] * p.beats),
            ]
            m.next = "answer"
            with m.If(now.learning):
                m.next = "learn"

    def _learn(self, m: Module, now: "_UnderWay", count_write: WritePort) -> None:
        """Take the beats of an exemplar. With the last beat, its class counts it."""
        m.d.comb += [count_write.addr.eq(now.label), count_write.data.eq(now.n)]
        with m.State("learn"):
            m.d.comb += self.i.ready.eq(1)
            with m.If(self.i.valid):
                m.d.sync += [now.row.eq(now.row + 1), now.beat.eq(now.beat + 1)]
                with m.If(now.last):
                    m.next = "idle"
                    with m.If(now.known):
                        m.d.comb += count_write.en.eq(1)
                        m.d.sync += [
                            now.held.bit_select(now.label, 1).eq(1),
                            self.n_classes.eq(self.n_classes + (now.n == 1)),
                            self.n_exemplars.eq(self.n_exemplars + now.fresh),
                        ]

    def _answer(self, m: Module, now: "_UnderWay") -> Signal:
        """Go through the rows of an exemplar; return a signal that is set when a row is read."""
        read = Signal()
        with m.State("answer"):
            m.d.comb += read.eq(~self.o.valid | self.o.ready)
            with m.If(read):
                m.d.sync += [now.row.eq(now.row + 1), now.beat.eq(now.beat + 1)]
                with m.If(now.last):
                    m.next = "idle"
        return read

    def _offer(self, m: Module, now: "_UnderWay", read: Signal, row_read: ReadPort) -> None:
        """Offer the rows that are read."""
        # The output register of the memory holds the offered beat.
        m.d.comb += [
            row_read.addr.eq(now.row),
            row_read.en.eq(read),
            self.o.payload.bits.eq(row_read.data),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(read):
            m.d.sync += [
                self.o.valid.eq(1),
                self.o.payload.label.eq(now.label),
                self.o.payload.last.eq(now.last),
            ]


class _UnderWay:
    """Registers of the current exemplar or request, and signals derived from them."""

    def __init__(self, params: LatentBufferParams) -> None:
        p = params
        self.label = Signal(bits_for(p.classes - 1))
        self.learning = Signal()
        self.known = Signal()  # the label is a class of the buffer
        self.held = Signal(p.classes)  # classes whose count has been written
        self.fresh = Signal()  # the exemplar fills a slot that was empty
        self.base = Signal(range(p.rows))  # first row of the class
        self.word = Signal(WORD_WIDTH)
        self.digits_left = Signal(range(WORD_WIDTH // DIGIT_WIDTH))
        self.n = Signal(range(MAX_SEEN + 1))  # factor of the draw; count of a learned exemplar
        self.slot = Signal(range(MAX_SEEN + 1))
        self.keep = Signal()
        self.row = Signal(range(p.rows))
        self.beat = Signal(range(p.beats))
        self.last = Signal()
