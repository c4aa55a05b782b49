# SPDX-License-Identifier: MIT
"""Learner: what counts classes and classifies by prototypes, beside the memory of both."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.params import ChipParams, ClassCounterParams, PrototypeClassifierParams
from rtl.beat import beat_layout
from rtl.class_counter import ClassCounter
from rtl.class_slots import command_layout
from rtl.online_mixture import OnlineMixture
from rtl.output import answer_word_layout, source_layout
from rtl.prototype_classifier import PrototypeClassifier, table_layout
from rtl.prototypes import entry_layout, header_layout

__all__ = ["Learner"]


class Learner(wiring.Component):
    """What learns classes by counting, and what names pictures by the prototypes.

    It joins the two blocks to the ports of a shared `rtl.sampler.Sampler`. There are no registers
    between them, so latency and throughput are those of the blocks. Classes of one component are
    counted by a `rtl.class_counter.ClassCounter`, classes of several by a
    `rtl.online_mixture.OnlineMixture` in its place. Where the chip has neither, or no classifier,
    streams are never ready and outputs are 0. Reset is that of the blocks.

    Parameters
    ----------
    params : ChipParams

    Members
    -------
    exemplars : In(stream.Signature(beat_layout(lanes, slots)))
        Exemplars to count; the label is the slot.
    commands : In(stream.Signature(command_layout(counter)))
    pictures : In(stream.Signature(beat_layout(lanes, classes)))
        Pictures to name.
    table : In(stream.Signature(table_layout(classifier)))
        Costs.
    append, rows : Out
        Headers and rows of closed classes, for the memory.
    answer : Out(stream.Signature(source_layout()))
        A packet of one word for each picture.
    closing, answering : Out(1)
        A close is under way; a picture has begun to come whose answer has not left.
    full, empty, closed, nameless : Out(1)
        Flags: `overflow`, `empty` and `closed` of the counter or the mixture, `empty` of the
        classifier.
    count_read : Out(1)
        A row of counts is read.
    reader_*, n_classes, entry, codes
        As a shared sampler has them, from the other side.
    """

    #: Cycles that it adds to those of its blocks.
    latency = 0
    #: Cycles from one beat to the next.
    interval = 1

    def __init__(self, params: ChipParams) -> None:
        self.params = params
        p = params.sampler.prototypes
        # Ports of a block that is not there have the shape of the smallest one.
        counter = params.counter or ClassCounterParams(prototypes=p)
        classifier = params.classifier or PrototypeClassifierParams(prototypes=p, table_width=1)
        label = bits_for(p.classes - 1)
        flags = ("closing", "answering", "full", "empty", "closed", "nameless", "count_read")
        super().__init__({
            "exemplars": In(stream.Signature(beat_layout(p.lanes, counter.slots))),
            "commands": In(stream.Signature(command_layout(counter))),
            "pictures": In(stream.Signature(beat_layout(p.lanes, p.classes))),
            "table": In(stream.Signature(table_layout(classifier))),
            "append": Out(stream.Signature(header_layout(p, editable=True))),
            "rows": Out(stream.Signature(p.row_width)),
            "answer": Out(stream.Signature(source_layout())),
            **dict.fromkeys(flags, Out(1)),
            "reader_ask": Out(1),
            "reader_go": In(1),
            "reader_label_en": Out(1),
            "reader_label": Out(label),
            "reader_row_en": Out(1),
            "reader_component": Out(bits_for(p.components - 1)),
            "reader_beat": Out(bits_for(p.beats - 1)),
            "n_classes": In(bits_for(p.classes)),
            "entry": In(entry_layout(p, editable=True)),
            "codes": In(ArrayLayout(p.code_width, p.lanes)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.params.counter is not None:
            self._count(m, self.params.counter)
        if self.params.classifier is not None:
            self._name(m, self.params.classifier)
        return m

    def _count(self, m: Module, params: ClassCounterParams) -> None:
        """Join the class counter, or the components that compete in its place."""
        if (mixture := self.params.mixture) is not None:
            m.submodules.online_mixture = counter = OnlineMixture(mixture, params)
        else:
            m.submodules.class_counter = counter = ClassCounter(params)
        wiring.connect(m, wiring.flipped(self.exemplars), counter.i)
        wiring.connect(m, wiring.flipped(self.commands), counter.commands)
        wiring.connect(m, counter.append, wiring.flipped(self.append))
        wiring.connect(m, counter.rows, wiring.flipped(self.rows))
        m.d.comb += [
            self.closing.eq(counter.closing),
            self.full.eq(counter.overflow),
            self.empty.eq(counter.empty),
            self.closed.eq(counter.closed),
            self.count_read.eq(counter.row_read),
        ]

    def _name(self, m: Module, params: PrototypeClassifierParams) -> None:
        """Join the classifier, and make words of its answers."""
        m.submodules.prototype_classifier = classifier = PrototypeClassifier(params)
        wiring.connect(m, wiring.flipped(self.pictures), classifier.i)
        wiring.connect(m, wiring.flipped(self.table), classifier.table)
        word = Signal(answer_word_layout())
        m.d.comb += [
            self.reader_ask.eq(classifier.ask),
            classifier.go.eq(self.reader_go),
            *(
                getattr(self, f"reader_{name}").eq(getattr(classifier, name))
                for name in ("label_en", "label", "row_en", "component", "beat")
            ),
            *(
                getattr(classifier, name).eq(getattr(self, name))
                for name in ("n_classes", "entry", "codes")
            ),
            self.answering.eq(classifier.busy),
            self.nameless.eq(classifier.empty),
            word.cost.eq(classifier.o.payload.cost),
            word.label.eq(classifier.o.payload.label),
            self.answer.valid.eq(classifier.o.valid),
            classifier.o.ready.eq(self.answer.ready),
            self.answer.payload.data.eq(word.as_value()),
            self.answer.payload.label.eq(word.label),
            self.answer.payload.last.eq(1),
        ]
