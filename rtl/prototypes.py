# SPDX-License-Identifier: MIT
"""Prototype memory and its class table (contract, 5)."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.memory import ReadPort, WritePort
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import PrototypesParams, WatchParams
from rtl.memories import Memory
from rtl.prototype_rows import UNWATCHED, PrototypeRows, connect_watch, watch_members

__all__ = ["Prototypes", "entry_layout", "header_layout"]

COUNT_WIDTH = 8  # bits of the component count in a header
WORD_WIDTH = 16  # bits of a mixing threshold


def header_layout(params: PrototypesParams, *, editable: bool = False) -> StructLayout:
    """Return the layout of the header of a class: K, and K-1 thresholds, lowest first.

    In a memory that is `editable`, the header also has the number of the class, ``0..classes``.
    """
    thresholds = max(1, params.class_components - 1)
    return StructLayout({
        "count": unsigned(COUNT_WIDTH),
        "thresholds": ArrayLayout(WORD_WIDTH, thresholds),
        **({"label": bits_for(params.classes)} if editable else {}),
    })  # fmt: skip


def entry_layout(params: PrototypesParams, *, editable: bool = False) -> StructLayout:
    """Return the layout of an entry of the class table, which contains its own label.

    In a memory that is `editable`, the entry also says whether the class is there.
    """
    return StructLayout({
        "first": bits_for(params.components - 1),
        "label": bits_for(params.classes - 1),
        "count": bits_for(params.class_components),
        "thresholds": header_layout(params)["thresholds"].shape,
        **({"there": 1} if editable else {}),
    })  # fmt: skip


class Prototypes(wiring.Component):
    """Codes of the components of every class, appended class by class, replaced and removed.

    A header and then K * B rows, one a cycle, append a class. The class becomes visible in the
    cycle after its last row, when `n_classes` rises. If the class does not fit, its header is
    refused: `overflow` is set until reset, and the rows that follow are dropped. Reads go on
    meanwhile. Both reads give their data in the next cycle (latency 1), one a cycle, and hold it
    until the next read. Reset empties the table at any time.

    In an *editable* memory, a header names its class. The number of classes appends. A lower number
    replaces the class in place, or removes it where K = 0. Such a header asks for the memory with
    `wanted`, waits for `quiet`, and is taken in the next cycle, in which it reads the entry of the
    class. Then the rows follow as for an append. `editing` is set until the last one is written,
    and nobody may read meanwhile. A header that does not fit is taken and refused in the same way.

    A row is addressed by component and beat. Its address ``component * B + beat`` is a sum of
    shifts, so neither writer nor reader keeps a separate row address. An entry of the table
    contains its own label, so a reader needs no register for it.

    Parameters
    ----------
    params : PrototypesParams
    editable : bool
        Whether classes can be replaced and removed.
    watch : WatchParams
        What watches over the rows. With a self-test, a `test` is for an empty table, with no class
        under way; headers wait until it has ended.

    Members
    -------
    append : In(stream.Signature(header_layout(params, editable=editable)))
        Headers of classes.
    rows : In(stream.Signature(L*q))
        Rows of the class whose header was taken last. Lanes past D are written as code 0.
    n_classes : Out
        Number of classes in the table, with those that were removed.
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
    wanted, editing : Out(1)
        Editable: a header waits for `quiet`; a class is being replaced or removed.
    quiet : In(1)
        Editable: nobody reads, or uses what was read.
    n_there : Out
        Editable: number of classes of the table that are there.
    asked : In
        Editable: a class in the table.
    there : Out(1)
        Editable: whether class `asked` is there, in the same cycle.
    corrected, uncorrected, test, testing, failures, failing_words, failing_bits, failing_first,
    scrub_interval, scrub_reads, scrub_writes, scrub_failures
        With a watch: as of `rtl.prototype_rows.PrototypeRows`.
    """

    #: Cycles from `label_en` to `entry`, and from `row_en` to `codes`.
    latency = 1
    #: Cycles from one read to the next, and from one row of a class to the next.
    interval = 1

    def __init__(
        self,
        params: PrototypesParams,
        *,
        editable: bool = False,
        watch: WatchParams = UNWATCHED,
    ) -> None:
        self.params, self.editable, self.watch = params, editable, watch
        label_width = bits_for(params.classes - 1)
        super().__init__({
            "append": In(stream.Signature(header_layout(params, editable=editable))),
            "rows": In(stream.Signature(params.row_width)),
            "n_classes": Out(bits_for(params.classes)),
            "n_components": Out(bits_for(params.components)),
            "overflow": Out(1),
            "label_en": In(1),
            "label": In(label_width),
            "entry": Out(entry_layout(params, editable=editable)),
            "row_en": In(1),
            "component": In(bits_for(params.components - 1)),
            "beat": In(bits_for(params.beats - 1)),
            "codes": Out(ArrayLayout(params.code_width, params.lanes)),
            **({
                "wanted": Out(1),
                "editing": Out(1),
                "quiet": In(1),
                "n_there": Out(bits_for(params.classes)),
                "asked": In(label_width),
                "there": Out(1),
            } if editable else {}),
            **watch_members(params, watch),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params
        # A class that can be read is no longer written, so a row needs no logic for both at once.
        block = {"ram_style": "block", "no_rw_check": 1}
        m.submodules.table = table = Memory(
            shape=self.entry.shape(), depth=p.classes, init=[], attrs=block
        )
        table_read, (row_read, row_write) = table.read_port(), self._rows(m, block)
        m.d.comb += [
            table_read.en.eq(self.label_en),
            table_read.addr.eq(self.label),
            self.entry.eq(table_read.data),
            row_read.en.eq(self.row_en),
            row_read.addr.eq(self._row(self.component, self.beat)),
            self.codes.eq(self._live(m, row_read.data)),
        ]
        now = _UnderWay(p)
        self._admit(m, now)
        if self.editable:
            self._find(m, now, table_read)
            self._keep_who_is_there(m, now)
        self._write(m, now, table.write_port(), row_write)
        return m

    def _rows(self, m: Module, block: dict[str, Any]) -> tuple[ReadPort, WritePort]:
        """Return the ports of the memory of the rows, and of what watches over it."""
        p = self.params
        if self.watch == UNWATCHED:
            m.submodules.memory = memory = Memory(
                shape=unsigned(p.row_width), depth=p.rows, init=[], attrs=block
            )
            row_read = memory.read_port()
            return row_read, memory.write_port()
        m.submodules.rows = rows = PrototypeRows(p, self.watch)
        connect_watch(m, rows, self, watch_members(p, self.watch))
        if self.watch.scrub:
            m.d.comb += rows.used.eq(self._row(self.n_components, Const(0)))
        return rows.read, rows.write

    def _live(self, m: Module, codes: Value) -> Value:
        """Return codes that were read, 0 in lanes past D.

        They are stored as 0. But if there are more wrong bits than can be put right, a bit of such
        a lane may be inverted.
        """
        p, last = self.params, Signal()
        spare = (p.beats * p.lanes - p.features) * p.code_width
        if not (self.watch.secded and spare):
            return codes
        with m.If(self.row_en):
            m.d.sync += last.eq(self.beat == p.beats - 1)
        return codes & Cat((~Const(0, p.row_width - spare)), (~last).replicate(spare))

    def _admit(self, m: Module, now: "_UnderWay") -> None:
        """Say of a header whether it may be taken, whether it fits, and where its rows go."""
        p, header = self.params, self.append.payload
        m.d.comb += [
            now.open.eq((now.left == 0) & ~self.testing if self.watch.self_test else now.left == 0),
            now.fits.eq(
                (header.count != 0)
                & (header.count <= p.class_components)
                & ~(now.used + header.count)[len(now.used) :].any()
                & (self.n_classes != p.classes)
            ),
            self.n_components.eq(now.used - now.used.init),
            now.label.eq(self.n_classes),
            now.first.eq(self.n_components),
            now.place.eq(self.n_components),
        ]

    def _find(self, m: Module, now: "_UnderWay", table_read: ReadPort) -> None:
        """Read the entry of a class that is to be replaced or removed, while nobody reads."""
        header, known = self.append.payload, Signal()
        old_place = Signal.like(now.place)
        m.d.comb += [known.eq(header.label < self.n_classes), self.editing.eq(now.found | now.old)]
        with m.If(now.left == 0), m.If(self.append.valid & known & ~now.found):
            m.d.comb += [self.wanted.eq(1), now.open.eq(0)]
            m.d.sync += now.found.eq(self.quiet)
            with m.If(self.quiet):
                m.d.comb += [table_read.en.eq(1), table_read.addr.eq(header.label)]
        with m.If(now.found):
            m.d.comb += [
                now.fits.eq((header.count == 0) | (header.count == self.entry.count)),
                now.label.eq(header.label),
                now.first.eq(self.entry.first),
            ]
            m.d.sync += [
                now.found.eq(0),
                now.old.eq(header.count != 0),
                old_place.eq(self.entry.first),
            ]
        with m.Elif(self.append.valid & (header.label != self.n_classes)):
            m.d.comb += now.fits.eq(0)
        with m.If(now.old):
            m.d.comb += now.place.eq(old_place)
            with m.If(now.row_done):
                m.d.sync += old_place.eq(old_place + 1)
                with m.If(now.left == 1):
                    m.d.sync += now.old.eq(0)

    def _keep_who_is_there(self, m: Module, now: "_UnderWay") -> None:
        """Keep a bit for each class, and count those that are there."""
        # Bits of classes that are not in the table are never looked at, so they need no clearing.
        m.submodules.present = present = Memory(shape=1, depth=self.params.classes, init=[])
        write, read = present.write_port(), present.read_port(domain="comb")
        stays = self.append.payload.count != 0
        m.d.comb += [
            read.addr.eq(self.asked),
            self.there.eq(read.data),
            write.en.eq(now.stored),
            write.addr.eq(now.label),
            write.data.eq(stays),
        ]
        with m.If(now.appended):
            m.d.sync += self.n_there.eq(self.n_there + 1)
        with m.If(now.found & now.stored):
            m.d.sync += self.n_there.eq(self.n_there + stays - self.entry.there)

    def _write(
        self, m: Module, now: "_UnderWay", table_write: WritePort, row_write: WritePort
    ) -> None:
        """Write classes. A refused class takes the same steps but sets only `overflow`."""
        p, header = self.params, self.append.payload
        refused = Signal()
        beat = Signal(bits_for(p.beats - 1))
        entry = table_write.data
        m.d.comb += [
            self.append.ready.eq(now.open),
            self.rows.ready.eq(now.left != 0),
            table_write.en.eq(now.stored),
            table_write.addr.eq(now.label),
            entry.first.eq(now.first),
            entry.label.eq(now.label),
            entry.count.eq(header.count),
            entry.thresholds.eq(header.thresholds),
            row_write.addr.eq(self._row(now.place, beat)),
            row_write.data.eq(self.rows.payload),
        ]
        if self.editable:
            m.d.comb += entry.there.eq(1)
            with m.If(header.count == 0):  # the class that is removed keeps its K
                m.d.comb += [entry.there.eq(0), entry.count.eq(self.entry.count)]
        with m.If(self.append.valid & self.append.ready):
            m.d.comb += now.stored.eq(now.fits)
            m.d.sync += [
                now.left.eq(header.count),
                refused.eq(~now.fits),
                self.overflow.eq(self.overflow | ~now.fits),
            ]
        with m.If(beat == p.beats - 1):
            spare = (p.beats * p.lanes - p.features) * p.code_width
            m.d.comb += row_write.data[p.row_width - spare :].eq(Const(0, spare))
        with m.If(self.rows.valid & self.rows.ready):
            m.d.comb += row_write.en.eq(~refused)
            m.d.sync += beat.eq(beat + 1)
            with m.If(beat == p.beats - 1):
                m.d.comb += now.row_done.eq(1)
                m.d.sync += [beat.eq(0), now.left.eq(now.left - 1)]
                with m.If(~refused & ~now.old):
                    m.d.sync += now.used.eq(now.used + 1)
                    with m.If(now.left == 1):
                        m.d.comb += now.appended.eq(1)
                        m.d.sync += self.n_classes.eq(self.n_classes + 1)

    def _row(self, component: Value, beat: Value) -> Value:
        """Return the address of a row, ``component * B + beat``, without a multiplier."""
        beats = self.params.beats
        ones = (i for i in range(beats.bit_length()) if beats >> i & 1)
        return sum((component.shift_left(i) for i in ones), beat)


class _UnderWay:
    """Signals of the class that is written."""

    def __init__(self, params: PrototypesParams) -> None:
        component, width = bits_for(params.components - 1), bits_for(params.components)
        # Written components, counted up to all ones: so a carry tells that a class has no room.
        self.used = Signal(width, init=2**width - 1 - params.components)
        self.left = Signal(COUNT_WIDTH)  # remaining components of the class; 0 between classes
        self.open = Signal()  # a header may be taken
        self.fits = Signal()  # what the header says is done
        self.stored = Signal()  # its entry is written
        self.label = Signal(bits_for(params.classes - 1))  # its class
        self.first = Signal(component)  # first component of the class
        self.place = Signal(component)  # component whose rows come
        self.row_done = Signal()  # the last row of a component comes
        self.appended = Signal()  # the last row of a new class comes
        self.found = Signal()  # the entry of the class to replace or remove was read
        self.old = Signal()  # the rows are those of a class that was in the table
