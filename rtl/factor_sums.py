# SPDX-License-Identifier: MIT
"""Factors of exemplars, and the sums that they make with the loadings of a beat (contract, 13)."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import CorrelatedSamplerParams, Stream
from rtl.basis import loadings_layout
from rtl.lfsr import Lfsr, load_seeds, seed_layout
from rtl.memories import Memory

__all__ = ["FactorSums", "place_layout", "request_layout", "sums_layout"]


def request_layout(params: CorrelatedSamplerParams) -> StructLayout:
    """Return the layout of a request: its class, and the component that serves it."""
    p = params.prototypes
    return StructLayout({
        "label": bits_for(p.classes - 1), "component": bits_for(p.components - 1)
    })  # fmt: skip


def place_layout(params: CorrelatedSamplerParams) -> StructLayout:
    """Return the layout of what tells a beat from others.

    ``request``: whose beat it is; ``beat``: its number; ``first``: it is that of exemplar 0;
    ``last``, ``final``: it is the last one of its exemplar, and of its request.
    """
    return StructLayout({
        "request": request_layout(params),
        "beat": bits_for(params.prototypes.beats - 1),
        **dict.fromkeys(("first", "last", "final"), 1),
    })  # fmt: skip


def sums_layout(params: CorrelatedSamplerParams) -> StructLayout:
    """Return the layout of the sums of a beat, lane 0 first, with its place."""
    lanes = ArrayLayout(signed(params.sum_width), params.prototypes.lanes)
    return StructLayout({"lanes": lanes, "place": place_layout(params)})


class FactorSums(wiring.Component):
    """Accumulators of the L lanes, which add a loading times its factor in every cycle.

    A request is a beat of each of M exemplars, then the next beat of each, and so on: R cycles a
    beat, without a pause between beats or requests. Its first sums are offered ``latency + R``
    cycles after it is offered. It is taken in the last cycle that needs it. Sums that are not taken
    hold all stages up. The first beat of an exemplar draws its factors, one a cycle; a memory keeps
    them for the others. So stream 22 is used in the order of the contract, and pauses never change
    a factor. Reset drops requests and restarts the stream.

    Parameters
    ----------
    params : CorrelatedSamplerParams
        With one factor or more.

    Members
    -------
    i : In(stream.Signature(request_layout(params)))
        Requests.
    seeds : In(stream.Signature(seed_layout()))
        Seeds to load into stream 22; those of other streams are dropped.
    row_en, row : Out
        Read a row of loadings, which follow in the next cycle and are held.
    loadings : In(loadings_layout(params))
        Its loadings.
    loaded : In(1)
        There is a basis; without one, all loadings count as 0.
    o : Out(stream.Signature(sums_layout(params)))
        Sums of a beat, before they are shifted by e.
    factor_used : Out(1)
        A word of stream 22 is used in this cycle.
    """

    #: Cycles from the last factor of a beat to its sums.
    latency = 2

    def __init__(self, params: CorrelatedSamplerParams) -> None:
        if not params.rank:
            raise ValueError("Factors R of a sum must be 1 or more, not 0")
        self.params = params
        #: Cycles from one beat to the next.
        self.interval = params.rank
        super().__init__({
            "i": In(stream.Signature(request_layout(params))),
            "seeds": In(stream.Signature(seed_layout())),
            "row_en": Out(1),
            "row": Out(range(params.prototypes.beats * params.rank)),
            "loadings": In(loadings_layout(params)),
            "loaded": In(1),
            "o": Out(stream.Signature(sums_layout(params))),
            "factor_used": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params
        goes_on = Signal()  # all stages take a step
        m.d.comb += [
            goes_on.eq(~self.o.valid | self.o.ready),
            self.row_en.eq(self.i.valid & goes_on),
        ]
        begins, ends, served, fresh, place = self._count(m)
        factor = self._draw(m, fresh)
        # A loading is read and, in the next cycle, multiplied. The one after that adds it.
        stages: list[Any] = [Signal(_stage_layout(p), name=f"stage_{n}") for n in range(2)]
        m.d.comb += self.i.ready.eq(self.row_en & served)
        with m.If(goes_on):
            m.d.sync += [
                stages[0].valid.eq(self.i.valid),
                stages[0].begins.eq(begins),
                stages[0].ends.eq(ends),
                stages[0].place.eq(place),
                stages[1].eq(stages[0]),
                self.o.valid.eq(stages[1].valid & stages[1].ends),
                self.o.payload.place.eq(stages[1].place),
            ]
        self._accumulate(m, goes_on, factor, stages[1])
        return m

    def _count(self, m: Module) -> tuple[Value, Value, Value, Value, Any]:
        """Walk over factors, exemplars and beats.

        Return whether a beat begins, whether it ends, whether the request does, whether the beat is
        the first of its exemplar, and which it is. Registers know what comes a cycle ahead, because
        the stages before the sums wait for it.
        """
        p, beats, draws = self.params, self.params.prototypes.beats, self.params.draws_per_read
        index = Signal(range(p.rank))
        exemplar = Signal(range(draws))
        beat = Signal(range(beats))
        next_index = Signal.like(index)
        next_exemplar = Signal.like(exemplar)
        next_beat = Signal.like(beat)
        ends = Signal(init=p.rank == 1)
        of_all = Signal(init=draws == 1)
        last = Signal(init=beats == 1)
        served = Signal(init=p.rank == draws == beats == 1)
        fresh = Signal(init=1)
        place: Any = Signal(place_layout(p))
        m.d.comb += [
            place.request.eq(self.i.payload),
            place.beat.eq(beat),
            place.first.eq(exemplar == 0),
            place.last.eq(last),
            place.final.eq(last & of_all),
            next_index.eq(Mux(ends, 0, index + 1)),
            next_exemplar.eq(exemplar),
            next_beat.eq(beat),
        ]
        with m.If(ends):
            m.d.comb += next_exemplar.eq(Mux(of_all, 0, exemplar + 1))
            with m.If(of_all):
                m.d.comb += next_beat.eq(Mux(last, 0, beat + 1))
        with m.If(self.row_en):
            m.d.sync += [
                index.eq(next_index),
                exemplar.eq(next_exemplar),
                beat.eq(next_beat),
                ends.eq(next_index == p.rank - 1),
                of_all.eq(next_exemplar == draws - 1),
                last.eq(next_beat == beats - 1),
                fresh.eq(next_beat == 0),
                served.eq(
                    (next_index == p.rank - 1)
                    & (next_exemplar == draws - 1)
                    & (next_beat == beats - 1)
                ),
                self.row.eq(self.row + 1),
            ]
            with m.If(ends):
                # The next exemplar reads the rows of the beat again.
                m.d.sync += self.row.eq(self.row - (p.rank - 1))
                with m.If(of_all):
                    m.d.sync += self.row.eq(Mux(last, 0, self.row + 1))
        return index == 0, ends, served, fresh, place

    def _accumulate(self, m: Module, goes_on: Value, factor: Value, stage: Any) -> None:
        """Multiply the loadings by a factor, and add the products of the cycle before."""
        p = self.params
        one_bit, width = p.factor_width == 1, p.loading_width
        # A factor of one bit is a sign. -x is ~x + 1, and the 1 is added with the product.
        negated = self.loaded & (factor < 0)
        late = Signal()
        if one_bit:
            with m.If(goes_on):
                m.d.sync += late.eq(negated)
        for lane, loading in enumerate(self.loadings):
            product = Signal(signed(bits_for(p.factor_width * p.highest_loading) + 1))
            total, kept = self.o.payload.lanes[lane], Signal(signed(p.sum_width))
            inverted = (loading ^ negated.replicate(width))[:width].as_signed()
            with m.If(~stage.begins):
                m.d.comb += kept.eq(total)
            with m.If(goes_on):
                made = inverted if one_bit else loading * factor
                m.d.sync += product.eq(Mux(self.loaded, made, 0))
                with m.If(stage.valid):
                    both = (Cat(late, number).as_signed() for number in (kept, product))
                    m.d.sync += total.eq(sum(both) >> 1)

    def _draw(self, m: Module, fresh: Value) -> Value:
        """Draw a factor, or read it again; return it in the next cycle."""
        p = self.params
        count = p.rank * p.draws_per_read
        m.submodules.lfsr = lfsr = Lfsr(p.factor_lfsr)
        m.submodules.memory = memory = Memory(
            shape=unsigned(bits_for(p.factor_width)), depth=count, init=[], attrs={"no_rw_check": 1}
        )
        read, write = memory.read_port(domain="comb"), memory.write_port()
        number, ones = Signal(range(count)), Signal(bits_for(p.factor_width))
        factor = Signal(signed(bits_for(p.factor_width) + 1))
        m.d.comb += [
            self.seeds.ready.eq(1),
            self.factor_used.eq(self.row_en & fresh),
            lfsr.en.eq(self.factor_used),
            *load_seeds(lfsr, self.seeds, Stream.FACTOR),
            ones.eq(Mux(fresh, sum(lfsr.word), read.data)),
            read.addr.eq(number),
            write.addr.eq(number),
            write.data.eq(ones),
            write.en.eq(self.factor_used),
        ]
        with m.If(self.row_en):
            m.d.sync += [
                factor.eq((ones << 1) - p.factor_width),
                number.eq(Mux(number == count - 1, 0, number + 1)),
            ]
        return factor


def _stage_layout(params: CorrelatedSamplerParams) -> StructLayout:
    """Return the layout of what goes with a loading through the stages."""
    flags = dict.fromkeys(("valid", "begins", "ends"), 1)
    return StructLayout({**flags, "place": place_layout(params)})
