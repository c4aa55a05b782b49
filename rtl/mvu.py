# SPDX-License-Identifier: MIT
"""Matrix-vector unit: folded neurons that take one step a cycle (contract, 2 and 3)."""

from contextlib import nullcontext
from typing import Any

from amaranth.hdl import Array, Module, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import MvuParams, XnorParams
from golden.params.checks import check_integer
from rtl.memories import Memory
from rtl.xnor import Xnor, xnor_latency

__all__ = [
    "Mvu",
    "limit_layout",
    "mvu_latency",
    "mvu_signature",
    "step_layout",
    "threshold_layout",
    "tile_layout",
    "weight_layout",
]


def step_layout(params: MvuParams, tag: Any) -> data.StructLayout:
    """Return the layout of a step: a word of inputs, and its rows of weights and thresholds.

    With weight reuse, `slot` is the accumulator of the step.
    """
    return data.StructLayout({
        "x": params.simd, "mask": params.simd, "weight": range(params.weight_depth),
        "tile": range(params.tile_depth), "last": 1, **_slot(params), "tag": tag,
    })  # fmt: skip


def _slot(params: MvuParams) -> dict[str, Any]:
    """Return the field for the slot of a step, which a unit without weight reuse does not have."""
    return {"slot": range(params.weight_reuse)} if params.weight_reuse > 1 else {}


def tile_layout(params: MvuParams, tag: Any) -> data.StructLayout:
    """Return the layout of a finished tile: a count and an output bit of each neuron."""
    counts = data.ArrayLayout(unsigned(params.count_width), params.pe)
    return data.StructLayout({"counts": counts, "bits": params.pe, "tag": tag})


def weight_layout(params: MvuParams) -> data.StructLayout:
    """Return the layout of a write of `simd` weights of neuron `pe` of a row."""
    return data.StructLayout({
        "row": range(params.weight_depth), "pe": range(params.pe), "data": params.simd,
    })  # fmt: skip


def limit_layout(params: MvuParams) -> data.StructLayout:
    """Return the layout of a threshold: the bit is ``(count >= limit) == polarity``."""
    return data.StructLayout({"limit": params.count_width + 1, "polarity": 1})


def threshold_layout(params: MvuParams) -> data.StructLayout:
    """Return the layout of a write of the threshold of neuron `pe` of a tile."""
    return data.StructLayout({
        "tile": range(params.tile_depth), "pe": range(params.pe),
        "limit": params.count_width + 1, "polarity": 1,
    })  # fmt: skip


def mvu_latency(params: MvuParams) -> int:
    """Return the cycles from the last step of a tile to the tile.

    They are those of the memory, its register, the agreements, the sum and the comparison.
    """
    return 2 + xnor_latency(_neuron(params)) + 2


def mvu_signature(params: MvuParams, tag: Any) -> wiring.Signature:
    """Return the signature of a unit, whose members `Mvu` describes."""
    return wiring.Signature({
        "i": In(stream.Signature(step_layout(params, tag))),
        "o": Out(stream.Signature(tile_layout(params, tag))),
        "weights": In(stream.Signature(weight_layout(params))),
        "thresholds": In(stream.Signature(threshold_layout(params))),
    })  # fmt: skip


def _neuron(params: MvuParams) -> XnorParams:
    """Return the parameters of the part of a neuron that one cycle computes."""
    return XnorParams(inputs=params.simd)


