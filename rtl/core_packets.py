# SPDX-License-Identifier: MIT
"""The ways out of the core: what its blocks give becomes packets."""

from collections.abc import Sequence
from typing import NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import stream
from amaranth.lib.data import StructLayout, View

from golden.params import ChipParams
from golden.params.chip import LABEL_WIDTH
from rtl.headers import picture_address_layout

__all__ = [
    "Taker", "ends", "picture_layout",
    "send_exemplars", "send_features", "send_result", "tell_more",
]  # fmt: skip


def picture_layout(params: ChipParams) -> StructLayout:
    """Return the layout of the settings of the current picture."""
    return StructLayout({
        "to": picture_address_layout(), "label": LABEL_WIDTH,
        "send_class": 1, "send_logits": 1, "send_features": 1, "send_answer": 1,
        "n_classes": range(params.accelerator.classes + 1),
    })  # fmt: skip


class Taker(NamedTuple):
    """Who may be given the features of a picture.

    Attributes
    ----------
    wanted, inside : Value
        Whether the picture says so, and whether one that does is inside.
    way : stream.Interface
        Where the beats go.
    label : Value
        What they name.
    """

    wanted: Value
    inside: Value
    way: stream.Interface
    label: Value


def ends(packets: stream.Interface) -> Value:
    """Return whether the last word of a packet passes."""
    return packets.valid & packets.ready & packets.payload.last


def send_result(
    m: Module, logits: stream.Interface, picture: View, result: stream.Interface
) -> None:
    """Send the logits of a picture, or only the last one, which carries the class.

    Parameters
    ----------
    m : Module
        What it becomes a part of.
    logits : stream.Interface
        Those of `rtl.network.Network`.
    picture : View
        Settings of the picture, as in `picture_layout`.
    result : stream.Interface
        Packets of `rtl.output.source_layout`.
    """
    send, logit = Signal(), Signal(signed(32))
    m.d.comb += [
        logit.eq(logits.payload.logit),
        send.eq(picture.send_class & (picture.send_logits | logits.payload.last)),
        result.valid.eq(logits.valid & send),
        logits.ready.eq(result.ready | ~send),
        result.payload.data.eq(Cat(logit, logits.payload.best)),
        result.payload.label.eq(logits.payload.best),
        result.payload.last.eq(logits.payload.last),
    ]


def send_features(
    m: Module,
    vectors: stream.Interface,
    picture: View,
    features: stream.Interface,
    takers: Sequence[Taker],
) -> None:
    """Send the features of a picture, give them to those who are to have them, or both.

    If a beat is both sent and given, it is sent only when everyone takes it. Otherwise a deadlock
    is possible: a packet of features waits for the latent buffer, and the buffer waits for one of
    its exemplars behind that packet. Whoever has taken the first beat takes all. A beat that has to
    wait for others is given once.

    Parameters
    ----------
    m : Module
        What it becomes a part of.
    vectors : stream.Interface
        Beats of `rtl.regroup.Regroup`.
    picture : View
        Settings of the picture, as in `picture_layout`.
    features : stream.Interface
        Packets of `rtl.output.source_layout`.
    takers : sequence of Taker
    """
    done_sending = ~picture.send_features | features.ready
    done_giving = Signal()
    done = []
    for number, (wanted, inside, way, label) in enumerate(takers):
        given = Signal(name=f"given_{number}")
        done.append(~wanted | given | way.ready)
        with m.If(inside & wanted):
            m.d.comb += [
                way.valid.eq(vectors.valid & ~given),
                way.payload.bits.eq(vectors.payload.bits),
                way.payload.label.eq(label),
                way.payload.last.eq(vectors.payload.last),
            ]
        with m.If(vectors.valid):
            m.d.sync += given.eq(~vectors.ready & (given | (way.valid & way.ready)))
    m.d.comb += [
        done_giving.eq(Cat(done).all()),
        features.valid.eq(vectors.valid & picture.send_features & done_giving),
        features.payload.data.eq(vectors.payload.bits),
        features.payload.label.eq(picture.label),
        features.payload.last.eq(vectors.payload.last),
        vectors.ready.eq(done_sending & done_giving),
    ]


def send_exemplars(m: Module, drawn: stream.Interface, packets: stream.Interface) -> None:
    """Send drawn exemplars.

    Parameters
    ----------
    m : Module
        What it becomes a part of.
    drawn : stream.Interface
        Beats of `rtl.beat.beat_layout`.
    packets : stream.Interface
        Packets of `rtl.output.source_layout`.
    """
    m.d.comb += [
        packets.valid.eq(drawn.valid),
        drawn.ready.eq(packets.ready),
        packets.payload.data.eq(drawn.payload.bits),
        packets.payload.label.eq(drawn.payload.label),
        packets.payload.last.eq(drawn.payload.last),
    ]


def tell_more(m: Module, packets: stream.Interface, draws: int) -> None:
    """Say which packets have more of their request behind them.

    All exemplars of a request end with its last `draws` beats.

    Parameters
    ----------
    m : Module
        What it becomes a part of.
    packets : stream.Interface
        Packets of exemplars.
    draws : int
        M, exemplars of a request.
    """
    ended = Signal(range(draws))
    final = ended == draws - 1
    m.d.comb += packets.payload.more.eq(~final)
    with m.If(ends(packets)):
        m.d.sync += ended.eq(Mux(final, 0, ended + 1))
