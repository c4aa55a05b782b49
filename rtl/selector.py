# SPDX-License-Identifier: MIT
"""Selection of classes and of components (contract, 6)."""

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import PrototypesParams, SelectorParams, Stream, stream_params
from rtl.lfsr import Lfsr, load_seeds, seed_layout
from rtl.memories import Memory
from rtl.prototypes import WORD_WIDTH, header_layout

__all__ = ["Selector", "weight_layout"]


def weight_layout(prototypes: PrototypesParams) -> StructLayout:
    """Return the layout of a write of a class threshold ``C_i``; ``i`` counts from 0."""
    return StructLayout({"index": bits_for(prototypes.classes - 1), "threshold": WORD_WIDTH})


class Selector(wiring.Component):
    """Selector of the class of each request, and of the component that answers it.

    *Classes.* While the table has at least one class, `en` asks for labels. A label is offered
    until it is taken, even if `en` falls. Mode ``round_robin`` offers its pointer in the cycle of
    `en`. The pointer advances when the label is taken, modulo the number of classes at that time:
    one label a cycle. The other modes use a word of stream 18, and the number of classes in the
    cycle before the label is offered. ``uniform`` offers the label one cycle after `en`, from a
    small product. ``weighted`` does a binary search over the class thresholds, one bit of the label
    a cycle. After a label was taken, these two modes wait for one cycle, in which `en` can still
    fall. A weighted search requires one threshold less than classes, and neither may change during
    the search.

    With `gaps`, classes may have been removed from the table. A label is offered only if its class
    is `there`. Otherwise the pointer advances in that cycle, or the next word is used as if the
    label had been taken; nothing goes on while no class is there. A label that is offered stays,
    whatever becomes of its class.

    *Components.* `choose` compares one word of stream 17 with the given thresholds. `choice`
    follows in the next cycle (latency 1) and stays until the next `choose`: one a cycle.

    Reset restarts the streams and the pointer. It does not change the class thresholds. A seed
    changes a stream, and never the pointer.

    Parameters
    ----------
    params : SelectorParams
    prototypes : PrototypesParams
        Parameters of the prototype memory.
    gaps : bool
        Whether classes of the table can have been removed.

    Members
    -------
    en : In(1)
        Ask for labels.
    n_classes : In
        Number of classes in the table.
    n_there : In
        With gaps: number of classes that are there.
    asked : Out
        With gaps: class of the label that may be offered.
    there : In(1)
        With gaps: whether class `asked` is there, in the same cycle.
    o : Out(stream.Signature(label))
        Labels of requests.
    weights : In(stream.Signature(weight_layout(prototypes)))
        Writes of class thresholds. All modes but ``weighted`` drop them.
    seeds : In(stream.Signature(seed_layout()))
        Seeds to load into the streams; those of streams that are not here are dropped.
    choose : In(1)
        Draw a component.
    count : In
        K, number of components of the class, at least 1.
    thresholds : In(ArrayLayout(16, K-1))
        Cumulative thresholds of the components, with room for the largest K.
    choice : Out
        Drawn component, ``0..K-1``.
    """

    #: Cycles from `choose` to `choice`.
    latency = 1

    def __init__(
        self, params: SelectorParams, prototypes: PrototypesParams, *, gaps: bool = False
    ) -> None:
        self.params, self.prototypes, self.gaps = params, prototypes, gaps
        label_width = bits_for(prototypes.classes - 1)
        #: Cycles from one label to the next.
        self.interval = {"round_robin": 1, "uniform": 2, "weighted": label_width + 2}[params.mode]
        super().__init__({
            "en": In(1),
            "n_classes": In(bits_for(prototypes.classes)),
            **({
                "n_there": In(bits_for(prototypes.classes)),
                "asked": Out(label_width),
                "there": In(1),
            } if gaps else {}),
            "o": Out(stream.Signature(label_width)),
            "weights": In(stream.Signature(weight_layout(prototypes))),
            "seeds": In(stream.Signature(seed_layout())),
            "choose": In(1),
            "count": In(bits_for(prototypes.class_components)),
            "thresholds": In(header_layout(prototypes)["thresholds"].shape),
            "choice": Out(bits_for(prototypes.class_components - 1)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._choose_component(m)
        m.d.comb += [self.weights.ready.eq(1), self.seeds.ready.eq(1)]
        made, passed_over = self._offer(m)
        if self.params.mode == "round_robin":
            self._go_round(m, made, passed_over)
        else:
            m.submodules.lfsr = lfsr = Lfsr(
                stream_params(self.params.seed, Stream.CLASS, WORD_WIDTH)
            )
            m.d.comb += load_seeds(lfsr, self.seeds, Stream.CLASS)
            with m.If(self.o.ready | passed_over):
                m.d.sync += made.eq(0)
            wanted = self.en & (self._classes != 0) & ~made
            if self.params.mode == "uniform":
                m.d.comb += lfsr.en.eq(wanted)
                with m.If(wanted):
                    m.d.sync += [
                        self.o.payload.eq((lfsr.word * self.n_classes) >> WORD_WIDTH),
                        made.eq(1),
                    ]
            else:
                self._search(m, lfsr, wanted, made)
        return m

    @property
    def _classes(self) -> Value:
        """Number of classes that can be named."""
        return self.n_there if self.gaps else self.n_classes

    def _offer(self, m: Module) -> tuple[Signal, Signal]:
        """Offer a label that is made; return whether one is, and whether it is passed over."""
        made, passed_over = Signal(), Signal()
        if self.gaps:
            offered = Signal()
            m.d.comb += [
                self.asked.eq(self.o.payload),
                self.o.valid.eq(made & (offered | self.there)),
                passed_over.eq(made & ~self.o.valid),
            ]
            m.d.sync += offered.eq(self.o.valid & ~self.o.ready)
        else:
            m.d.comb += self.o.valid.eq(made)
        return made, passed_over

    def _choose_component(self, m: Module) -> None:
        """Draw a component: the number of thresholds of the class that are not above a word."""
        others = self.prototypes.class_components - 1
        m.submodules.component_lfsr = lfsr = Lfsr(
            stream_params(self.params.seed, Stream.COMPONENT, WORD_WIDTH)
        )
        m.d.comb += [lfsr.en.eq(self.choose), *load_seeds(lfsr, self.seeds, Stream.COMPONENT)]
        # A register precedes the count, because the thresholds come late from a memory.
        hits = Signal(others)
        with m.If(self.choose):
            for i in range(others):
                hit = (self.thresholds[i] <= lfsr.word) & (i + 1 < self.count)
                m.d.sync += hits[i].eq(hit)
        m.d.comb += self.choice.eq(sum(hits))

    def _go_round(self, m: Module, made: Signal, passed_over: Signal) -> None:
        """Make labels of the classes in turn."""
        held = Signal()
        m.d.comb += made.eq(held | (self.en & (self._classes != 0)))
        m.d.sync += held.eq(made & ~self.o.ready & ~passed_over)
        with m.If((self.o.valid & self.o.ready) | passed_over):
            following = self.o.payload + 1
            m.d.sync += self.o.payload.eq(Mux(following == self.n_classes, 0, following))

    def _search(self, m: Module, lfsr: Lfsr, wanted: Value, made: Signal) -> None:
        """Count the class thresholds that are not above a word, from the top bit of the count down.

        Threshold ``C_i`` is in row ``i+1``: if it is not above the word, the count is at least
        ``i+1``. Thresholds never decrease, so the count is at least a candidate exactly if the row
        of the candidate is not above the word.
        """
        width = len(self.o.payload)
        m.submodules.thresholds = thresholds = Memory(
            shape=unsigned(WORD_WIDTH), depth=2**width, init=[]
        )
        write, read = thresholds.write_port(), thresholds.read_port(domain="comb")
        bit = Signal(width)  # the bit of the count that is tried; 0 if there is no search
        candidate = Signal(width)
        m.d.comb += [
            write.en.eq(self.weights.valid),
            write.addr.eq(self.weights.payload.index + 1),
            write.data.eq(self.weights.payload.threshold),
            candidate.eq(self.o.payload | bit),
            read.addr.eq(candidate),
            lfsr.en.eq(bit[0]),
        ]
        with m.If(bit != 0):
            m.d.sync += bit.eq(bit >> 1)
            with m.If((candidate < self.n_classes) & (read.data <= lfsr.word)):
                m.d.sync += self.o.payload.eq(candidate)
            with m.If(bit[0]):
                m.d.sync += made.eq(1)
        with m.Elif(wanted):
            m.d.sync += [bit.eq(1 << (width - 1)), self.o.payload.eq(0)]
