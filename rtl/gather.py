# SPDX-License-Identifier: MIT
"""Gather: windows over maps of few channels, packed without gaps into words."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import AcceleratorParams
from rtl.descriptor import descriptor_layout, places_of_turn, tag_layout
from rtl.lanes import lane_range
from rtl.memories import Memory
from rtl.mvu import step_layout

__all__ = ["Gather"]


class Gather(wiring.Component):
    """Words of windows, gathered without gaps and given to all neurons of a pixel.

    A map whose pixels have fewer channels than a word has lanes leaves lanes without work. The
    block takes the words of a window once, each with the channels of a pixel in its first lanes,
    and puts these channels side by side into `words` words. Then it offers these words anew for
    every tile of neurons, while it takes those of the next window. It holds two windows.

    A word is taken a cycle. If the last one of a window does not fit what is left of its gathered
    word, its rest takes another cycle. So a window takes `rtl.packing.gather_cycles`, g. Its first
    step is offered `latency` cycles after its last word was taken, one more if that one had a rest.
    A step is offered a cycle. If all tiles of a pixel have at least g steps, none but the first one
    of a layer ever waits for words that come one a cycle. Reset drops the windows inside.

    Parameters
    ----------
    params : AcceleratorParams
        A machine that gathers.

    Members
    -------
    start : In(1)
        Begin a layer: in a later cycle its first word may be taken. No step is inside.
    channels : In(range(simd + 1))
        Channels of a pixel, at least 1. This and the next inputs are those of the layer, held from
        `start` to its last step.
    words : In(range(gather_words + 1))
        Words of a window, at least 1.
    outputs : In
        Neurons.
    tile_step : In
        Distance between the places of successive tiles of PE neurons.
    weight, tile : In
        First rows of weights and of thresholds.
    i : In(stream.Signature(step_layout(params.mvu, tag_layout(params))))
        Words of windows. `last` ends a window, and the `end` of its tag a layer; no other field
        counts. Lanes from `channels` on are 0.
    o : Out(stream.Signature(step_layout(params.mvu, tag_layout(params))))
        Steps of the matrix-vector unit. Lanes past the channels of a window are 0, and count.
    """

    #: Cycles from the last word of a window to its first step, if the last word has no rest.
    latency = 3
    #: Cycles from one word to the next, and from one step to the next.
    interval = 1

    def __init__(self, params: AcceleratorParams) -> None:
        if not params.gathers:
            raise ValueError(
                "Gather needs gather_words above 0 and a weight reuse of 1, not "
                f"{params.gather_words} and {params.mvu.weight_reuse}"
            )
        self.params = params
        d, step = descriptor_layout(params), step_layout(params.mvu, tag_layout(params))
        super().__init__({
            "start": In(1),
            "channels": In(range(params.mvu.simd + 1)),
            "words": In(d["gathered"].shape),
            "outputs": In(d["group_outputs"].shape),
            **{name: In(d[name].shape) for name in ("tile_step", "weight", "tile")},
            "i": In(stream.Signature(step)),
            "o": Out(stream.Signature(step)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.window = self._memory = Memory(
            shape=unsigned(self.params.mvu.simd), depth=2 * self.params.gather_words, init=[]
        )
        # Which of the two windows are complete, and which of them end a layer.
        complete, ends = Signal(2), Signal(2)
        self._fill(m, complete, ends)
        self._offer(m, complete, ends)
        return m

    def _fill(self, m: Module, complete: Signal, ends: Signal) -> None:
        """Put the channels of every word behind those of the word before."""
        i, simd = self.i, self.params.mvu.simd
        # A feature memory answers late in the cycle.
        held = Signal.like(i.payload.x)
        there, last, end = Signal(), Signal(), Signal()
        part = Signal(simd)  # of the next gathered word; its first free lane is `lane`
        lane, total = Signal(range(simd)), Signal(range(2 * simd))
        write, half = self._memory.write_port(), Signal()
        address = Signal.like(write.addr)
        active, rest, over = Signal(), Signal(), Signal()
        taken, done = Signal(), Signal()
        rotated, mask = self._rotated(held, lane), lane_range(lane, Value.cast(simd), simd)
        merged, above = part | (rotated & mask), rotated & ~mask
        full = total >= simd
        m.d.comb += [
            total.eq(lane + self.channels),
            active.eq(there & ~complete.bit_select(half, 1)),
            over.eq(last & (total > simd) & ~rest),  # the rest of the last word follows
            taken.eq(active & ~over),
            done.eq(taken & last),
            i.ready.eq(~there | taken),
            write.en.eq(active & (full | last)),
            write.addr.eq(address),
            write.data.eq(Mux(rest, above, merged)),
        ]
        with m.If(i.ready):
            m.d.sync += [there.eq(i.valid), held.eq(i.payload.x)]
            m.d.sync += [last.eq(i.payload.last), end.eq(i.payload.tag.end)]
        with m.If(active):
            m.d.sync += rest.eq(over)
        with m.If(write.en):
            m.d.sync += address.eq(address + 1)
        with m.If(taken):
            m.d.sync += [part.eq(Mux(full, above, merged)), lane.eq(Mux(full, total - simd, total))]
        with m.If(done):
            m.d.sync += [part.eq(0), lane.eq(0), half.eq(~half)]
            m.d.sync += address.eq(Mux(half, 0, self.params.gather_words))
            m.d.sync += [complete.bit_select(half, 1).eq(1), ends.bit_select(half, 1).eq(end)]

    def _rotated(self, word: Value, lanes: Signal) -> Value:
        """Return a word whose lanes have moved up, the last ones to the first."""
        for bit in range(len(lanes)):
            by = (1 << bit) % len(word)
            moved = Cat(word[len(word) - by :], word[: len(word) - by])
            word = Mux(lanes[bit], moved, word)
        return word

    def _offer(self, m: Module, complete: Signal, ends: Signal) -> None:
        """Offer the words of a window for every tile."""
        o, neurons = self.o, self.params.neurons
        read, half = self._memory.read_port(), Signal()
        address, count = Signal.like(read.addr), Signal.like(self.words)
        weight, tile = Signal.like(self.weight), Signal.like(self.tile)
        place, left = Signal.like(o.payload.tag.place), Signal.like(self.outputs)
        first = Mux(half, self.params.gather_words, 0)
        advance, last, final = Signal(), Signal(), Signal()
        step = {
            "weight": weight, "tile": tile, "last": last, "place": place,
            "lanes": Mux(final, left, neurons), "final": final,
            "end": final & ends.bit_select(half, 1),
        }  # fmt: skip
        step = {name: Value.cast(value) for name, value in step.items()}
        held = {name: Signal(value.shape(), name=f"o_{name}") for name, value in step.items()}
        tag = o.payload.tag
        m.d.comb += [
            advance.eq(~o.valid | o.ready),
            read.en.eq(advance & complete.bit_select(half, 1)),
            read.addr.eq(address),
            last.eq(count + 1 == self.words),
            final.eq(left <= neurons),
            o.payload.x.eq(read.data),
            o.payload.mask.eq(~0),
            *(o.payload[name].eq(held[name]) for name in ("weight", "tile", "last")),
            *(tag[name].eq(held[name]) for name in ("place", "lanes", "end")),
            tag.last.eq(held["final"]),
        ]
        with m.If(advance):
            m.d.sync += o.valid.eq(read.en)
        with m.If(read.en):
            m.d.sync += [value.eq(step[name]) for name, value in held.items()]
            m.d.sync += [address.eq(address + 1), count.eq(count + 1), weight.eq(weight + 1)]
            with m.If(last):
                m.d.sync += [address.eq(first), count.eq(0), tile.eq(tile + 1)]
                m.d.sync += place.eq(place + places_of_turn(self.tile_step, self.params))
                m.d.sync += left.eq(left - neurons)
        with m.If(self.start | (read.en & last & final)):  # the next pixel begins with all neurons
            m.d.sync += [weight.eq(self.weight), tile.eq(self.tile), place.eq(0)]
            m.d.sync += left.eq(self.outputs)
        with m.If(read.en & last & final):
            m.d.sync += [half.eq(~half), address.eq(Mux(half, 0, self.params.gather_words))]
            m.d.sync += complete.bit_select(half, 1).eq(0)