class Mvu(wiring.Component):
    """`pe` parallel neurons. Each takes `simd` inputs a cycle.

    A tile is a run of steps up to `last`. For each neuron it yields the number of inputs that equal
    their weights, over the lanes that the masks select, and the bit
    ``(count >= limit) == polarity``. The unit takes one step a cycle, even if every tile is one
    step. The tile is offered `latency` cycles after its last step. The whole pipeline stops while
    an offered tile is not taken, and in the cycle of a write. Otherwise it advances, even without a
    new step. So no memory is read and written at once, and none needs logic for that case. The
    accumulator needs no multiplexer between restart and continuation: when a tile ends, its sum
    passes to the next stage and the accumulator becomes zero.

    With weight reuse P, each neuron has P accumulators, one a slot, and up to P tiles of the same
    neurons are computed in turns: a step of slot 0, the same step of slot 1 and so on. Only slot 0
    reads memories, a row of weights in each step and a row of thresholds in the last one. The other
    slots use the same rows, whatever their `weight` and `tile`, because what a memory has read
    stays at its output.

    Reset drops the steps inside, and the first step after it is of slot 0. The memories keep their
    contents. A write is valid for all rows read after it. It may or may not affect the steps
    inside.

    Parameters
    ----------
    params : MvuParams
    tag : shape
        Shape of a tag that accompanies each step. A tile leaves with the tag of its last step.

    Members
    -------
    i : In(stream.Signature(step_layout(params, tag)))
        Steps: inputs `x`, `mask` of the lanes that count, the rows of weights and of thresholds.
    o : Out(stream.Signature(tile_layout(params, tag)))
        Tiles. A count that exceeds `count_width` bits wraps.
    weights : In(stream.Signature(weight_layout(params)))
        Writes of weights, taken at once.
    thresholds : In(stream.Signature(threshold_layout(params)))
        Writes of limits and polarities, taken at once.
    """

    #: Cycles from one step to the next.
    interval = 1

    def __init__(self, params: MvuParams, tag: Any) -> None:
        if isinstance(tag, int):
            check_integer("MVU tag bits", tag, 1)
        self.params = params
        self._mark = data.StructLayout({
            "present": 1, "last": 1, "tile": range(params.tile_depth), **_slot(params),
            "tag": tag,
        })  # fmt: skip
        #: Cycles from the last step of a tile to the tile.
        self.latency = mvu_latency(params)
        super().__init__(mvu_signature(params, tag))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        i, o = self.i, self.o
        advance = Signal()
        m.d.comb += [
            advance.eq((~o.valid | o.ready) & ~self.weights.valid & ~self.thresholds.valid),
            i.ready.eq(advance),
            self.weights.ready.eq(1),
            self.thresholds.ready.eq(1),
        ]
        marks = self._marks(m, advance)
        word = data.StructLayout({"x": self.params.simd, "mask": self.params.simd})
        read, kept = (Signal(word, name=name, reset_less=True) for name in ("read", "kept"))
        with m.If(o.ready):
            m.d.sync += o.valid.eq(0)
        with m.If(advance):
            m.d.sync += [read.x.eq(i.payload.x), read.mask.eq(i.payload.mask)]
            m.d.sync += kept.eq(read)
            m.d.sync += [o.valid.eq(marks[-1].last), o.payload.tag.eq(marks[-1].tag)]
        for pe in range(self.params.pe):
            agree = self._agree(m, pe, advance, kept, marks[1])
            count = self._accumulate(m, pe, advance, agree, marks[-2])
            fires = self._compare(m, pe, advance, count, marks[-4])
            with m.If(advance):
                m.d.sync += [o.payload.counts[pe].eq(count), o.payload.bits[pe].eq(fires)]
        return m

    def _marks(self, m: Module, advance: Signal) -> list[Any]:
        """Delay the marks of a step along with its data; return those of all stages in order.

        The last stage compares, the one before it accumulates, and the one before that counts.
        """
        i = self.i
        marks = [Signal(self._mark, name="mark_0")]
        m.d.comb += [
            marks[0].present.eq(i.valid),
            marks[0].last.eq(i.valid & i.payload.last),
            marks[0].tile.eq(i.payload.tile),
            marks[0].tag.eq(i.payload.tag),
            *(marks[0][name].eq(i.payload[name]) for name in _slot(self.params)),
        ]
        for n in range(1, self.latency):
            marks.append(Signal(self._mark, name=f"mark_{n}"))
            with m.If(advance):
                m.d.sync += marks[n].eq(marks[n - 1])
        return marks

    def _agree(self, m: Module, pe: int, advance: Signal, word: Any, mark: Any) -> Signal:
        """Count the agreements of a step with its row of weights."""
        p, write = self.params, self.weights
        m.submodules[f"weights_{pe}"] = memory = Memory(
            shape=unsigned(p.simd), depth=p.weight_depth, one_port=True
        )
        m.submodules[f"xnor_{pe}"] = xnor = Xnor(_neuron(p))
        write_port, read_port = memory.write_port(), memory.read_port()
        # A block RAM answers late in the cycle and may be far from its neuron.
        weights = Signal(p.simd, name=f"row_{pe}", reset_less=True)
        reads, follows = advance & self.i.valid, advance
        if p.weight_reuse > 1:  # steps of other slots find the row where it is
            reads &= self.i.payload.slot == 0
            follows &= mark.slot == 0
        with m.If(follows):
            m.d.sync += weights.eq(read_port.data)
        m.d.comb += [
            write_port.en.eq(write.valid & (write.payload.pe == pe)),
            write_port.addr.eq(write.payload.row),
            write_port.data.eq(write.payload.data),
            read_port.en.eq(reads),
            read_port.addr.eq(self.i.payload.weight),
            xnor.en.eq(advance),
            xnor.x.eq(word.x),
            xnor.w.eq(weights),
            xnor.mask.eq(word.mask),
        ]
        return xnor.agree

    def _accumulate(self, m: Module, pe: int, advance: Signal, agree: Signal, mark: Any) -> Signal:
        """Add the counts of the steps of a tile; return the sum, which is a cycle late."""
        width, reuse = self.params.count_width, self.params.weight_reuse
        tails = [f"_{slot}" for slot in range(reuse)] if reuse > 1 else [""]
        slots = [Signal(width, name=f"so_far_{pe}{tail}") for tail in tails]
        so_far = Array(slots)[mark.slot] if reuse > 1 else slots[0]
        where: Any = m.If if reuse > 1 else nullcontext  # one slot needs no choice
        total = Signal(width, name=f"total_{pe}")
        count = Signal(width, name=f"count_{pe}", reset_less=True)
        m.d.comb += total.eq(so_far + agree)
        with m.If(advance):
            m.d.sync += count.eq(total)
            for slot, accumulator in enumerate(slots):
                with where(mark.slot == slot if reuse > 1 else True):
                    with m.If(mark.present):
                        m.d.sync += accumulator.eq(total)
                    with m.If(mark.last):
                        m.d.sync += accumulator.eq(0)
        return count

    def _compare(self, m: Module, pe: int, advance: Signal, count: Signal, mark: Any) -> Value:
        """Compare a count with the limit of its tile, which is read three cycles earlier."""
        p, write = self.params, self.thresholds
        row = limit_layout(p)
        m.submodules[f"thresholds_{pe}"] = memory = Memory(
            shape=row, depth=p.tile_depth, one_port=True
        )
        write_port, read_port = memory.write_port(), memory.read_port()
        near, threshold = (
            Signal(row, name=f"{name}_{pe}", reset_less=True) for name in ("near", "threshold")
        )
        reads = advance & mark.last
        if p.weight_reuse > 1:
            reads &= mark.slot == 0
        m.d.comb += [
            write_port.en.eq(write.valid & (write.payload.pe == pe)),
            write_port.addr.eq(write.payload.tile),
            write_port.data.limit.eq(write.payload.limit),
            write_port.data.polarity.eq(write.payload.polarity),
            read_port.en.eq(reads),
            read_port.addr.eq(mark.tile),
        ]
        # One register is near the memory and one near the comparator, as they may be far apart.
        with m.If(advance):
            m.d.sync += [near.eq(read_port.data), threshold.eq(near)]
        return (count >= threshold.limit) == threshold.polarity
