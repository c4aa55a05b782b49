# SPDX-License-Identifier: MIT
"""Sampler: it takes requests for classes and draws exemplars of their prototypes (contract, 7)."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout, View
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import BernoulliParams, CorrelatedSamplerParams, SamplerParams, WatchParams
from rtl.beat import beat_layout
from rtl.bernoulli import Bernoulli, SerialBernoulli
from rtl.lanes import used_lanes
from rtl.lfsr import Lfsr, load_seeds, seed_layout
from rtl.prototype_rows import UNWATCHED, connect_watch, watch_members
from rtl.prototypes import Prototypes, entry_layout, header_layout
from rtl.selector import Selector, weight_layout

__all__ = ["Sampler"]


class Sampler(wiring.Component):
    """Sampler that draws exemplars of the classes in a prototype memory.

    A request passes the class table, the choice of its component (if a class may have more than
    one), the row memory, the comparators and one output register. Its first beat follows `latency`
    cycles later. In parallel mode, beats come one a cycle, without a pause between requests. In
    serial mode, a beat takes as many cycles as planes are compared, and one more if these are fewer
    than q. The first beat comes later than in parallel mode by so many cycles less one. A beat that
    is not taken stops the comparators and then all stages before them. Random words are used only
    when bits are drawn, so pauses never change a bit. A row is read once for the same beat of all M
    exemplars. Appends run meanwhile. A request is served if its class is in the table when the
    request is taken. Reset empties the table and restarts all streams. A seed is taken at any time,
    but which exemplars under way it changes is not defined.

    A *shared* sampler has an editable memory, and lets another block read it. A header that
    replaces or removes a class, or a reader that asks, waits until the requests that were taken
    have been served, and no request is taken until it has finished. A reader goes before a header.
    Requests for a class that was removed are dropped one cycle after they were taken.

    Parameters
    ----------
    params : SamplerParams
    shared : bool
        Whether the memory is editable, and read by another block.
    watch : WatchParams
        What watches over the rows; a `test` is for an empty table, with no class under way.

    Members
    -------
    append : In(stream.Signature(header_layout(params.prototypes)))
        Headers of classes to append.
    rows : In(stream.Signature(L*q))
        Rows of the class whose header was taken last.
    weights : In(stream.Signature(weight_layout(params.prototypes)))
        Class thresholds of selection ``weighted``. Other selections drop them.
    seeds : In(stream.Signature(seed_layout()))
        Seeds to load into the streams; those of streams that are not here are dropped.
    i : In(stream.Signature(label))
        Requests for classes.
    o : Out(stream.Signature(beat_layout(L, classes)))
        Exemplars, beat-major.
    request_en : In(1)
        Ask the selector for labels.
    requests : Out(stream.Signature(label))
        Labels from the selector. Connect them to `i` to have them served.
    n_classes, n_components : Out
        Number of classes and of components in the memory.
    overflow : Out(1)
        An append has been refused since reset.
    unknown : Out(1)
        A request for a class that is not in the table has been dropped since reset.
    row_read : Out(1)
        A row is read in this cycle.
    plane_read : Out(1)
        Each LFSR of the comparators gives a word in this cycle: q planes in parallel, one in
        serial mode.
    select_used : Out(1)
        A word of stream 17 is used in this cycle.
    busy : Out(1)
        Requests are under way, or wait for another block.
    reader_ask : In(1)
        Shared: a block wants to read, or reads.
    reader_go : Out(1)
        Shared: it may read.
    reader_* : In
        Shared: `label_en`, `label`, `row_en`, `component` and `beat` of the memory.
    entry, codes : Out
        Shared: what was read of it.
    corrected, uncorrected, test, testing, failures, failing_words, failing_bits, failing_first,
    scrub_interval, scrub_reads, scrub_writes, scrub_failures
        With a watch: as of `rtl.prototype_rows.PrototypeRows`.

    Raises
    ------
    ValueError
        If there are factors, which only `rtl.correlated.CorrelatedSampler` draws.
    """

    #: Cycles from one beat to the next, in parallel mode.
    interval = 1

    def __init__(
        self, params: SamplerParams, *, shared: bool = False, watch: WatchParams = UNWATCHED
    ) -> None:
        if isinstance(params, CorrelatedSamplerParams) and params.rank:
            raise ValueError(f"Sampler of independent bits must have no factors, not {params.rank}")
        self.params, self.shared, self.watch = params, shared, watch
        #: Cycles from a request to the first beat, in parallel mode.
        self.latency = 3 + (params.prototypes.class_components > 1)
        super().__init__(self._members())

    def _members(self) -> dict[str, wiring.Member]:
        """Return the ports."""
        p = self.params.prototypes
        label_width = bits_for(p.classes - 1)
        return {
            "append": In(stream.Signature(header_layout(p, editable=self.shared))),
            "rows": In(stream.Signature(p.row_width)),
            "weights": In(stream.Signature(weight_layout(p))),
            "seeds": In(stream.Signature(seed_layout())),
            "i": In(stream.Signature(label_width)),
            "o": Out(stream.Signature(beat_layout(p.lanes, p.classes))),
            "request_en": In(1),
            "requests": Out(stream.Signature(label_width)),
            "n_classes": Out(bits_for(p.classes)),
            "n_components": Out(bits_for(p.components)),
            "overflow": Out(1),
            "unknown": Out(1),
            "row_read": Out(1),
            "plane_read": Out(1),
            "select_used": Out(1),
            "busy": Out(1),
            **({
                "reader_ask": In(1),
                "reader_go": Out(1),
                "reader_label_en": In(1),
                "reader_label": In(label_width),
                "reader_row_en": In(1),
                "reader_component": In(bits_for(p.components - 1)),
                "reader_beat": In(bits_for(p.beats - 1)),
                "entry": Out(entry_layout(p, editable=True)),
                "codes": Out(ArrayLayout(p.code_width, p.lanes)),
            } if self.shared else {}),
            **watch_members(p, self.watch),
        }  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Streams connect the stages. `ready` comes with the last row of a request and with the last
        # draw from a row. Until then the memories hold the data that they read.
        hold, found = Signal(), Signal()  # take no request; the output of the table holds an entry
        prototypes, selector, request = self._find(m, found, ~hold)
        row = self._read_rows(m, prototypes, request)
        self._draw(m, prototypes.codes, row)
        under_way = found | request.valid | row.valid
        m.d.comb += self.busy.eq(under_way | self.o.valid | hold)
        if self.shared:
            self._share(m, prototypes, selector, hold, ~under_way)
        return m

    def _find(
        self, m: Module, found: Signal, admitted: Value
    ) -> tuple[Prototypes, Selector, stream.Interface]:
        """Take requests while they are admitted; return memory, selector, and their components."""
        m.submodules.prototypes = prototypes = Prototypes(
            self.params.prototypes, editable=self.shared, watch=self.watch
        )
        connect_watch(m, prototypes, self, watch_members(self.params.prototypes, self.watch))
        m.submodules.selector = selector = Selector(
            self.params.selector, self.params.prototypes, gaps=self.shared
        )
        wiring.connect(m, wiring.flipped(self.append), prototypes.append)
        wiring.connect(m, wiring.flipped(self.rows), prototypes.rows)
        wiring.connect(m, wiring.flipped(self.weights), selector.weights)
        wiring.connect(m, wiring.flipped(self.seeds), selector.seeds)
        wiring.connect(m, selector.o, wiring.flipped(self.requests))
        m.d.comb += [
            self.n_classes.eq(prototypes.n_classes),
            self.n_components.eq(prototypes.n_components),
            self.overflow.eq(prototypes.overflow),
            selector.n_classes.eq(prototypes.n_classes),
            selector.en.eq(self.request_en),
        ]
        return prototypes, selector, self._look_up(m, prototypes, selector, found, admitted)

    def _share(
        self, m: Module, prototypes: Prototypes, selector: Selector, hold: Signal, idle: Value
    ) -> None:
        """Let the memory be edited, or read by another block, while no request is served."""
        m.d.comb += [
            selector.n_there.eq(prototypes.n_there),
            prototypes.asked.eq(selector.asked),
            selector.there.eq(prototypes.there),
            hold.eq(self.reader_ask | prototypes.wanted | prototypes.editing),
            prototypes.quiet.eq(idle & ~self.reader_ask),
            self.reader_go.eq(self.reader_ask & idle & ~prototypes.editing),
            self.entry.eq(prototypes.entry),
            self.codes.eq(prototypes.codes),
        ]
        with m.If(self.reader_go):
            for name in ("label_en", "label", "row_en", "component", "beat"):
                m.d.comb += getattr(prototypes, name).eq(getattr(self, f"reader_{name}"))

    def _look_up(
        self, m: Module, prototypes: Prototypes, selector: Selector, found: Signal, admitted: Value
    ) -> stream.Interface:
        """Turn requests into components."""
        entry = prototypes.entry
        request = stream.Signature(
            StructLayout({"label": entry.label.shape(), "component": entry.first.shape()})
        ).create()
        there = Signal(init=1)  # so that the class of the entry is there
        gone = found & ~there
        passed = Signal()  # the entry goes on to the next stage, or is dropped
        known = self.i.payload < self.n_classes
        if self.shared:
            m.d.comb += there.eq(entry.there)
        m.d.comb += [
            self.i.ready.eq(admitted & (~found | passed)),
            prototypes.label_en.eq(self.i.valid & self.i.ready & known),
            prototypes.label.eq(self.i.payload),
            self.select_used.eq(found & there & passed),
            selector.choose.eq(self.select_used),
            selector.count.eq(entry.count),
            selector.thresholds.eq(entry.thresholds),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += found.eq(known)
        with m.Elif(passed):
            m.d.sync += found.eq(0)
        m.d.sync += self.unknown.eq(self.unknown | gone | (self.i.valid & self.i.ready & ~known))
        if self.params.prototypes.class_components == 1:
            m.d.comb += [
                request.valid.eq(found & there),
                request.p.label.eq(entry.label),
                request.p.component.eq(entry.first),
                passed.eq(request.ready | gone),
            ]
        else:
            chosen = Signal()
            label, first = Signal.like(entry.label), Signal.like(entry.first)
            m.d.comb += [
                request.valid.eq(chosen),
                request.p.label.eq(label),
                request.p.component.eq(first + selector.choice),
                passed.eq(~chosen | request.ready | gone),
            ]
            with m.If(~chosen | request.ready):
                m.d.sync += [chosen.eq(found & there), label.eq(entry.label), first.eq(entry.first)]
        return request

    def _read_rows(
        self, m: Module, prototypes: Prototypes, request: stream.Interface
    ) -> stream.Interface:
        """Read the rows of requests."""
        row = stream.Signature(StructLayout({"label": request.p.label.shape(), "last": 1})).create()
        beat = Signal.like(prototypes.beat)
        last = beat == self.params.prototypes.beats - 1
        m.d.comb += [
            self.row_read.eq(request.valid & (~row.valid | row.ready)),
            request.ready.eq(self.row_read & last),
            prototypes.row_en.eq(self.row_read),
            prototypes.component.eq(request.p.component),
            prototypes.beat.eq(beat),
        ]
        with m.If(self.row_read):
            m.d.sync += [
                beat.eq(Mux(last, 0, beat + 1)),
                row.valid.eq(1),
                row.p.label.eq(request.p.label),
                row.p.last.eq(last),
            ]
        with m.Elif(row.ready):
            m.d.sync += row.valid.eq(0)
        return row

    def _draw(self, m: Module, codes: View, row: stream.Interface) -> None:
        """Draw a beat of each of M exemplars from every row."""
        p = self.params.prototypes
        label, last = Signal.like(row.p.label), Signal()
        goes_on, beat_done = Signal(), Signal()
        exemplar = Signal(range(self.params.draws_per_read))
        last_exemplar = exemplar == self.params.draws_per_read - 1
        m.d.comb += [
            goes_on.eq(row.valid & (~self.o.valid | self.o.ready)),
            row.ready.eq(beat_done & last_exemplar),
            self.o.p.label.eq(label),
            self.o.p.last.eq(last),
        ]
        with m.If(beat_done):
            m.d.sync += [
                self.o.valid.eq(1),
                label.eq(row.p.label),
                last.eq(row.p.last),
                exemplar.eq(Mux(last_exemplar, 0, exemplar + 1)),
            ]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)

        words = Signal(ArrayLayout(p.lanes, len(self.params.streams)))
        for plane, (number, lfsr_params) in enumerate(
            zip(self.params.streams, self.params.lfsrs(), strict=True)
        ):
            m.submodules[f"lfsr_{plane}"] = lfsr = Lfsr(lfsr_params)
            m.d.comb += [
                lfsr.en.eq(self.plane_read),
                words[plane].eq(lfsr.word),
                *load_seeds(lfsr, self.seeds, number),
            ]
        lanes = BernoulliParams(code_width=p.code_width, lanes=p.lanes)
        if self.params.mode == "parallel":
            m.submodules.bernoulli = bernoulli = Bernoulli(lanes)
            bits = Signal(p.lanes)
            m.d.comb += [
                bernoulli.words.eq(words),
                bernoulli.codes.eq(codes),
                self.plane_read.eq(goes_on),
                beat_done.eq(goes_on),
                self.o.p.bits.eq(bits),
            ]
            with m.If(beat_done):
                m.d.sync += bits.eq(bernoulli.bits)
        else:
            # The register of the comparators is the output register. Planes go on once it is free.
            m.submodules.bernoulli = bernoulli = SerialBernoulli(lanes)
            m.d.comb += [
                bernoulli.en.eq(goes_on),
                self.plane_read.eq(goes_on & bernoulli.compares),
                bernoulli.word.eq(words[0]),
                bernoulli.codes.eq(codes),
                bernoulli.live.eq(used_lanes(p, row.p.last)),
                beat_done.eq(goes_on & bernoulli.done),
                self.o.p.bits.eq(bernoulli.bits),
            ]
