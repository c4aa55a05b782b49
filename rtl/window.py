# SPDX-License-Identifier: MIT
"""Nest of loops that divides a layer into steps of the matrix-vector unit."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import AcceleratorParams
from rtl.descriptor import Operation, descriptor_layout, places_of_turn
from rtl.strip import Strip, step_layout

__all__ = ["Window"]


class _Loop(IntEnum):
    """Loops of the nest, innermost first."""

    WORD = 0
    COLUMN = 1  # of the kernel
    ROW = 2  # of the kernel
    TILE = 3
    GROUP = 4
    X = 5
    Y = 6
    LAYER = 7


class Window(wiring.Component):
    """Addresses of the input words of a layer's neurons, in the order of the weights.

    The loops run, from the outermost to the innermost, over output rows, output columns, groups,
    tiles of a group's outputs, kernel rows, kernel columns, and words with channels of the group.
    A turn of the loop over tiles is one tile of each unit, as they work side by side.
    The first step is offered `latency` cycles after the descriptor, and then one a cycle. The
    descriptor is taken with the last step. Reset drops the current layer.

    No multiplication is needed. In each cycle exactly one loop advances, and the loops inside it
    start over. So one adder gives the next address: it adds the pitch of the advancing loop to the
    address at which the current turn of that loop began. All inner loops then begin at the sum. The
    start of the layer is a turn of an additional outermost loop. Whether a loop is in its last turn
    is decided when the turn begins, and kept in a register: so no comparison lies before the adder.

    With weight reuse P, the loop over the output columns of neurons advances by strips of up to P
    pixels, and a row may end with a shorter strip. `Strip` is the innermost loop: it repeats a step
    for each pixel of the strip, with the same row of weights. Words of other operations have no
    weights and keep the order above.

    Parameters
    ----------
    params : AcceleratorParams

    Members
    -------
    i : In(stream.Signature(descriptor_layout(params)))
        Layers.
    o : Out(stream.Signature(step_layout(params)))
        Steps.
    """

    #: Cycles from a descriptor to its first step.
    latency = 1
    #: Cycles from one step to the next.
    interval = 1

    def __init__(self, params: AcceleratorParams) -> None:
        self.params = params
        self._reuse = params.mvu.weight_reuse
        super().__init__({
            "i": In(stream.Signature(descriptor_layout(params))),
            "o": Out(stream.Signature(step_layout(params))),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        running, move = Signal(), Signal()
        self._out: Any = self._strips(m) if self._reuse > 1 else self.o
        # For each loop: this is its last turn, a register; the loop and all loops inside it end.
        ended, ends = Signal(_Loop.LAYER), Signal(_Loop.LAYER)
        begin = self.i.valid & ~running
        m.d.comb += [
            self._out.valid.eq(running),
            move.eq(begin | (running & self._out.ready)),
            self.i.ready.eq(running & self._out.ready & ended.all()),
            *(ends[n].eq(begin | ended[: n + 1].all()) for n in range(_Loop.LAYER)),
        ]
        with m.If(move):
            m.d.sync += running.eq(begin | ~ends[_Loop.Y])
        carry = self._lanes(m, move, ends, ended)
        self._addresses(m, move, ends, carry)
        self._positions(m, move, ends)
        self._tiles(m, move, ends, ended)
        self._turns(m, move, ends, ended)
        m.d.comb += self._out.payload.last.eq(ended[: _Loop.TILE].all())
        return m

    def _strips(self, m: Module) -> Any:
        """Return the stream of steps for first pixels, from which all others come."""
        d = self.i.payload
        m.submodules.strip = strip = Strip(self.params)
        wiring.connect(m, strip.o, wiring.flipped(self.o))
        m.d.comb += [getattr(strip, name).eq(d[name]) for name in ("columns", "stride", "x_pitch")]
        return strip.i

    def _to_next_strip(self, pitch: Any) -> Value:
        """Return the distance of the windows of successive turns, given that of adjacent ones."""
        if self._reuse == 1:
            return pitch
        neurons = self.i.payload.operation == Operation.NEURONS
        return Mux(neurons, pitch << (self._reuse.bit_length() - 1), pitch)

    def _addresses(self, m: Module, move: Signal, ends: Signal, carry: Value) -> None:
        """Compute the next address; keep the address at which each loop's current turn began."""
        d = self.i.payload
        address = Signal.like(d.origin)
        m.d.comb += self._out.payload.address.eq(address)
        begun = {
            loop: Signal.like(d.origin, name=f"begun_{loop.name.lower()}")
            for loop in (_Loop.COLUMN, _Loop.ROW, _Loop.GROUP, _Loop.X, _Loop.Y)
        }
        base, pitch, following = (Signal.like(d.origin) for _ in range(3))
        once_more = Signal()  # the carry into the adder
        m.d.comb += following.eq((Cat(Const(1, 1), base) + Cat(once_more, pitch))[1:])
        steps = {
            _Loop.WORD: (address, 1),
            _Loop.COLUMN: (begun[_Loop.COLUMN], d.column_pitch),
            _Loop.ROW: (begun[_Loop.ROW], d.row_pitch),
            _Loop.TILE: (begun[_Loop.GROUP], 0),
            _Loop.GROUP: (begun[_Loop.GROUP], d.group_words),
            _Loop.X: (begun[_Loop.X], self._to_next_strip(d.x_pitch)),
            _Loop.Y: (begun[_Loop.Y], d.y_pitch),
            _Loop.LAYER: (d.origin, 0),
        }
        for loop, (start, by) in _chain(m, ends, steps):
            m.d.comb += [base.eq(start), pitch.eq(by), once_more.eq(carry & (loop is _Loop.GROUP))]
            with m.If(move):
                m.d.sync += address.eq(following)
                m.d.sync += [begun[n].eq(following) for n in begun if n <= loop]

    def _positions(self, m: Module, move: Signal, ends: Signal) -> None:
        """Track row and column in the map; positions before the map are large numbers."""
        d = self.i.payload
        width = len(d.rows) + 1
        row, column, window_row, window_column = (
            Signal(width, name=name) for name in ("row", "column", "window_row", "window_column")
        )
        step = self._out.payload
        if self._reuse > 1:
            m.d.comb += [step.inside.eq(row < d.rows), step.column.eq(column)]
        else:
            m.d.comb += step.inside.eq((row < d.rows) & (column < d.columns))
        here = (window_row, window_column)
        steps = {
            _Loop.WORD: (row, column),
            _Loop.COLUMN: (row, column + 1),
            _Loop.ROW: (row + 1, window_column),
            _Loop.TILE: here,
            _Loop.GROUP: here,
            _Loop.X: (window_row, window_column + self._to_next_strip(d.stride)),
            _Loop.Y: (window_row + d.stride, -d.pad),
            _Loop.LAYER: (-d.pad, -d.pad),
        }
        for loop, (next_row, next_column) in _chain(m, ends, steps):
            with m.If(move):
                m.d.sync += [row.eq(next_row), column.eq(next_column)]
                if loop >= _Loop.X:
                    m.d.sync += [window_row.eq(next_row), window_column.eq(next_column)]

    def _lanes(self, m: Module, move: Signal, ends: Signal, ended: Signal) -> Value:
        """Track the lanes of the group, also beyond the word; return their carry to the address."""
        d, simd = self.i.payload, self.params.mvu.simd
        low, group_low = (Signal(range(max(2, simd)), name=name) for name in ("low", "group_low"))
        # A group may begin in any lane of its first word, and it may end in a later word.
        size = range(self.params.map_depth * simd + simd)
        end, group_end = (Signal(size, name=name) for name in ("end", "group_end"))
        one_word = Signal()  # the group lies in one word
        lane, carry = Signal(range(2 * simd)), Signal()
        next_lane = Signal.like(group_low)
        m.d.comb += [
            lane.eq(group_low + d.group_lanes),
            carry.eq(lane >= simd),
            next_lane.eq(Mux(carry, lane - simd, lane)),
            self._out.payload.low.eq(low),
            self._out.payload.high.eq(Mux(ended[_Loop.WORD], end, simd)),
        ]
        here = (group_low, group_end, one_word)
        first = (0, d.group_inputs, _at_most(d.group_inputs, simd))
        steps = {
            _Loop.WORD: (0, end - simd, _at_most(end, 2 * simd)),
            _Loop.COLUMN: here,
            _Loop.ROW: here,
            _Loop.TILE: here,
            _Loop.GROUP: (
                next_lane,
                group_end + Mux(carry, d.group_lanes - simd, d.group_lanes),
                _at_most(next_lane + d.group_inputs, simd),
            ),
            _Loop.X: first,
            _Loop.Y: first,
            _Loop.LAYER: first,
        }
        for loop, (next_low, next_end, last) in _chain(m, ends, steps):
            with m.If(move):
                m.d.sync += [low.eq(next_low), end.eq(next_end), ended[_Loop.WORD].eq(last)]
                if loop >= _Loop.GROUP:
                    m.d.sync += [group_low.eq(next_low), group_end.eq(next_end), one_word.eq(last)]
        return carry

    def _tiles(self, m: Module, move: Signal, ends: Signal, ended: Signal) -> None:
        """Track the remaining outputs of the group, their places, and the rows of the memories."""
        d, step, neurons = self.i.payload, self._out.payload, self.params.neurons
        weight, tile = Signal.like(d.weight), Signal.like(d.tile)
        left, place, group_place = (
            Signal.like(d.group_outputs, name=name) for name in ("left", "place", "group_place")
        )
        final = ended[_Loop.TILE] & ended[_Loop.GROUP]
        m.d.comb += [
            step.weight.eq(weight),
            step.tile.eq(tile),
            step.tag.place.eq(place),
            step.tag.lanes.eq(Mux(ended[_Loop.TILE], left, neurons)),
            step.tag.last.eq(final),
            step.tag.end.eq(final & ended[_Loop.X] & ended[_Loop.Y]),
        ]
        following = Signal.like(place)
        m.d.comb += following.eq(group_place + d.group_step)
        with m.If(move):
            m.d.sync += weight.eq(weight + 1)
            with m.If(ends[_Loop.TILE]):
                m.d.sync += ended[_Loop.TILE].eq(_at_most(d.group_outputs, neurons))
            with m.Elif(ends[_Loop.ROW]):
                m.d.sync += ended[_Loop.TILE].eq(_at_most(left, 2 * neurons))
            with m.If(ends[_Loop.GROUP]):
                m.d.sync += [weight.eq(d.weight), tile.eq(d.tile)]
                m.d.sync += [left.eq(d.group_outputs), place.eq(0), group_place.eq(0)]
            with m.Elif(ends[_Loop.TILE]):
                m.d.sync += [tile.eq(tile + 1), left.eq(d.group_outputs)]
                m.d.sync += [place.eq(following), group_place.eq(following)]
            with m.Elif(ends[_Loop.ROW]):
                m.d.sync += [tile.eq(tile + 1), left.eq(left - neurons)]
                m.d.sync += place.eq(place + places_of_turn(d.tile_step, self.params))

    def _turns(self, m: Module, move: Signal, ends: Signal, ended: Signal) -> None:
        """Count down the turns of the loops that have a fixed number of turns."""
        d = self.i.payload
        turns = {
            _Loop.COLUMN: d.kernel_columns,
            _Loop.ROW: d.kernel_rows,
            _Loop.GROUP: d.groups,
            _Loop.X: d.out_columns,
            _Loop.Y: d.out_rows,
        }
        for loop, count in turns.items():
            left = Signal(len(count), name=f"left_{loop.name.lower()}")
            turn: Any = 1
            one, two = count == 1, left == 2  # whether that is the last turn, or one before it
            if loop is _Loop.X and self._reuse > 1:
                turn = self._to_next_strip(Const(1))
                one, two = count <= turn, left <= turn << 1
                m.d.comb += self._out.payload.pixels.eq(Mux(ended[loop], left, turn))
            with m.If(move & ends[loop]):
                m.d.sync += [left.eq(count), ended[loop].eq(one)]
            with m.Elif(move & ends[loop - 1]):
                m.d.sync += [left.eq(left - turn), ended[loop].eq(two)]


def _at_most(value: Any, bound: int) -> Value:
    """Return whether a value is at most a bound; for a power of two, without an adder."""
    value = Value.cast(value)
    low = bound.bit_length() - 1
    if bound != 1 << low or low >= len(value):
        return value <= bound
    return ~value[low + 1 :].any() & ~(value[low] & value[:low].any())


def _chain(m: Module, ends: Signal, steps: dict[_Loop, Any]) -> Iterator[tuple[_Loop, Any]]:
    """Yield each loop with its step, in the context in which this loop advances."""
    for loop, step in steps.items():
        if loop is _Loop.WORD:
            context = m.If(~ends[_Loop.WORD])
        elif loop is _Loop.LAYER:
            context = m.Else()
        else:
            context = m.Elif(~ends[loop])
        with context:
            yield loop, step
