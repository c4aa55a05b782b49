# SPDX-License-Identifier: MIT
"""Prototype memory and its class table (contract, 5)."""

from amaranth.hdl import Const, Module, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import PrototypesParams

__all__ = ["Prototypes", "entry_layout", "header_layout"]

COUNT_WIDTH = 8  # bits of the component count in a header
WORD_WIDTH = 16  # bits of a mixing threshold


def header_layout(params: PrototypesParams) -> StructLayout:
    """Return the layout of the header of a class: K, and K-1 thresholds, lowest first."""
    thresholds = max(1, params.class_components - 1)
    return StructLayout({
        "count": unsigned(COUNT_WIDTH),
        "thresholds": ArrayLayout(WORD_WIDTH, thresholds),
    })  # fmt: skip


def entry_layout(params: PrototypesParams) -> StructLayout:
    """Return the layout of an entry of the class table, which contains its own label."""
    return StructLayout({
        "first": bits_for(params.components - 1),
        "label": bits_for(params.classes - 1),
        "count": bits_for(params.class_components),
        "thresholds": header_layout(params)["thresholds"].shape,
    })  # fmt: skip


class Prototypes(wiring.Component):
    """Codes of the components of every class, appended class by class.

    A header and then K * B rows, one a cycle, append a class. The class becomes visible in the
    cycle after its last row, when `n_classes` rises. If the class does not fit, its header is
    refused: `overflow` is set until reset, and the rows that follow are dropped. Reads go on
    meanwhile. Both reads give their data in the next cycle (latency 1), one a cycle, and hold it
    until the next read. Reset empties the table at any time.

    A row is addressed by component and beat. Its address ``component * B + beat`` is a sum of
    shifts, so neither writer nor reader keeps a separate row address. An entry of the table
    contains its own label, so a reader needs no register for it.

    Parameters
    ----------
    params : PrototypesParams

    Members
    -------
    append : In(stream.Signature(header_layout(params)))
        Headers of classes.
    rows : In(stream.Signature(L*q))
        Rows of the class whose header was taken last. Lanes past D are written as code 0.
    n_classes : Out
        Number of classes in the table.
    n_components : Out
        Number of written components. Between appends, these are the components of all classes in
        the table.
    overflow : Out(1)
        A header has been refused since reset.
    label_en, label : In
        Read the table entry of a class in the table.
    entry : Out
        ``first``: first component of the class; ``count``: K; ``thresholds``: the first K-1 are
        valid; ``label``: the class.
    row_en, component, beat : In
        Read a row.
    codes : Out(ArrayLayout(q, L))
        Its codes, lane 0 first.
    """

    #: Cycles from `label_en` to `entry`, and from `row_en` to `codes`.
    latency = 1
    #: Cycles from one read to the next, and from one row of a class to the next.
    interval = 1

    def __init__(self, params: PrototypesParams) -> None:
        self.params = params
        super().__init__({
            "append": In(stream.Signature(header_layout(params))),
            "rows": In(stream.Signature(params.row_width)),
            "n_classes": Out(bits_for(params.classes)),
            "n_components": Out(bits_for(params.components)),
            "overflow": Out(1),
            "label_en": In(1),
            "label": In(bits_for(params.classes - 1)),
            "entry": Out(entry_layout(params)),
            "row_en": In(1),
            "component": In(bits_for(params.components - 1)),
            "beat": In(bits_for(params.beats - 1)),
            "codes": Out(ArrayLayout(params.code_width, params.lanes)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params
        # A class that can be read is no longer written, so a row needs no logic for both at once.
        block = {"ram_style": "block", "no_rw_check": 1}
        m.submodules.table = table = Memory(
            shape=self.entry.shape(), depth=p.classes, init=[], attrs=block
        )
        m.submodules.memory = memory = Memory(
            shape=unsigned(p.row_width), depth=p.rows, init=[], attrs=block
        )
        table_read, row_read = table.read_port(), memory.read_port()
        m.d.comb += [
            table_read.en.eq(self.label_en),
            table_read.addr.eq(self.label),
            self.entry.eq(table_read.data),
            row_read.en.eq(self.row_en),
            row_read.addr.eq(self._row(self.component, self.beat)),
            self.codes.eq(row_read.data),
        ]
        self._write(m, table.write_port(), memory.write_port())
        return m

    def _write(self, m: Module, table_write: wiring.PureInterface, row_write: wiring.PureInterface):
        """Append classes. A refused class takes the same steps but sets only `overflow`."""
        p, header = self.params, self.append.payload
        left = Signal(COUNT_WIDTH)  # remaining components of the class; 0 between classes
        refused = Signal()
        beat = Signal(bits_for(p.beats - 1))
        fits = Signal()
        m.d.comb += [
            fits.eq(
                (header.count != 0)
                & (header.count <= p.class_components)
                & (self.n_components + header.count <= p.components)
                & (self.n_classes != p.classes)
            ),
            self.append.ready.eq(left == 0),
            self.rows.ready.eq(left != 0),
            table_write.addr.eq(self.n_classes),
            table_write.data.first.eq(self.n_components),
            table_write.data.label.eq(self.n_classes),
            table_write.data.count.eq(header.count),
            table_write.data.thresholds.eq(header.thresholds),
            row_write.addr.eq(self._row(self.n_components, beat)),
            row_write.data.eq(self.rows.payload),
        ]
        with m.If(self.append.valid & self.append.ready):
            m.d.comb += table_write.en.eq(fits)
            m.d.sync += [
                left.eq(header.count),
                refused.eq(~fits),
                self.overflow.eq(self.overflow | ~fits),
            ]
        with m.If(beat == p.beats - 1):
            spare = (p.beats * p.lanes - p.features) * p.code_width
            m.d.comb += row_write.data[p.row_width - spare :].eq(Const(0, spare))
        with m.If(self.rows.valid & self.rows.ready):
            m.d.comb += row_write.en.eq(~refused)
            m.d.sync += beat.eq(beat + 1)
            with m.If(beat == p.beats - 1):
                m.d.sync += [beat.eq(0), left.eq(left - 1)]
                with m.If(~refused):
                    m.d.sync += self.n_components.eq(self.n_components + 1)
                    with m.If(left == 1):
                        m.d.sync += self.n_classes.eq(self.n_classes + 1)

    def _row(self, component: Value, beat: Value) -> Value:
        """Return the address of a row, ``component * B + beat``, without a multiplier."""
        beats = self.params.beats
        ones = (i for i in range(beats.bit_length()) if beats >> i & 1)
        return sum((component.shift_left(i) for i in ones), beat)
