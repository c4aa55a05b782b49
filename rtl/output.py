# SPDX-License-Identifier: MIT
"""Output: it merges the packets of all sources into one stream (docs/chip.md)."""

from amaranth.hdl import Array, Module, Signal, signed, unsigned
from amaranth.lib import enum, stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from golden.params.chip import ANSWER_WIDTH, LABEL_WIDTH

__all__ = [
    "Kind",
    "Output",
    "answer_word_layout",
    "head_word_layout",
    "packet_layout",
    "source_layout",
    "user_layout",
]


class Kind(enum.IntEnum, shape=unsigned(3)):
    """Content of a packet."""

    RESULT = 0
    FEATURES = 1
    EXEMPLAR = 2  # from the sampler
    LATENT = 3  # from the latent buffer
    ANSWER = 4  # class of a picture by prototypes
    HEAD_ANSWER = 5  # class of an exemplar by the head that learns
    HEAD_ROWS = 6  # its weights


def user_layout() -> StructLayout:
    """Return the layout of the side information of a word."""
    return StructLayout({"kind": Kind, "aborted": 1, "label": LABEL_WIDTH})


def answer_word_layout() -> StructLayout:
    """Return the layout of the word of an answer: the least cost, and the class that has it."""
    return StructLayout({"cost": ANSWER_WIDTH, "label": LABEL_WIDTH})


def head_word_layout() -> StructLayout:
    """Return the layout of the word of an answer of the head: the largest sum, and its class."""
    return StructLayout({"sum": signed(ANSWER_WIDTH), "label": LABEL_WIDTH})


def source_layout() -> StructLayout:
    """Return the layout of a word of a source.

    `last` ends a packet. With `more`, the source keeps its turn after the packet, because the
    packets of one request for several exemplars are interleaved.
    """
    return StructLayout({"data": 64, "label": LABEL_WIDTH, "last": 1, "more": 1})


def packet_layout() -> StructLayout:
    """Return the layout of a word of the output."""
    return StructLayout({"data": 64, "user": user_layout(), "last": 1})


class Output(wiring.Component):
    """Round-robin arbiter that merges complete packets of its sources.

    The search for the next packet begins after the source that had the last turn, and the first
    source that offers a word wins. The throughput is one word a cycle, also between packets. The
    latency is that of the output register. `abort` ends the current packet by a word marked
    `aborted`, so that the receiver never waits for the rest of a packet. A word that is offered
    already stays. Reset drops everything.

    Members
    -------
    result, features, exemplar, latent, answer, head_answer, head_rows : In
        Streams of `source_layout()`: packets, up to a `last` without `more`.
    abort : In(1)
        Take nothing in this cycle, and end the current packet.
    o : Out(stream.Signature(packet_layout()))
        Packets with their kind and label.
    """

    #: Cycles from a word of a source to the word that leaves.
    latency = 1
    #: Cycles from one word to the next.
    interval = 1

    def __init__(self) -> None:
        sources = {kind.name.lower(): In(stream.Signature(source_layout())) for kind in Kind}
        super().__init__({
            **sources,
            "abort": In(1),
            "o": Out(stream.Signature(packet_layout())),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        o = self.o
        sources = [getattr(self, kind.name.lower()) for kind in Kind]
        turn = Signal(Kind)  # source of the current packet, or of the last one
        inside = Signal()  # a packet has begun and has not ended
        cut = Signal()  # an aborted packet must still be ended
        chosen, free = Signal(Kind), Signal()
        valid, word = Signal(), Signal(source_layout())
        m.d.comb += [
            free.eq(~o.valid | o.ready),
            valid.eq(Array(source.valid for source in sources)[chosen]),
            word.eq(Array(source.payload.as_value() for source in sources)[chosen]),
            chosen.eq(turn),
        ]
        with m.If(~inside), m.Switch(turn):
            for kind in Kind:
                with m.Case(kind):
                    # The last assignment wins, so the next source in turn comes last.
                    for ahead in reversed(range(1, len(Kind))):
                        other = (kind + ahead) % len(Kind)
                        with m.If(sources[other].valid):
                            m.d.comb += chosen.eq(other)
        taken = Signal()
        m.d.comb += taken.eq(free & ~cut & ~self.abort)
        for kind, source in zip(Kind, sources, strict=True):
            m.d.comb += source.ready.eq(taken & (chosen == kind))

        with m.If(o.ready):
            m.d.sync += o.valid.eq(0)
        with m.If(taken & valid):
            m.d.sync += [
                o.valid.eq(1),
                o.payload.data.eq(word.data),
                o.payload.last.eq(word.last),
                o.payload.user.kind.eq(chosen),
                o.payload.user.label.eq(word.label),
                o.payload.user.aborted.eq(0),
                turn.eq(chosen),
                inside.eq(~word.last | word.more),
            ]
        with m.If(cut & free):
            m.d.sync += [
                o.valid.eq(1),
                o.payload.data.eq(0),
                o.payload.last.eq(1),
                o.payload.user.aborted.eq(1),
                cut.eq(0),
            ]
        with m.If(self.abort & inside):
            m.d.sync += [cut.eq(1), inside.eq(0)]
        return m
