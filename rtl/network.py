# SPDX-License-Identifier: MIT
"""Machine that runs whole networks layer by layer on its matrix-vector units (contract, 3)."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.params import AcceleratorParams
from rtl.descriptor import LoadTarget, Operation, descriptor_layout, load_layout
from rtl.fetch import Fetch, fill_layout
from rtl.head import logit_layout
from rtl.intake import Intake
from rtl.memories import Memory
from rtl.mvu import limit_layout
from rtl.network_blocks import join_blocks, pass_tiles, read_words
from rtl.thermometer import word_layout
from rtl.window import Window

__all__ = ["Network", "map_write_layout"]


def map_write_layout(params: AcceleratorParams) -> data.StructLayout:
    """Return the layout of a word that is written to a map, with its layer and its address."""
    return data.StructLayout({
        "layer": range(max(2, params.program_depth)),
        "address": range(max(2, params.map_depth)), "data": params.mvu.simd,
    })  # fmt: skip


class Network(wiring.Component):
    """Feature extractor and head for the network that its program describes.

    A program of layer descriptors runs once for every picture. The first layer turns pixels into a
    map. The other layers read one feature memory through the window and write the other one, or
    they send out words or logits. A layer begins when the last word of the one before has been
    written. If the second layer gathers its windows, it begins earlier: it reads the first map
    while pixels still come, and waits where they come late. Its last tile waits for the last pixel,
    so that it is done when the picture is in. A picture waits until the one before is done.
    `rtl.program.Program.cycles` gives the cycles of a picture. The hardware distinguishes layers
    only by their operation. Kernels, groups, padding, strides, the words of a gathered window and
    the concatenation of the head are numbers in the descriptor.

    With two units side by side, each computes half of the outputs of a group: its tiles of PE
    outputs go to unit 0 and unit 1 in turns, so that both see every word. Beside a last tile
    without a partner, unit 1 works for nothing. No bit of any map or logit depends on the number of
    units.

    Features and logits pass skid buffers: whoever does not take them stalls the machine one word
    later.

    Memories are loaded while no picture is inside. Words to load have priority over pixels. Reset
    ends the picture. The memories keep their contents.

    Parameters
    ----------
    params : AcceleratorParams

    Members
    -------
    pixels : In(stream.Signature(params.pixel_bits))
        Colour values of pictures in the order (row, column, colour).
    load : In(stream.Signature(load_layout(params)))
        Words of the program, the weights and the thresholds.
    n_classes : In(range(params.classes + 1))
        Number of classes seen so far; held while a picture is inside.
    features : Out(stream.Signature(word_layout(params.mvu.simd)))
        Words of the embedding; `last` is set in the last one.
    logits : Out(stream.Signature(logit_layout(params)))
        Logits in the order of classes, as in `rtl.head.Head`.
    busy : Out(1)
        A picture is inside.
    map_fill : Out(wiring.Signature({"valid": Out(1), "payload": Out(fill_layout(params))}))
        Every word of the first map when it is written, for observation.
    map_write : Out(wiring.Signature({"valid": Out(1), "payload": Out(map_write_layout(params))}))
        Every word that is written to another map, for observation. Behind a shuffle that the
        program leaves to later weights, the channels lie in the order of the groups
        (`rtl.shuffle`).
    """

    #: Cycles before a layer's first word: reading its descriptor, the window, the feature memory.
    #: If windows are gathered, the first step of neurons comes `rtl.packing.gather_cycles` - 1 +
    #: `Gather.latency` later.
    latency = 1 + Window.latency + Fetch.latency
    #: Cycles of the first layer beside those of its pixels: the descriptor, the picture's begin,
    #: and the last word in the encoder and in the memory.
    intake_latency = 2 + Intake.latency + 1

    def __init__(self, params: AcceleratorParams) -> None:
        self.params = params
        super().__init__({
            "pixels": In(stream.Signature(unsigned(params.pixel_bits))),
            "load": In(stream.Signature(load_layout(params))),
            "n_classes": In(range(params.classes + 1)),
            "features": Out(stream.Signature(word_layout(params.mvu.simd))),
            "logits": Out(stream.Signature(logit_layout(params))),
            "busy": Out(1),
            "map_fill": Out(wiring.Signature({
                "valid": Out(1), "payload": Out(fill_layout(params)),
            })),
            "map_write": Out(wiring.Signature({
                "valid": Out(1), "payload": Out(map_write_layout(params)),
            })),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.params
        self._blocks = blocks = join_blocks(m, p)
        idle, fetching, reading, active = Signal(), Signal(), Signal(), Signal()
        layer = Signal(range(max(2, p.program_depth)))
        self._load(m, idle)
        descriptor = self._descriptor(m, layer, fetching)
        # The descriptor is that of another layer, of which no word has left.
        fresh = Signal()
        m.d.sync += fresh.eq(fetching)
        done = self._leave(m, descriptor, fresh, active, layer)
        self._take_pixels(m, descriptor, fresh)
        read_words(m, blocks, descriptor, reading, fresh, self.features)
        pass_tiles(m, blocks, descriptor, self.n_classes, self.logits)
        self._sequence(m, descriptor, layer, idle, fetching, reading, active, done)
        return m

    def _sequence(
        self, m: Module, descriptor: data.View, layer: Signal, idle: Signal, fetching: Signal,
        reading: Signal, active: Signal, done: Signal,
    ) -> None:  # fmt: skip
        """Go through the program once for every picture."""
        m.d.comb += self.busy.eq(~idle)
        with m.FSM():
            with m.State("idle"):
                m.d.comb += idle.eq(1)
                with m.If(self.pixels.valid & ~self.load.valid):
                    m.next = "fetch"
            with m.State("fetch"):
                m.d.comb += fetching.eq(1)
                m.next = "begin"
            with m.State("begin"):
                m.d.comb += [reading.eq(descriptor.operation != Operation.INPUT), active.eq(1)]
                with m.If(~reading | (self._blocks.window.i.valid & self._blocks.window.i.ready)):
                    m.next = "end"
            with m.State("end"):
                m.d.comb += active.eq(1)
                with m.If(done):
                    m.d.sync += layer.eq(Mux(descriptor.end, 0, layer + 1))
                    m.next = "fetch"
                    with m.If(descriptor.end):
                        m.next = "idle"

    def _load(self, m: Module, idle: Signal) -> None:
        """Load words into the memories; `_descriptor` loads the program memory."""
        load, weights, thresholds = self.load, self._blocks.mvu.weights, self._blocks.mvu.thresholds
        word, limit = load.payload, Signal(limit_layout(self.params.mvu))
        taken = load.valid & idle
        m.d.comb += [
            load.ready.eq(idle),
            weights.valid.eq(taken & (word.target == LoadTarget.WEIGHTS)),
            weights.payload.row.eq(word.address),
            weights.payload.pe.eq(word.lane),
            weights.payload.data.eq(word.data),
            thresholds.valid.eq(taken & (word.target == LoadTarget.THRESHOLDS)),
            thresholds.payload.tile.eq(word.address),
            thresholds.payload.pe.eq(word.lane),
            limit.eq(word.data),
            thresholds.payload.limit.eq(limit.limit),
            thresholds.payload.polarity.eq(limit.polarity),
        ]

    def _descriptor(self, m: Module, layer: Signal, fetching: Signal) -> data.View:
        """Return the descriptor that was last fetched."""
        layout, load = descriptor_layout(self.params), self.load
        m.submodules.program = program = Memory(
            shape=unsigned(layout.size), depth=self.params.program_depth, one_port=True
        )
        write, read = program.write_port(), program.read_port()
        m.d.comb += [
            write.en.eq(load.valid & load.ready & (load.payload.target == LoadTarget.PROGRAM)),
            write.addr.eq(load.payload.address),
            write.data.eq(load.payload.data),
            read.en.eq(fetching),
            read.addr.eq(layer),
        ]
        return data.View(layout, read.data)

    def _take_pixels(self, m: Module, descriptor: data.View, fresh: Signal) -> None:
        """Let the pixels of one picture in, and none of the next one."""
        intake, names = self._blocks.intake, ("levels", "length")
        names += ("lead",) if self.params.gathers else ()
        wiring.connect(m, wiring.flipped(self.pixels), intake.pixels)
        wiring.connect(m, intake.write, self._blocks.fetch.fill)
        m.d.comb += [
            intake.start.eq(fresh & (descriptor.operation == Operation.INPUT)),
            *(getattr(intake, name).eq(descriptor[name]) for name in names),
            self.map_fill.valid.eq(intake.write.valid & intake.write.ready),
            self.map_fill.payload.eq(intake.write.payload),
        ]

    def _leave(
        self, m: Module, descriptor: data.View, fresh: Signal, active: Signal, layer: Signal
    ) -> Signal:
        """Write words to the map; return whether the layer is done."""
        tap, write = self.map_write, self._blocks.fetch.write
        sources = {
            Operation.NEURONS: (self._blocks.collector.o, self._blocks.collector.o.payload),
            Operation.POOL: (self._blocks.pool.o, self._blocks.pool.o.payload.x),
        }
        written, leaves = Signal.like(descriptor.length), Signal()
        final, done = Signal(), Signal()  # the word is the last one; the layer is done
        m.d.comb += [
            write.valid.eq(tap.valid),
            write.payload.bank.eq(~descriptor.source),
            write.payload.address.eq(tap.payload.address),
            write.payload.data.eq(tap.payload.data),
            tap.payload.layer.eq(layer),
            tap.payload.address.eq(descriptor.offset + written),
            self.features.payload.last.eq(final),
            *(source.ready.eq(1) for source, _ in sources.values()),
        ]
        with m.If(active), m.Switch(descriptor.operation):
            with m.Case(Operation.INPUT):  # the rest comes while the next layer reads the map
                m.d.comb += done.eq(self._blocks.intake.early)
            for operation, (source, word) in sources.items():
                with m.Case(operation):
                    m.d.comb += [leaves.eq(source.valid), tap.valid.eq(source.valid)]
                    m.d.comb += tap.payload.data.eq(word)
                    m.d.comb += done.eq(leaves & final)
            with m.Case(Operation.FEATURES):
                m.d.comb += leaves.eq(self.features.valid & self.features.ready)
                m.d.comb += done.eq(leaves & final)
            with m.Case(Operation.LOGITS):
                logits = self.logits
                m.d.comb += done.eq(logits.valid & logits.ready & logits.payload.last)
        with m.If(fresh):
            m.d.sync += final.eq(descriptor.length == 1)
        with m.If(done):
            m.d.sync += written.eq(0)
        with m.Elif(leaves):
            m.d.sync += [written.eq(written + 1), final.eq(written + 2 == descriptor.length)]
        return done
