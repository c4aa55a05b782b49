# SPDX-License-Identifier: MIT
"""Basis: the loadings of all features, and the scales that follow from them (contract, 13)."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import CorrelatedSamplerParams
from golden.params.correlated import MAX_SUM, SCALE_WIDTH
from rtl.memories import Memory
from rtl.scale import SHIFT_WIDTH, Scale, square_width

__all__ = ["Basis", "compared_rows", "loadings_layout", "scales_layout"]


def loadings_layout(params: CorrelatedSamplerParams) -> ArrayLayout:
    """Return the layout of a row of loadings, lane 0 first."""
    return ArrayLayout(signed(params.loading_width), params.prototypes.lanes)


def scales_layout(params: CorrelatedSamplerParams) -> ArrayLayout:
    """Return the layout of the scales of the lanes that are compared in a cycle."""
    return ArrayLayout(unsigned(SCALE_WIDTH), params.lanes_compared)


def compared_rows(params: CorrelatedSamplerParams) -> int:
    """Return the cycles, and the rows of scales, in which the lanes of a beat are compared."""
    return -(-params.prototypes.lanes // params.lanes_compared)


class Basis(wiring.Component):
    """Memory of the loadings, and of the scales that it makes of them.

    An exponent and then B * R rows load a basis. From the exponent on there is no basis, until
    `busy` falls with `loaded` or `refused` set. A row takes L + 1 cycles, in which one lane after
    the other adds its loading up. The last row of a beat takes `scale_cycles` + e more for each
    lane, whose scale one unit computes: a basis is loaded once, and draws take far longer. Both
    reads give their data in the next cycle (latency 1), one a cycle, and hold it until the next
    read. Without a basis, loadings are not defined, and scales are 0. Reset ends a load and leaves
    no basis.

    Parameters
    ----------
    params : CorrelatedSamplerParams
        With one factor or more.

    Members
    -------
    shift : In(stream.Signature(4))
        e of a basis to load. It is taken while `idle` is set.
    rows : In(stream.Signature(L*q_a))
        Rows of the basis whose exponent was taken last. Lanes past D are written as 0.
    idle : In(1)
        No draw is under way.
    busy : Out(1)
        A basis is being loaded.
    loaded : Out(1)
        There is a basis.
    refused : Out(1)
        A basis has been refused since reset.
    exponent : Out(4)
        e, and 0 without a basis.
    row_en, row : In
        Read a row of loadings.
    loadings : Out(loadings_layout(params))
        Its loadings, lane 0 first.
    scale_en, scale_row : In
        Read a row of scales: row ``b * compared_rows + g`` is for group g of the lanes of beat b.
    scales : Out(scales_layout(params))
        Its scales.
    """

    #: Cycles from `row_en` to `loadings`, and from `scale_en` to `scales`.
    latency = 1
    #: Cycles from one read to the next.
    interval = 1
    #: Cycles that the scale of a lane adds to its row, if e is 0.
    scale_cycles = 2 + Scale.latency

    def __init__(self, params: CorrelatedSamplerParams) -> None:
        if not params.rank:
            raise ValueError("Factors R of a basis must be 1 or more, not 0")
        self.params = params
        beats = params.prototypes.beats
        self._depth, self._scale_rows = beats * params.rank, beats * compared_rows(params)
        super().__init__({
            "shift": In(stream.Signature(SHIFT_WIDTH)),
            "rows": In(stream.Signature(params.prototypes.lanes * params.loading_width)),
            "idle": In(1),
            "busy": Out(1),
            "loaded": Out(1),
            "refused": Out(1),
            "exponent": Out(SHIFT_WIDTH),
            "row_en": In(1),
            "row": In(range(self._depth)),
            "loadings": Out(loadings_layout(params)),
            "scale_en": In(1),
            "scale_row": In(range(self._scale_rows)),
            "scales": Out(scales_layout(params)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, lanes = self.params, self.params.prototypes.lanes
        m.submodules.scale = scale = Scale(p)
        shift, faulty = Signal(SHIFT_WIDTH), Signal()
        row, factor, lane = Signal(range(self._depth)), Signal(range(p.rank)), Signal(range(lanes))
        left = Signal(lanes * p.loading_width)  # loadings of the row that are not added up yet
        last_factor, last_lane = Signal(), Signal()
        last_row = row == self._depth - 1
        read, write = self._memory(m, row, last_row)
        total = self._add(m, lane, left, factor == 0)
        written = self._scales(m, scale.o, last_lane)
        m.d.comb += [
            last_factor.eq(factor == p.rank - 1),
            last_lane.eq(lane == lanes - 1),
            self.exponent.eq(Mux(self.loaded, shift, 0)),
            self.busy.eq(1),
            read.en.eq(self.row_en),
            read.addr.eq(self.row),
            self.loadings.eq(read.data),
            scale.i.payload.eq(total.squares),
            scale.shift.eq(shift),
        ]
        with m.FSM():
            with m.State("idle"):
                m.d.comb += [self.busy.eq(0), self.shift.ready.eq(self.idle)]
                m.d.sync += [row.eq(0), factor.eq(0), faulty.eq(0)]
                with m.If(self.shift.valid & self.idle):
                    m.d.sync += [shift.eq(self.shift.payload), self.loaded.eq(0)]
                    m.next = "take"
            with m.State("take"):
                m.d.comb += [self.rows.ready.eq(1), write.en.eq(self.rows.valid)]
                m.d.sync += [left.eq(write.data), lane.eq(0)]
                with m.If(self.rows.valid):
                    m.next = "add"
            with m.State("add"):
                lowest = left[: p.loading_width] == 1 << (p.loading_width - 1)
                m.d.sync += [left.eq(left >> p.loading_width), faulty.eq(faulty | lowest)]
                m.d.comb += total.add.eq(1)
                with m.If(last_factor):
                    m.next = "wait"
                with m.Else():
                    m.d.sync += lane.eq(lane + 1)
                    with m.If(last_lane):
                        m.d.sync += [row.eq(row + 1), factor.eq(factor + 1)]
                        m.next = "take"
            with m.State("wait"):
                m.next = "offer"
            with m.State("offer"):
                m.d.comb += scale.i.valid.eq(1)
                # The largest sum of all has 30 ones.
                over = total.magnitudes * p.factor_width > Const(MAX_SUM) >> shift
                m.d.sync += faulty.eq(faulty | over)
                m.next = "scale"
            with m.State("scale"):
                m.d.comb += scale.o.ready.eq(1)
                with m.If(written):
                    m.d.sync += lane.eq(lane + 1)
                    m.next = "add"
                    with m.If(last_lane):
                        m.d.sync += [row.eq(row + 1), factor.eq(0)]
                        m.next = "take"
                        with m.If(last_row):
                            m.d.sync += [
                                self.loaded.eq(~faulty),
                                self.refused.eq(self.refused | faulty),
                            ]
                            m.next = "idle"
        return m

    def _memory(self, m: Module, row: Value, last_row: Value):
        """Make the memory of loadings; return its ports. Write rows without lanes past D."""
        p, memory = self.params, self.params.prototypes
        width = len(self.rows.payload)
        # A basis that can be read is no longer written.
        m.submodules.memory = loadings = Memory(
            shape=unsigned(width), depth=self._depth, attrs={"no_rw_check": 1}, one_port=True
        )
        write = loadings.write_port()
        spare = (memory.beats * memory.lanes - memory.features) * p.loading_width
        in_last_beat = row >= self._depth - p.rank
        m.d.comb += [write.addr.eq(row), write.data.eq(self.rows.payload)]
        with m.If(in_last_beat):
            m.d.comb += write.data[width - spare :].eq(Const(0, spare))
        return loadings.read_port(), write

    def _add(self, m: Module, lane: Value, left: Value, fresh: Value) -> "_Totals":
        """Add the loading of a lane to the totals of its beat."""
        p, total = self.params, _Totals(self.params)
        m.submodules.totals = totals = Memory(
            shape=total.layout, depth=p.prototypes.lanes, init=[], attrs={"no_rw_check": 1}
        )
        read, write = totals.read_port(domain="comb"), totals.write_port()
        loading = left[: p.loading_width].as_signed()
        magnitude, late_fresh = Signal(p.loading_width - 1), Signal()
        late_magnitude, square = Signal.like(magnitude), Signal(2 * len(magnitude))
        m.d.comb += [
            magnitude.eq(Mux(loading < 0, -loading, loading)),
            read.addr.eq(write.addr),
            write.data.magnitudes.eq(Mux(late_fresh, 0, read.data.magnitudes) + late_magnitude),
            write.data.squares.eq(Mux(late_fresh, 0, read.data.squares) + square),
        ]
        m.d.sync += [
            write.en.eq(total.add),
            write.addr.eq(lane),
            late_fresh.eq(fresh),
            late_magnitude.eq(magnitude),
            square.eq(magnitude * magnitude),
            total.magnitudes.eq(write.data.magnitudes),
            total.squares.eq(write.data.squares),
        ]
        return total

    def _scales(self, m: Module, made: stream.Interface, last_lane: Value) -> Value:
        """Write the scales as they come, into rows; return whether one is written."""
        p = self.params
        m.submodules.scales = scales = Memory(
            shape=scales_layout(p), depth=self._scale_rows, attrs={"no_rw_check": 1}, one_port=True
        )
        read, write = scales.read_port(), scales.write_port(granularity=1)
        place, row = Signal(range(p.lanes_compared)), Signal(range(self._scale_rows))
        written, full = Signal(), Signal()
        m.d.comb += [
            written.eq(made.valid & made.ready),
            full.eq((place == p.lanes_compared - 1) | last_lane),
            write.en.eq(Mux(written, 1 << place, 0)),
            write.addr.eq(row),
            read.en.eq(self.scale_en),
            read.addr.eq(self.scale_row),
        ]
        for index in range(p.lanes_compared):
            m.d.comb += [
                write.data[index].eq(made.payload),
                self.scales[index].eq(Mux(self.loaded, read.data[index], 0)),
            ]
        with m.If(~self.busy):
            m.d.sync += [place.eq(0), row.eq(0)]
        with m.Elif(written):
            m.d.sync += place.eq(Mux(full, 0, place + 1))
            with m.If(full):
                m.d.sync += row.eq(row + 1)
        return written


class _Totals:
    """The command to add a loading, and two cycles later the sums of its lane."""

    def __init__(self, params: CorrelatedSamplerParams) -> None:
        magnitudes = bits_for(params.rank * params.highest_loading)
        self.layout = StructLayout({"magnitudes": magnitudes, "squares": square_width(params)})
        self.magnitudes = Signal(magnitudes)
        self.squares = Signal(square_width(params))
        self.add = Signal()
