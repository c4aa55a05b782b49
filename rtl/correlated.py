# SPDX-License-Identifier: MIT
"""Sampler of prototypes whose bits depend on one another through shared factors (contract, 13)."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from golden.params import CorrelatedSamplerParams, WatchParams
from rtl.basis import Basis, compared_rows
from rtl.factor_sums import FactorSums
from rtl.lfsr import Lfsr, load_seeds
from rtl.normal_lanes import NormalLanes
from rtl.prototype_rows import UNWATCHED
from rtl.prototypes import Prototypes
from rtl.sampler import Sampler
from rtl.scale import SHIFT_WIDTH

__all__ = ["CorrelatedSampler"]


class CorrelatedSampler(Sampler):
    """Parallel sampler that adds factors to the noise of its lanes.

    It is a `Sampler` in all but how it draws. Cuts of two registers part the paths of its streams,
    both ways: one before the sums, one at the output. A request first adds up the sums of all L
    lanes for a beat, one loading a lane and cycle. While the next beat is added up, `NormalLanes`
    compares the lanes of this one, ``ceil(L/R)`` a cycle. So a beat takes R cycles, without a pause
    between beats or requests: a first beat follows `latency` cycles after its request, and an
    exemplar takes ``B*R`` cycles. The row of a beat is read when its first sums are complete, and
    the planes are used up when its last lane has them. A beat that is not taken stops all stages,
    once the cut is full.

    A basis is taken between two requests: while its exponent is offered, no request is taken, and
    the exponent waits until all beats of earlier requests are drawn. Requests wait until the basis
    is there. Before, after a reset, and after a basis that was refused, all loadings are 0: the
    bits are those of `Sampler`, at the pace of this one.

    If it is shared, headers and readers wait until the requests that were taken are drawn, as in
    `Sampler`. They do not wait for a basis, which neither uses.

    Parameters
    ----------
    params : CorrelatedSamplerParams
        With one factor or more.
    shared : bool
        Whether the memory is editable, and read by another block.
    watch : WatchParams
        As for a `Sampler`.

    Members
    -------
    ... : as of `Sampler`
    basis : In(stream.Signature(4))
        Exponents e of bases to load.
    loadings : In(stream.Signature(L*q_a))
        The B*R rows of the basis whose exponent was taken last (contract, 13).
    loading : Out(1)
        A basis is being loaded: its exponent was taken, and it is neither there nor refused.
    loaded : Out(1)
        There is a basis.
    refused : Out(1)
        A basis has been refused since reset.
    factor_used : Out(1)
        A word of stream 22 is used in this cycle.
    """

    params: CorrelatedSamplerParams

    def __init__(
        self,
        params: CorrelatedSamplerParams,
        *,
        shared: bool = False,
        watch: WatchParams = UNWATCHED,
    ) -> None:
        if not params.rank:
            raise ValueError("Factors R of a sampler with factors must be 1 or more, not 0")
        self.params, self.shared, self.watch = params, shared, watch
        looked_up = 1 + (params.prototypes.class_components > 1) + 1
        summed = FactorSums.latency + params.rank
        compared = compared_rows(params) + NormalLanes.latency
        #: Cycles from a request to the first beat.
        self.latency = looked_up + summed + compared + 1 + 1
        #: Cycles from one beat to the next.
        self.interval = params.rank
        wiring.Component.__init__(self, self._members())

    def _members(self) -> dict[str, wiring.Member]:
        lanes = self.params.prototypes.lanes
        return super()._members() | {
            "basis": In(stream.Signature(SHIFT_WIDTH)),
            "loadings": In(stream.Signature(lanes * self.params.loading_width)),
            "loading": Out(1),
            "loaded": Out(1),
            "refused": Out(1),
            "factor_used": Out(1),
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.basis = basis = Basis(self.params)
        m.submodules.sums = sums = FactorSums(self.params)
        hold, found = Signal(), Signal()  # take no request; the output of the table holds an entry
        admitted = ~hold & ~self.basis.valid & ~basis.busy
        prototypes, selector, request = self._find(m, found, admitted)
        request = _cut(m, request, Signal(name="request_waits"))
        wiring.connect(m, wiring.flipped(self.basis), basis.shift)
        wiring.connect(m, wiring.flipped(self.loadings), basis.rows)
        m.d.comb += [
            sums.i.valid.eq(request.valid),
            sums.i.payload.eq(request.payload),
            request.ready.eq(sums.i.ready),
            sums.seeds.valid.eq(self.seeds.valid),
            sums.seeds.payload.eq(self.seeds.payload),
            sums.loadings.eq(basis.loadings),
            sums.loaded.eq(basis.loaded),
            basis.row_en.eq(sums.row_en),
            basis.row.eq(sums.row),
            self.loading.eq(basis.busy),
            self.loaded.eq(basis.loaded),
            self.refused.eq(basis.refused),
            self.factor_used.eq(sums.factor_used),
        ]
        made = stream.Signature(self.o.payload.shape()).create()
        drawn = self._compare(m, prototypes, sums.o, basis, made)
        cut = _cut(m, made, Signal(name="beat_waits"))
        wiring.connect(m, cut, wiring.flipped(self.o))
        under_way = Signal(range(self._most_under_way() + 1))
        idle = Signal()
        m.d.sync += under_way.eq(under_way + self.select_used - drawn)
        m.d.comb += [
            idle.eq(~found & (under_way == 0)),
            basis.idle.eq(idle),
            self.busy.eq(~idle | made.valid | self.o.valid),
        ]
        if self.shared:
            self._share(m, prototypes, selector, hold, idle)
        return m

    def _most_under_way(self) -> int:
        """Return the most requests that are past the table and not drawn: one in every register."""
        looked_up = (self.params.prototypes.class_components > 1) + 2
        return looked_up + FactorSums.latency + 1 + 1 + NormalLanes.latency

    def _compare(
        self,
        m: Module,
        prototypes: Prototypes,
        sums: stream.Interface,
        basis: Basis,
        made: stream.Interface,
    ) -> Value:
        """Make beats, a group of lanes a step; return whether the last one of a request is made."""
        groups = compared_rows(self.params)
        width = self.params.lanes_compared
        m.submodules.lanes = lanes = NormalLanes(self.params)
        comparing = Signal()
        step, done = Signal(), Signal()  # a step: a beat that is made has room in the cut
        group = Signal(range(groups), name="group_number")
        # The sums of the next beat have room after a step. It is a register, because whether all
        # stages before this one go on hangs on it.
        room = Signal(init=1)
        place: Any = Signal.like(sums.p.place)
        held: Any = Signal(ArrayLayout(signed(self.params.sum_width), groups * width))
        # A register, because a product and the memory of scales in one cycle are slow.
        scale_row = Signal.like(basis.scale_row)
        m.d.comb += [
            step.eq(made.ready),
            done.eq(comparing & step & room),
            sums.ready.eq(room & step),
            self.row_read.eq(sums.valid & sums.ready & sums.p.place.first),
            prototypes.row_en.eq(self.row_read),
            prototypes.component.eq(sums.p.place.request.component),
            prototypes.beat.eq(sums.p.place.beat),
            self.plane_read.eq(done),
            basis.scale_en.eq(comparing & step),
            basis.scale_row.eq(scale_row),
            lanes.en.eq(step),
            lanes.valid.eq(comparing),
            lanes.scales.eq(basis.scales),
            lanes.exponent.eq(basis.exponent),
        ]
        with m.If(comparing & step):
            m.d.sync += [
                group.eq(group + 1),
                room.eq(group + 1 == groups - 1),
                scale_row.eq(scale_row + 1),
                Value.cast(held).eq(Value.cast(held) >> width * self.params.sum_width),
            ]
        with m.If(sums.ready):
            m.d.sync += [
                comparing.eq(sums.valid),
                group.eq(0),
                room.eq(~sums.valid | (groups == 1)),
                scale_row.eq(sums.p.place.beat * groups),
                place.eq(sums.p.place),
                Value.cast(held).eq(Value.cast(sums.p.lanes)),
            ]
        m.d.comb += [
            lanes.codes.eq(prototypes.codes),
            lanes.words.eq(self._planes(m, done)),
            lanes.group.eq(group),
            *(lanes.sums[lane].eq(held[lane]) for lane in range(width)),
        ]
        return self._collect(m, lanes, comparing & room, place, made)

    def _planes(self, m: Module, used: Value) -> Value:
        """Return the random words of all lanes, which stay until the planes are used."""
        words = []
        for plane, (number, lfsr_params) in enumerate(
            zip(self.params.streams, self.params.lfsrs(), strict=True)
        ):
            m.submodules[f"lfsr_{plane}"] = lfsr = Lfsr(lfsr_params)
            m.d.comb += [lfsr.en.eq(used), *load_seeds(lfsr, self.seeds, number)]
            words.insert(0, lfsr.word)
        lanes = range(self.params.prototypes.lanes)
        return Value.cast(Cat(word[lane] for lane in lanes for word in words))

    def _collect(
        self, m: Module, lanes: NormalLanes, ends: Value, place: Any, made: stream.Interface
    ) -> Value:
        """Collect the bits of a beat; return whether the last one of a request is complete."""
        width, size = self.params.lanes_compared, self.params.prototypes.lanes
        bits = Signal(compared_rows(self.params) * width)
        tag = Cat(place.request.label, place.last, place.final, ends)
        for number in range(lanes.latency):
            following = Signal(len(tag), name=f"tag_{number}")
            with m.If(lanes.en):
                m.d.sync += following.eq(tag)
            tag = following
        label, last, final, complete = tag[:-3], tag[-3], tag[-2], tag[-1]
        with m.If(lanes.en):
            m.d.sync += [
                bits.eq(Cat(bits, lanes.bits) >> width),
                made.p.label.eq(label),
                made.p.last.eq(last),
                made.valid.eq(complete),
            ]
        m.d.comb += made.p.bits.eq(bits[:size])
        return Value.cast(lanes.en & complete & final)


def _cut(m: Module, i: stream.Interface, waits: Signal) -> stream.Interface:
    """Return a stream a cycle later, without pauses and without a path through it in either way.

    `waits` tells that something was taken while what came before it was not.
    """
    o = i.signature.create()
    waiting = Signal.like(i.payload)
    m.d.comb += i.ready.eq(~waits)
    with m.If(~o.valid | o.ready):
        m.d.sync += [
            o.valid.eq(i.valid | waits),
            o.payload.eq(Mux(waits, waiting, i.payload)),
            waits.eq(0),
        ]
    with m.Elif(~waits):
        m.d.sync += [waits.eq(i.valid), waiting.eq(i.payload)]
    return o
